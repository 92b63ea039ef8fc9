"""One question for the bars of some symbols: page after page, to the end that the answer has.

Alpaca sorts by symbol and then by time. An answer may end early, and a page may come twice: what
an answer lacks at the ends of symbols is asked for once more, and of the same bars the last count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

import numpy as np

from blocks.providers.access import PAGE_ROWS, AlpacaAccess
from blocks.providers.alpaca.client import AlpacaClient
from blocks.providers.alpaca.failures import RefusedSymbol, another_shape
from blocks.providers.alpaca.frames import rows_of_page, whole_bars
from blocks.providers.alpaca.names import name_of
from blocks.providers.errors import BadAnswer, UnknownSymbol
from blocks.providers.fetched_bars import DAY_MINUTES, Spans, empty_rows, minutes_us
from blocks.providers.page_store import KeptPages, Page, PageStore
from trading.errors import OpenbellError
from trading.market.bars import BarRows, Integers, join_rows
from trading.market.calendar import from_microseconds

# Who has no bar for so long before the end is asked for again: hardly traded, or cut off.
QUIET_US = minutes_us(60)
# An answer that ends early is asked for its rest, but not for ever.
MOST_RESTS = 4
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Timeframe:
    """What Alpaca calls a length of bars, and that length in minutes."""

    name: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Came:
    """Rows as Alpaca gave them, numbered by the question's symbols, each with its time of fetch."""

    rows: BarRows
    fetched_us: Integers

    def bars(self, wanted: Spans, interval_minutes: int) -> Came:
        """Return the wanted bars that the rows make."""
        bars, place = whole_bars(self.rows, wanted, interval_minutes)
        return Came(bars, self.fetched_us[place])

    def newest(self, symbols: int) -> Integers:
        """Return by symbol the start of its newest row, -1 without one."""
        found = np.full(symbols, -1, dtype=np.int64)
        np.maximum.at(found, self.rows.symbol, self.rows.start_us)
        return found


