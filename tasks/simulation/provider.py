"""The source of bars of a simulated session: late, silent, or without some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from tasks.simulation.clock import WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.prices import PricedBar
from tasks.simulation.story import Story
from trading.errors import SourceUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session, to_microseconds
from trading.session.ports import MarketData


class SimulatedProvider(MarketData):
    """Gives out the bars of walks, once they are over by the world's time."""

    name = "simulation"
    is_simulated = False

    def __init__(
        self, bars: Mapping[str, Sequence[PricedBar]], time: WorldTime, faults: Faults, story: Story
    ) -> None:
        self._bars = bars
        self._time = time
        self._faults = faults
        self._story = story

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return no past: the strategy needs none."""
        return None

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the rows that start in [start, end); raises SourceUnavailable."""
        if self._faults.strikes(Fault.OUTAGE):
            self._story.tell("source: no answer")
            raise SourceUnavailable("the simulated source does not answer", "It comes back")
        first, last = to_microseconds(start), to_microseconds(end)
        found: list[tuple[int, PricedBar]] = []
        for s, symbol in enumerate(symbols):
            due = [bar for bar in self._bars.get(symbol, ()) if first <= bar.start_us < last]
            if due and self._faults.strikes(Fault.MISSING):
                self._story.tell(f"source: no bar of {symbol}")
                continue
            found += [(s, bar) for bar in due]
        return BarRows(
            np.array([s for s, _ in found], dtype=np.int64),
            np.array([bar.start_us for _, bar in found], dtype=np.int64),
            np.array([bar.open for _, bar in found], dtype=np.float64),
            np.array([bar.high for _, bar in found], dtype=np.float64),
            np.array([bar.low for _, bar in found], dtype=np.float64),
            np.array([bar.close for _, bar in found], dtype=np.float64),
            np.array([bar.volume for _, bar in found], dtype=np.float64),
        )

    def newest_prices(
        self, symbols: Sequence[str], session: Session, now: datetime
    ) -> Mapping[str, float]:
        """Return the last price of each symbol by the world's time."""
        found = {}
        for symbol in symbols:
            ticks = [t for bar in self._bars.get(symbol, ()) for t in bar.ticks]
            past = [tick.price for tick in ticks if tick.us <= self._time.us]
            if past:
                found[symbol] = past[-1]
        return found
