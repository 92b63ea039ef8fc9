"""Bars of Alpaca by REST, page by page: years of history, and a live bar when the stream has none.

Rows outside sessions, which Alpaca sends too, are left out as they come. Bars that have just
ended are asked for by the minute, which shows whether their last minute is in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from blocks.providers.access import US_EXCHANGES, AlpacaAccess
from blocks.providers.alpaca.actions import Actions, CorporateActions
from blocks.providers.alpaca.client import AlpacaClient
from blocks.providers.alpaca.failures import RecentNotInPlan
from blocks.providers.alpaca.names import name_of
from blocks.providers.alpaca.question import Came, Question, Timeframe, together
from blocks.providers.errors import EmptyAnswer, NothingThere
from blocks.providers.fetched_bars import (
    DAY_MINUTES,
    FetchedBars,
    Spans,
    expected_bars,
    joined,
    minutes_us,
    no_bars,
    refuse_no_interval,
    rows_or_raise,
    sessions_before,
)
from blocks.providers.page_store import PageStore
from trading.errors import BadInput, OpenbellError
from trading.market.bars import BarRows
from trading.market.calendar import Session, from_microseconds, to_microseconds
from trading.session.ports import Clock

# By the length of a bar: what is asked for. Alpaca's hours begin on the hour, a session's do not.
TIMEFRAMES = {
    1: Timeframe("1Min", 1),
    5: Timeframe("5Min", 5),
    15: Timeframe("15Min", 15),
    30: Timeframe("30Min", 30),
    60: Timeframe("30Min", 30),
    DAY_MINUTES: Timeframe("1Day", DAY_MINUTES),
}
MOST_SYMBOLS = 200
# So long after its end a bar is what it will be, and every plan has it.
SETTLED = timedelta(minutes=20)
# A live bar whose last minute had no trade is whole when it has been over for so long.
LAG_US = 30_000_000
HISTORY_SESSIONS = 20


class AlpacaMarket:
    """MarketData and provider over alpaca-py.

    `acquire` is called before each request, `timeout_s` bounds it; `patience_s` is for how long
    one page may be tried for, and `limited_s` for how long where requests are too many. With
    `pages` what comes of the past is kept until it is stored.
    """

    def __init__(
        self,
        access: AlpacaAccess,
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        *,
        acquire: Callable[[], None] = lambda: None,
        pages: PageStore | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 6.0,
        limited_s: float | None = None,
        history_sessions: int = HISTORY_SESSIONS,
        wait: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        refuse_no_interval(interval_minutes, tuple(TIMEFRAMES), "alpaca")
        if exchange not in US_EXCHANGES:
            raise BadInput(
                f"alpaca has no bars of {exchange}", f"Use one of {', '.join(sorted(US_EXCHANGES))}"
            )
        self.name = access.source
        self.feeds = (access.source,)
        self._access = access
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._clock = clock
        self._pages = pages
        self._history_sessions = history_sessions
        self._client = AlpacaClient(
            access, clock.now, acquire=acquire, timeout_s=timeout_s, patience_s=patience_s,
            wait=wait, jitter=jitter, limited_s=limited_s,
        )  # fmt: skip
        self._actions = CorporateActions(self._client, exchange)

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of the sessions before, as many as `history_sessions` says."""
        found = sessions_before(self._exchange, before, self._history_sessions)
        if not found:
            return None
        rows = rows_or_raise(self.fetch(symbols, found[0].open, found[-1].close), self.name)
        return rows if len(rows) else None

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed bars that start in [start, end)."""
        now = self._clock.now()
        wanted = expected_bars(self._exchange, start, end, now, self._interval_minutes)
        if not len(wanted.start_us):
            return no_bars(symbols, {})
        groups = [
            tuple(symbols[begin : begin + MOST_SYMBOLS])
            for begin in range(0, len(symbols), MOST_SYMBOLS)
        ]
        pieces = [self._group(group, wanted, now) for group in groups]
        return joined(symbols, pieces, self._interval_minutes)

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return nothing: it is asked for bars, and an exit does not wait for its answer."""
        return {}

    def start(self) -> None:
        """Begin nothing: it is asked."""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __repr__(self) -> str:
        return f"AlpacaMarket({self.name}, keys=**********)"

    def _group(self, symbols: tuple[str, ...], wanted: Spans, now: datetime) -> FetchedBars:
        is_settled = wanted.end_us <= to_microseconds(now - SETTLED)
        settled, recent = wanted.take(is_settled), wanted.take(~is_settled)
        question = Question(self._client, self._access, symbols, self._now_us)
        parts: list[Came] = []
        notes: list[str] = []
        why: OpenbellError | None = None
        try:
            if len(settled.start_us):
                parts.append(self._settled(question, settled))
            if len(recent.start_us) and self._interval_minutes != DAY_MINUTES:
                parts.append(self._recent(question, recent))
        except OpenbellError as error:
            why = error
            if parts and isinstance(error, RecentNotInPlan):
                notes.append(f"{error.what}: bars of the last minutes are left out. {error.hint}")
        actions = Actions()
        if parts and len(settled.start_us):
            first = from_microseconds(int(settled.start_us[0])).date()
            actions = self._actions.of([name_of(symbol) for symbol in symbols], first, now.date())
        if actions.trouble is not None:
            notes.append(f"splits of these days are not known: {actions.trouble}")
        came = together(parts)
        silent = set(range(len(symbols))) - set(came.rows.symbol.tolist())
        failures = {
            symbol: question.refused.get(symbol)
            or why
            or self._nothing(symbol, wanted, actions, is_over=not len(recent.start_us))
            for symbol in (symbols[number] for number in sorted(silent))
        }
        return FetchedBars(
            symbols,
            replace(came.rows, interval_minutes=self._interval_minutes),
            (self.name,),
            np.zeros(len(came.rows), dtype=np.int64),
            came.fetched_us,
            failures,
            actions.splits_of({name_of(symbol): symbol for symbol in symbols}),
            tuple(notes),
            tuple(question.folders),
        )

    def _settled(self, question: Question, wanted: Spans) -> Came:
        timeframe = TIMEFRAMES[self._interval_minutes]
        came = question.settled_rows(wanted, timeframe, self._pages)
        return came.bars(wanted, self._interval_minutes)

    def _recent(self, question: Question, wanted: Spans) -> Came:
        """Return the bars of which Alpaca has seen the last minute, or would have seen it."""
        came = question.rows(wanted, TIMEFRAMES[1])
        bars = came.bars(wanted, self._interval_minutes)
        end_us = wanted.end_us[np.searchsorted(wanted.start_us, bars.rows.start_us)]
        newest_us = int(came.rows.start_us.max(initial=0))
        is_whole = (end_us <= newest_us + minutes_us(1)) | (end_us + LAG_US <= self._now_us())
        return Came(bars.rows.take(is_whole), bars.fetched_us[is_whole])

    def _nothing(
        self, symbol: str, wanted: Spans, actions: Actions, *, is_over: bool
    ) -> OpenbellError:
        first, last = (from_microseconds(int(wanted.start_us[at])) for at in (0, -1))
        if not is_over:
            return EmptyAnswer(
                f"{self.name} has no finished bar of {symbol} from {first:%Y-%m-%d %H:%M} UTC yet",
                "It is late, halted, or was not traded",
            )
        what = f"{self.name} has no bar of {symbol} from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        fate = actions.fates.get(name_of(symbol))
        if fate is not None:
            return NothingThere(f"{what}: {fate}", "Ask for its new name, or for earlier sessions")
        return NothingThere(what, "Check its spelling; it was not listed then, or not traded")

    def _now_us(self) -> int:
        return to_microseconds(self._clock.now())
