"""The simulated market as a source of bars for a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from blocks.markets.random_walk import sessions_to_warm_up, simulated_rows
from trading.market.bars import BarRows, closes_before
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session, to_microseconds
from trading.session.ports import MarketData


class SimulatedMarketData(MarketData):
    """Bars of the simulated market; every place that shows them says so."""

    is_simulated = True

    def __init__(
        self, symbols: Sequence[str], exchange: str, interval_minutes: int, seed: int
    ) -> None:
        self.name = f"SIMULATED market, seed {seed}"
        self.notes: tuple[str, ...] = (f"Bars are SIMULATED, seed {seed}",)
        self._symbols = tuple(symbols)
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._seed = seed
        self._session: Session | None = None
        self._rows: BarRows | None = None

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of as many sessions as a backtest takes to warm the indicators."""
        earlier = sessions_to_warm_up(self._exchange, before.date)
        return simulated_rows(self._symbols, earlier, self._interval_minutes, seed=self._seed)

    def newest_prices(
        self, symbols: Sequence[str], session: Session, now: datetime
    ) -> dict[str, float]:
        """Return the close of each symbol's last whole minute, USD."""
        minutes = simulated_rows(self._symbols, [session], 1, seed=self._seed)
        return closes_before(minutes, self._symbols, to_microseconds(now), MICROSECONDS_PER_MINUTE)

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the rows that start in [start, end)."""
        if self._session != session or self._rows is None:
            self._rows = simulated_rows(
                self._symbols, [session], self._interval_minutes, seed=self._seed
            )
            self._session = session
        inside = (self._rows.start_us >= to_microseconds(start)) & (
            self._rows.start_us < to_microseconds(end)
        )
        return self._rows.take(inside)
