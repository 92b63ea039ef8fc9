"""The choice of one window: the best set of sessions that end before those it is to trade."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from trading.backtest.performance import Summary
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.sweep.objective import Objective, worth_of
from trading.sweep.run_sets import run_sets
from trading.walk_forward.candidates import Candidates

_RUINED = "nothing is left of the capital"
_NO_TRADES = "no set traded in-sample"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The number of the best set, None with the reason in `why_idle` where there is none.

    `refused` says why sets could not be run, by their numbers.
    """

    number: int | None
    why_idle: str = ""
    refused: Mapping[int, str] = field(default_factory=dict)


class Choices(Protocol):
    """What was chosen before, of the same sets over the same bars."""

    def known(self, sessions: Sequence[Session], capital: float) -> Chosen | None:
        """Return what was chosen on some sessions with a capital, None where nothing was."""

    def keep(self, sessions: Sequence[Session], capital: float, chosen: Chosen) -> None:
        """Remember what was chosen."""


@dataclass(frozen=True)
class Chooser:
    """Chooses among the same sets by the same figure, window by window."""

    candidates: Sequence[Candidates]
    objective: Objective
    threads: int = 1
    cache_folder: Path | None = None
    choices: Choices | None = None

    def choose(
        self,
        sessions: Sequence[Session],
        capital: float,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Chosen, Summary | None]:
        """Return what is best in some sessions with a capital, and its figures there.

        Sets that make no trade are no choice, and of equal ones the lower number is taken.
        `progress(done)` counts the sets.
        """
        if not capital > 0:
            return Chosen(None, _RUINED), None
        known = None if self.choices is None else self.choices.known(sessions, capital)
        if known is not None:
            return known, self._figures_of(known.number, sessions, capital)
        chosen, figures = self._best_of(self._run(sessions, capital, progress))
        if self.choices is not None:
            self.choices.keep(sessions, capital, chosen)
        return chosen, figures

    def _best_of(
        self, outcomes: Iterator[tuple[int, Summary | BadInput]]
    ) -> tuple[Chosen, Summary | None]:
        best: Summary | None = None
        number, worth = -1, -math.inf
        refused: dict[int, str] = {}
        ran = trades = 0
        for each, outcome in outcomes:
            if isinstance(outcome, BadInput):
                refused[each] = str(outcome)
                continue
            ran += 1
            trades += outcome.trades
            found = worth_of(outcome, self.objective)
            if outcome.trades and found > -math.inf and (found, -each) > (worth, -number):
                best, number, worth = outcome, each, found
        refused = dict(sorted(refused.items()))
        if best is not None:
            return Chosen(number, "", refused), best
        why = f"no set has a {self.objective} in-sample" if trades else _NO_TRADES
        if not ran:
            why = f"no set could be run in-sample: {next(iter(refused.values()), '')}"
        return Chosen(None, why, refused), None

    def _run(
        self,
        sessions: Sequence[Session],
        capital: float,
        progress: Callable[[int], None] | None,
        only: int | None = None,
    ) -> Iterator[tuple[int, Summary | BadInput]]:
        before = 0
        for each in self.candidates:
            numbers = each.numbers if only is None else tuple({only} & set(each.numbers))
            if not numbers:
                continue
            found = run_sets(
                each.panel.until(each.place_of(sessions[-1]) + 1),
                [replace(each.plan_of(number), capital=capital) for number in numbers],
                first_traded=each.place_of(sessions[0]),
                threads=self.threads,
                cache_folder=self.cache_folder,
                progress=None if progress is None else _after(progress, before),
            )
            for place, outcome in found:
                yield numbers[place], outcome
            before += len(numbers)

    def _figures_of(
        self, number: int | None, sessions: Sequence[Session], capital: float
    ) -> Summary | None:
        if number is None:
            return None
        outcomes = dict(self._run(sessions, capital, None, only=number))
        outcome = outcomes[number]
        if isinstance(outcome, BadInput):
            raise outcome
        return outcome


def _after(progress: Callable[[int], None], before: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done)