class Question:
    """Asks for rows of symbols; `refused` says by symbol why Alpaca takes no question for it.

    `folders` are those of the pages that are kept.
    """

    def __init__(
        self,
        client: AlpacaClient,
        access: AlpacaAccess,
        symbols: Sequence[str],
        now_us: Callable[[], int],
    ) -> None:
        self.refused: dict[str, OpenbellError] = {}
        self.folders: list[Path] = []
        self._client = client
        self._access = access
        self._symbols = tuple(symbols)
        self._now_us = now_us

    def rows(self, wanted: Spans, timeframe: Timeframe) -> Came:
        """Return the rows inside the wanted bars, whose time may not be over yet."""
        return self._answer(self._names(), int(wanted.start_us[0]), wanted, timeframe, None)

    def settled_rows(self, wanted: Spans, timeframe: Timeframe, pages: PageStore | None) -> Came:
        """Return the rows inside wanted bars that will not change any more, to their real end."""
        begin_us = int(wanted.start_us[0])
        came = self._answer(self._names(), begin_us, wanted, timeframe, pages)
        for _ in range(MOST_RESTS):
            rest = [
                self._answer(names, since_us, wanted, timeframe, pages)
                for names, since_us in self._lagging(came, wanted)
            ]
            news = together(rest)
            before = len(came.rows)
            came = together([came, news])
            if not len(news.rows) or len(came.rows) == before:
                break
        return came

    def _names(self) -> list[str]:
        return [name_of(symbol) for symbol in self._symbols if symbol not in self.refused]

    def _lagging(self, came: Came, wanted: Spans) -> Iterator[tuple[list[str], int]]:
        """Yield the names that have nothing up to the end, and from when they are to be asked."""
        newest = came.newest(len(self._symbols))
        due_us = int(wanted.start_us[-1]) - QUIET_US
        mine = {name_of(symbol): int(newest[n]) for n, symbol in enumerate(self._symbols)}
        names = self._names()
        absent = [name for name in names if mine[name] < 0]
        cut = [name for name in names if 0 <= mine[name] < due_us]
        if absent:
            yield absent, int(wanted.start_us[0])
        if cut:
            yield cut, min(mine[name] for name in cut) + SECOND_US

    def _answer(
        self,
        names: list[str],
        since_us: int,
        wanted: Spans,
        timeframe: Timeframe,
        store: PageStore | None,
    ) -> Came:
        while names:
            try:
                pages = self._pages(names, since_us, wanted, timeframe, store)
            except RefusedSymbol as error:
                self._refuse(names, error)
                names = [name for name in names if name in self._names()]
            else:
                return self._numbered(pages, names)
        return Came(empty_rows(), np.zeros(0, dtype=np.int64))

    def _pages(
        self,
        names: list[str],
        since_us: int,
        wanted: Spans,
        timeframe: Timeframe,
        store: PageStore | None,
    ) -> list[Page]:
        question: dict[str, object] = {
            "symbols": ",".join(names),
            "timeframe": timeframe.name,
            "start": _text(since_us, timeframe),
            "end": _text(int(wanted.end_us[-1]) - SECOND_US, None),
            "limit": PAGE_ROWS,
            "adjustment": str(self._access.adjustment),
            "feed": str(self._access.feed),
            "sort": "asc",
        }
        kept = KeptPages(None) if store is None else store.of(question)
        if kept.folder is not None:
            self.folders.append(kept.folder)
        number = {name: place for place, name in enumerate(names)}
        is_daily = timeframe.minutes == DAY_MINUTES
        seen = {page.next_token for page in kept.pages[:-1]}
        token = kept.pages[-1].next_token if kept.pages else None
        while token is not None or not kept.pages:
            if token in seen:
                raise BadAnswer(
                    "alpaca's pages of bars go in a circle", "Ask again later: what came is kept"
                )
            seen.add(token)
            answer = self._client.bars(question, token)
            token = _next_token(answer)
            rows = rows_of_page(answer, number, wanted, are_daily=is_daily)
            kept.add(Page(rows, self._now_us(), token))
        return kept.pages

    def _refuse(self, names: list[str], error: RefusedSymbol) -> None:
        words = set(re.split(r"[\s,:;\"']+", error.said.upper()))
        unknown = [symbol for symbol in self._symbols if name_of(symbol) in words]
        unknown = [symbol for symbol in unknown if name_of(symbol) in names]
        if not unknown:
            raise error
        for symbol in unknown:
            self.refused[symbol] = UnknownSymbol(
                f"alpaca takes {symbol} for no symbol", "Check its spelling, such as AAPL or BRK.B"
            )

    def _numbered(self, pages: list[Page], names: list[str]) -> Came:
        place = {name_of(symbol): number for number, symbol in enumerate(self._symbols)}
        code = np.array([place[name] for name in names], dtype=np.int64)
        return together(
            [
                Came(
                    replace(page.rows, symbol=code[page.rows.symbol]),
                    np.full(len(page.rows), page.fetched_us, dtype=np.int64),
                )
                for page in pages
            ]
        )


def together(parts: Sequence[Came]) -> Came:
    """Return rows one after the other."""
    return Came(
        join_rows([part.rows for part in parts], None) if parts else empty_rows(),
        np.concatenate([np.zeros(0, dtype=np.int64), *(part.fetched_us for part in parts)]),
    )


def _next_token(answer: dict[str, object]) -> str | None:
    token = answer.get("next_page_token")
    if token is None or isinstance(token, str):
        return token or None
    raise another_shape("bars with the token of the next page")


def _text(us: int, timeframe: Timeframe | None) -> str:
    """Return a time as Alpaca reads it; daily bars bear the midnight before their session."""
    moment = from_microseconds(us).astimezone(UTC)
    if timeframe is not None and timeframe.minutes == DAY_MINUTES:
        moment = moment.replace(hour=0, minute=0, second=0)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
