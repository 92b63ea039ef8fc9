"""What a strategy tells the reference engine: an entry that it wants, or why it wants none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.oracle.reference.bars import Bar, tick_down, tick_up

if TYPE_CHECKING:
    from tests.oracle.reference.engine import ReferenceEngine


@dataclass(frozen=True)
class Wanted:
    """An entry on a side; a `stop` waits for a level, a `limit` for price to come back there.

    `target` is what the target counts in (`usd`, `fraction` or `r`) and how many, None for none.
    """

    sign: int
    stop: float
    target: tuple[str, float] | None
    order: str = "market"
    level: float | None = None
    lifetime_bars: int = 0

    def waits_above(self) -> bool:
        """Return whether price has to rise to the level."""
        return (self.order == "stop") == (self.sign > 0)

    def is_reached(self, price: float) -> bool:
        """Return whether a price is at the level or beyond it."""
        assert self.level is not None
        return price >= self.level if self.waits_above() else price <= self.level

    def target_of(self, fill: float, tick: float) -> float | None:
        """Return the target of a fill, rounded to the tick towards the position."""
        if self.target is None:
            return None
        counts_in, number = self.target
        if counts_in == "fraction":
            level = fill * (1 + self.sign * number)
        elif counts_in == "r":
            level = fill + self.sign * (number * abs(fill - self.stop))
        else:
            level = fill + self.sign * number
        return tick_down(level, tick) if self.sign > 0 else tick_up(level, tick)


class Strategy(Protocol):
    """Who decides for the reference engine."""

    def first_decision(self, engine: ReferenceEngine) -> int:
        """Return the first bar of a session at which it decides."""

    def wanted(self, engine: ReferenceEngine, symbol: str, k: int, bar: Bar) -> Wanted | str:
        """Return an entry or the reason why there is none, at the close of a bar."""

    def leaves(self, engine: ReferenceEngine, symbol: str, bar: Bar, sign: int) -> bool:
        """Return whether a position on this side is to be left at the close of a bar."""
