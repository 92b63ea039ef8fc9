"""Providers in order of preference: each symbol is served by the first one that has its bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from blocks.fetched_bars import FetchedBars, Provider, joined, no_bars, rows_or_raise
from trading.bars import BarRows
from trading.calendar import Session
from trading.errors import OpenbellError
from trading.ports import MarketData


class Source(Provider, MarketData, Protocol):
    """A provider that is market data as well: Yahoo, Finnhub, its stream, or another chain."""


class ProviderChain:
    """MarketData and provider over several. A symbol that none serves is absent, with a reason.

    `served` says for the last call which provider gave a symbol's bars, `reasons` why a symbol
    has none. `keep` is given everything that was fetched, such as `BarArchive.upsert`.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        interval_minutes: int,
        keep: Callable[[FetchedBars], object] | None = None,
    ) -> None:
        self.name = " > ".join(source.name for source in sources)
        self.served: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self._sources = tuple(sources)
        self._interval_minutes = interval_minutes
        self._keep = keep

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of earlier sessions from the first source that has any.

        Raises SourceUnavailable when those that should have some do not answer.
        """
        failure: OpenbellError | None = None
        for source in self._sources:
            try:
                rows = source.history(symbols, before)
            except OpenbellError as error:
                failure = error
                continue
            if rows is not None and len(rows):
                return rows
        if failure is not None:
            raise failure
        return None

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the closed rows that start in [start, end).

        Raises SourceUnavailable when no source has a bar of any symbol.
        """
        return rows_or_raise(self.fetch(symbols, start, end), self.name)

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed bars that start in [start, end), each with who gave it."""
        pieces: list[FetchedBars] = []
        reasons: dict[str, list[str]] = {symbol: [] for symbol in symbols}
        failures: dict[str, OpenbellError] = {}
        left = list(symbols)
        for source in self._sources:
            if not left:
                break
            found = self._ask(source, left, start, end)
            present = found.present
            for symbol, why in found.reasons.items():
                reasons[symbol].append(f"{source.name}: {why}")
                if symbol in found.failures:
                    failures.setdefault(symbol, found.failures[symbol])
            pieces.append(found.of([symbol for symbol in left if symbol in present]))
            left = [symbol for symbol in left if symbol not in present]
        fetched = joined(symbols, pieces, self._interval_minutes)
        self.served = {
            fetched.symbols[code]: fetched.sources[source]
            for code, source in zip(fetched.rows.symbol, fetched.source, strict=True)
        }
        self.reasons = {symbol: "; ".join(reasons[symbol]) for symbol in left}
        if self._keep is not None and len(fetched.rows):
            self._keep(fetched)
        return fetched.failing({symbol: failures[symbol] for symbol in left if symbol in failures})

    def start(self) -> None:
        """Start the sources that listen rather than ask."""
        for source in self._sources:
            start = getattr(source, "start", None)
            if start is not None:
                start()

    def close(self) -> None:
        """Let go of every source."""
        for source in self._sources:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    @staticmethod
    def _ask(source: Source, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        try:
            return source.fetch(symbols, start, end)
        except OpenbellError as error:
            return no_bars(symbols, dict.fromkeys(symbols, error))
