"""The sets of a sweep as what was tried: those that can be judged, each once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats

_SETS_AT_A_TIME = 500
_LEAST_SQUARES = 1e-200


@dataclass(frozen=True, slots=True)
class Tries:
    """The returns that differ, (sessions, sets), and the column of the best among them.

    `best` is None where the best cannot be judged. Left out are `idle` sets, whose return is the
    same in every session, and `ruined` ones, whose account lost all it had: from there on returns
    mean nothing. Sets with equal returns are one try: to choose among them is no choice.
    """

    returns: Floats
    best: int | None
    tried: int
    earning: int
    idle: int
    ruined: int

    @property
    def distinct(self) -> int:
        """Return how many sets are left."""
        return int(self.returns.shape[1])


def tries_of(returns: Floats, best: int) -> Tries:
    """Part the returns of a sweep, (sessions, sets), of which `best` is the column of the best."""
    tried = returns.shape[1]
    columns: dict[bytes, int] = {}
    kept: list[int] = []
    best_column = None
    earning = idle = ruined = 0
    for begin in range(0, tried, _SETS_AT_A_TIME):
        # Zeros of both signs are the same return.
        part = np.ascontiguousarray(returns[:, begin : begin + _SETS_AT_A_TIME].T) + 0.0
        with np.errstate(all="ignore"):
            sound = (np.isfinite(part) & (part > -1)).all(axis=1)
            # Of returns that are all the same a deviation need not be exactly nothing.
            moving = sound & (np.square(part - part[:, :1]).sum(axis=1) > _LEAST_SQUARES)
        earning += int(np.count_nonzero(np.log1p(part[sound]).sum(axis=1) > 0))
        ruined += int(np.count_nonzero(~sound))
        idle += int(np.count_nonzero(sound & ~moving))
        for place in np.flatnonzero(moving).tolist():
            column = columns.setdefault(_digest(part[place]), len(kept))
            if column == len(kept):
                kept.append(begin + place)
            if begin + place == best:
                best_column = column
    return Tries(
        returns=returns if len(kept) == tried else returns[:, kept],
        best=best_column,
        tried=tried,
        earning=earning,
        idle=idle,
        ruined=ruined,
    )


def effective_count(returns: Floats) -> float:
    """Return to how many uncorrelated sets these come: (sum of l)^2 / sum of l^2.

    The l are the eigenvalues of the sets' correlations (the participation ratio). Never more than
    there are sets or sessions.
    """
    sessions, sets = returns.shape
    if sets <= sessions:
        standard = _standardised(returns)
        product = standard.T @ standard
    else:
        # The eigenvalues are those of the smaller product too.
        product = np.zeros((sessions, sessions))
        for begin in range(0, sets, _SETS_AT_A_TIME):
            standard = _standardised(returns[:, begin : begin + _SETS_AT_A_TIME])
            product += standard @ standard.T
    return float((sets * sessions) ** 2 / np.square(product).sum())


def _standardised(returns: Floats) -> Floats:
    standard: Floats = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    return standard


def _digest(returns: Floats) -> bytes:
    return hashlib.blake2b(returns.tobytes(), digest_size=16).digest()
