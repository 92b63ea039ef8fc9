"""What a row of the scenario tables says, and how it becomes a case for the engines.

A day has seven bars of 60 minutes (the last is 30 minutes long); the opening range is bar 0,
the last bar that may decide to enter is 4, the flatten bar is 5. A day that is written shorter
goes on flat at its last close; None is a missing bar. A bar is (open, high, low, close) or has
a volume as its fifth element; volume is a million where none is written.

Expected values are short texts. A bar is written `2`, or `1/2` for bar 2 of the day after the
first; the symbol is AAA where none is written. A scenario may have shorter bars than an hour.
    fill      `2 entry +19 102`          bar, leg, signed quantity, price
    trade     `long 19 102 > 99 stop -57`  side, quantity, entry, exit, reason, pnl
    decision  `1 enter_long`             bar, reason
    number    `0 level 101`              bar, name, value; `none` where there must be none
    equity    `2 9943`                   bar, equity at its close
Fills and trades are complete lists; decisions, numbers and equity are the ones that matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.oracle.random_markets import Case
from tests.oracle.reference.bars import MINUTE, DailyRow, Row, SessionTimes, calendar_sessions

Bar = tuple[float, ...]
Day = dict[str, list[Bar | None]]

INTERVAL_MINUTES = 60
VOLUME = 1_000_000.0
GATE_OFF: dict[str, float | bool] = {
    "gate_spike": 0.0,
    "gate_jump": 0.0,
    "gate_gap": 0.0,
    "gate_stale": 0,
    "gate_zero_volume": False,
}
PLAIN = {
    "range_minutes": 60,
    "slippage_bps": 0.0,
    "max_participation": 0.0,
    "target": "none",
    "min_body": -1.0,
    # Prices are as far apart as a hand likes to reckon; scenarios of the gate turn it on.
    **GATE_OFF,
}

# With these the range is 99 to 101. UP is bought at the next open: a fifth of 10,000 USD at 102
# is 19 shares, stop 99. DOWN is sold short: 20 shares at 98, stop 101.
RANGE: Bar = (100, 101, 99, 100)
UP: Bar = (100, 102, 100, 102)
DOWN: Bar = (100, 100, 98, 98)


@dataclass(frozen=True)
class Scenario:
    """One sentence of the rules, bars that put it to the test, and what must come out."""

    name: str
    bars: list[Bar | None] | Day | list[Day]
    settings: dict[str, Any] = field(default_factory=dict)
    fills: tuple[str, ...] | None = None
    trades: tuple[str, ...] | None = None
    why: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    equity: tuple[str, ...] = ()
    capital: float = 10_000.0
    first_traded: int = 0
    interval: int = INTERVAL_MINUTES
    daily: tuple[DailyRow, ...] | None = None

    def case(self) -> Case:
        """Return the scenario as the engines take it."""
        days = self.bars if isinstance(self.bars, list) else [self.bars]
        if not days or not isinstance(days[0], dict):
            days = [{"AAA": days}]  # type: ignore[dict-item]
        sessions = june_sessions()[: len(days)]
        symbols = tuple(days[-1])  # type: ignore[arg-type]
        rows: list[Row] = []
        step = self.interval * MINUTE
        for day, (_, opened, closed) in zip(days, sessions, strict=True):
            for symbol, bars in day.items():  # type: ignore[union-attr]
                for k, bar in enumerate(whole_day(bars, -((opened - closed) // step))):
                    if bar is not None:
                        volume = bar[4] if len(bar) > 4 else VOLUME
                        start = opened + k * step
                        o, h, low, c = (float(price) for price in bar[:4])
                        rows.append((symbol, start, o, h, low, c, float(volume)))
        return Case(
            0,
            "NYSE",
            sessions,
            self.interval,
            symbols,
            self.capital,
            self.first_traded,
            {**PLAIN, "range_minutes": self.interval, **self.settings},
            tuple(rows),
            self.daily,
        )


@dataclass(frozen=True)
class LoadingScenario:
    """Rows as a source gives them, and the bars they must become.

    A row is (minutes after the open, open, high, low, close, volume); a bar of the panel is
    (open, high, low, close, volume), None where it is missing.
    """

    name: str
    rows: list[tuple[float, ...]]
    bars: dict[int, tuple[float, ...] | None]
    defects: dict[str, int] = field(default_factory=dict)
    interval: int = 60
    half_day: bool = False

    def case(self) -> Case:
        """Return the scenario as the engines take it."""
        session = half_day_session() if self.half_day else june_sessions()[0]
        rows = tuple(
            ("AAA", session[1] + round(minute * MINUTE), *(float(value) for value in values))
            for minute, *values in self.rows
        )
        settings = {**PLAIN, "range_minutes": self.interval}
        return Case(
            0,
            "NYSE",
            (session,),
            self.interval,
            ("AAA",),
            1e4,
            0,
            settings,
            rows,  # type: ignore[arg-type]
        )


def whole_day(bars: list[Bar | None], count: int) -> list[Bar | None]:
    """Return the bars of a day, going on flat at the last close where they end early."""
    last = [bar for bar in bars if bar is not None][-1][3] if any(bars) else 100.0
    return [*bars, *[(last, last, last, last)] * (count - len(bars))]


def june_sessions() -> tuple[SessionTimes, ...]:
    """Return twenty plain sessions of New York."""
    return calendar_sessions("NYSE", date(2025, 6, 4), date(2025, 7, 2))


def half_day_session() -> SessionTimes:
    """Return a session that closes 210 minutes after its open."""
    return calendar_sessions("NYSE", date(2025, 7, 3), date(2025, 7, 3))[0]
