"""A day of bars, given to the broker's model when its clock comes to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tasks.simulation.alpaca_model.fill_models import MarketBar
from tasks.simulation.alpaca_model.model import AlpacaModel
from trading.market.bars import Prices
from trading.market.calendar import Session

OPEN_AT = 0.4
CLOSE_AT = 0.8


@dataclass(frozen=True, slots=True)
class BarSteps:
    """When in a bar it fills, as parts of its length: what waits for the open, then the rest.

    An order that is made at the close of the bar before has until `open_at` to arrive, and a
    client that looks at the bar's close finds what the bar filled.
    """

    open_at: float = OPEN_AT
    close_at: float = CLOSE_AT


class _Step(NamedTuple):
    at: datetime
    is_close: bool
    symbol: str
    bar: MarketBar


class BarMarket:
    """Feeds the bars of sessions in their order, arrays of (bars, symbols), step by step."""

    def __init__(
        self,
        model: AlpacaModel,
        sessions: Sequence[Session],
        symbols: Sequence[str],
        prices: Prices,
        interval_minutes: int,
        steps: BarSteps,
    ) -> None:
        self._model = model
        self._steps = _steps_of(sessions, symbols, prices, interval_minutes, steps)
        self._done = 0

    def catch_up(self, now: datetime) -> bool:
        """Let the market come to a moment; return whether anything traded."""
        began = self._done
        while self._done < len(self._steps) and self._steps[self._done].at <= now:
            at, is_close, symbol, bar = self._steps[self._done]
            take = self._model.close_bar if is_close else self._model.open_bar
            take(symbol, bar, at)
            self._done += 1
        self._model.advance(now)
        return self._done > began

    @property
    def next_at(self) -> datetime | None:
        """Return when something trades next, None after the last bar."""
        return self._steps[self._done].at if self._done < len(self._steps) else None


def _steps_of(
    sessions: Sequence[Session],
    symbols: Sequence[str],
    prices: Prices,
    interval_minutes: int,
    steps: BarSteps,
) -> list[_Step]:
    found: list[_Step] = []
    bars = (
        (session, bar) for session in sessions for bar in range(session.bar_count(interval_minutes))
    )
    for row, (session, bar) in enumerate(bars):
        start = session.bar_start(bar, interval_minutes)
        length = session.bar_end(bar, interval_minutes) - start
        for s, symbol in enumerate(symbols):
            market_bar = MarketBar(*(float(column[row, s]) for column in prices))
            if not math.isnan(market_bar.close):
                opens, closes = start + length * steps.open_at, start + length * steps.close_at
                found.append(_Step(opens, False, symbol, market_bar))
                found.append(_Step(closes, True, symbol, market_bar))
    # Of equal moments the symbols keep their order.
    return sorted(found, key=lambda step: (step.at, step.is_close))
