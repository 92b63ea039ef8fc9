"""The sets of a sweep as what was tried: those that can be judged, each once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats


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
    sessions, tried = returns.shape
    with np.errstate(invalid="ignore"):
        sound = (np.isfinite(returns) & (returns > -1)).all(axis=0)
        moving = (returns != returns[:1]).any(axis=0) if sessions else np.zeros(tried, dtype=bool)
    columns: dict[bytes, int] = {}
    kept: list[int] = []
    best_column = None
    # Zeros of both signs are the same return.
    by_set = np.ascontiguousarray(returns.T) + 0.0
    for place in np.flatnonzero(sound & moving).tolist():
        column = columns.setdefault(by_set[place].tobytes(), len(kept))
        if column == len(kept):
            kept.append(place)
        if place == best:
            best_column = column
    earning = np.log1p(returns[:, sound]).sum(axis=0) > 0
    return Tries(
        returns=np.ascontiguousarray(returns[:, kept]),
        best=best_column,
        tried=tried,
        earning=int(np.count_nonzero(earning)),
        idle=int(np.count_nonzero(sound & ~moving)),
        ruined=int(np.count_nonzero(~sound)),
    )


def effective_count(returns: Floats) -> float:
    """Return to how many uncorrelated sets these come: (sum of l)^2 / sum of l^2.

    The l are the eigenvalues of the sets' correlations (the participation ratio). Never more than
    there are sets or sessions.
    """
    sets = returns.shape[1]
    standard = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    # The eigenvalues are those of the smaller of both products.
    product = standard @ standard.T if len(returns) < sets else standard.T @ standard
    return float((sets * len(returns)) ** 2 / np.square(product).sum())
