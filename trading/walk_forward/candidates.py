"""The sets of a walk-forward test on their bars, and the sessions in which all of them trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from trading.errors import BadInput
from trading.indicators.memory import sessions_read
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan


@dataclass(frozen=True)
class Candidates:
    """Plans that trade the same bars: `plans[i]` is that of the set `numbers[i]`.

    Sessions before `first_traded` only warm the indicators.
    """

    panel: Panel
    first_traded: int
    numbers: tuple[int, ...]
    plans: tuple[RunPlan, ...]

    @cached_property
    def memory(self) -> int:
        """Return how many sessions are enough for all values that any of the plans reads."""
        bars = np.diff(self.panel.grid.first_row)
        read = {each for plan in self.plans for each in plan.read_indicators()}
        return sessions_read(read, self.panel.grid.interval_minutes, bars)

    def plan_of(self, number: int) -> RunPlan:
        """Return the plan of a set."""
        return self._plans[number]

    @cached_property
    def _plans(self) -> dict[int, RunPlan]:
        return dict(zip(self.numbers, self.plans, strict=True))

    def place_of(self, session: Session) -> int:
        """Return the place of a session in the grid."""
        return self._places[session.date]

    @cached_property
    def _places(self) -> dict[date, int]:
        return {each.date: place for place, each in enumerate(self.panel.grid.sessions)}


def memory_of(candidates: Sequence[Candidates]) -> int:
    """Return how many sessions are enough for all values that any set reads."""
    return max(each.memory for each in candidates)


def sessions_of_all(candidates: Sequence[Candidates]) -> tuple[tuple[Session, ...], int]:
    """Return the sessions that all sets trade with all their values, and how many are left out.

    A session with too few before it, where bars begin, is traded by some sets and by others not:
    no choice is fair there. Raises BadInput where no session is left.
    """
    traded = [each.panel.grid.sessions[each.first_traded :] for each in candidates]
    warm = [each.panel.grid.sessions[each.memory :] for each in candidates]
    if not all(traded):
        return (), 0
    begin, end = max(each[0] for each in traded), min(each[-1] for each in traded)
    if not all(warm) or max(each[0] for each in warm) > end:
        raise BadInput(
            f"there are {max(map(len, traded))} sessions, and the indicators have their first"
            f" values after {memory_of(candidates)}",
            "Give more bars, or sets that look back less far",
        )
    first = max(begin, *(each[0] for each in warm))
    of_all = tuple(each for each in traded[0] if begin <= each <= end)
    fair = tuple(each for each in of_all if each >= first)
    return fair, len(of_all) - len(fair)
