"""The time-major panel of bars that the engine reads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from trading.market.bars import NUMBERS, Floats, Prices
from trading.market.calendar import Grid
from trading.market.daily_bars import DailyBars


@dataclass(frozen=True, slots=True)
class Defects:
    """What was found wrong with the rows while they were loaded, as counts.

    `missing` counts the bars of the grid that no valid row covers.
    """

    rows: int = 0
    outside_session: int = 0
    duplicate: int = 0
    invalid: int = 0
    zero_volume: int = 0
    missing: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {field.name: int(getattr(self, field.name)) for field in fields(self)}

    @property
    def invalid_in_words(self) -> str:
        """Return how many rows are no valid bars, and what makes them so."""
        return (
            f"{self.invalid} of {self.rows} rows have prices that are not positive numbers, a high"
            " below the low, or a volume that is none"
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on the grid, arrays of (bars, symbols), NaN where a bar is missing.

    `daily` are a user's own daily bars, None where they are made of these. `has_zero_volume` is
    False where loading saw that no bar has a volume of 0, so that nobody looks again: who gives a
    panel other volumes says True.
    """

    grid: Grid
    symbols: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    defects: Defects
    daily: DailyBars | None = None
    has_zero_volume: bool = True

    @property
    def prices(self) -> Prices:
        """Return the five arrays as one."""
        return Prices(self.open, self.high, self.low, self.close, self.volume)

    def until(self, end: int) -> Panel:
        """Return the bars of the first `end` sessions, at least one, as views.

        Of daily bars it has those before the last session. The defects stay those of all.
        """
        grid = self.grid.until(end)
        kept = {name: getattr(self, name)[: grid.rows] for name in NUMBERS}
        daily = None if self.daily is None else self.daily.before(grid.sessions[-1].date)
        return replace(self, grid=grid, daily=daily, **kept)
