"""Providers in order of preference: each symbol is served by the first one that has its bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from blocks.providers.errors import Unauthorized
from blocks.providers.fetched_bars import (
    FetchedBars,
    PieceSize,
    Provider,
    joined,
    minutes_us,
    no_bars,
    rows_or_raise,
)
from trading.errors import OpenbellError, StoreUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session, to_microseconds


class Source(Provider, Protocol):
    """A provider that knows the past and may listen: Yahoo, Finnhub, its stream, another chain."""

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of earlier sessions, oldest first; None where it has none."""
        ...

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return the newest prices by symbol, USD, that it knows without asking anybody."""
        ...

    def start(self) -> None:
        """Begin to listen, where the provider listens rather than asks."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class ProviderChain:
    """MarketData and provider over several. A symbol that none serves is absent, with a reason.

    `feed_of` says for the last call which feed gave a symbol's bars, `late` of which symbols a bar
    came before it was over, `reasons` why a symbol has none. `keep` is given everything that
    was fetched, such as `BarArchive.upsert`; what it cannot take now is offered again with the
    next bars. `troubles` says by part what a person has to mend although bars may come all the
    same: a refused key, a damaged archive.
    """

    # Whichever providers there are, their bars are of the same market.
    family = "providers"
    is_simulated = False
    is_compared_with_daily = False

    def __init__(
        self,
        sources: Sequence[Source],
        interval_minutes: int,
        keep: Callable[[FetchedBars], object] | None = None,
        piece: PieceSize | None = None,
    ) -> None:
        self.piece = piece or PieceSize()
        self.feeds = tuple(source.name for source in sources)
        self.name = " > ".join(self.feeds)
        self.feed_of: dict[str, str] = {}
        self.late: frozenset[str] = frozenset()
        self.reasons: dict[str, str] = {}
        self.troubles: dict[str, str] = {}
        self._unkept: list[FetchedBars] = []
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
        fetched = self.fetch(symbols, start, end)
        over_us = np.minimum(
            fetched.rows.start_us + minutes_us(self._interval_minutes), to_microseconds(end)
        )
        is_early = fetched.fetched_us < over_us
        self.late = frozenset(symbols[s] for s in np.unique(fetched.rows.symbol[is_early]))
        return rows_or_raise(fetched, self.name)

    def newest_prices(
        self, symbols: Sequence[str], session: Session, now: datetime
    ) -> dict[str, float]:
        """Return the newest price of each symbol that any source knows, USD."""
        found: dict[str, float] = {}
        for source in reversed(self._sources):
            found |= source.newest_prices(session)
        return {symbol: price for symbol, price in found.items() if symbol in symbols}

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
            self._note_refusal(source.name, found)
            present = found.present
            for symbol, why in found.reasons.items():
                reasons[symbol].append(f"{source.name}: {why}")
                if symbol in found.failures:
                    failures.setdefault(symbol, found.failures[symbol])
            pieces.append(found.of([symbol for symbol in left if symbol in present]))
            left = [symbol for symbol in left if symbol not in present]
        fetched = joined(symbols, pieces, self._interval_minutes)
        # Of a symbol's rows the last counts.
        last = dict(zip(fetched.rows.symbol.tolist(), fetched.source.tolist(), strict=True))
        self.feed_of = {
            fetched.symbols[code]: fetched.sources[source] for code, source in last.items()
        }
        self.reasons = {symbol: "; ".join(reasons[symbol]) for symbol in left}
        if self._keep is not None and len(fetched.rows):
            self._unkept.append(fetched)
            self._keep_all(self._keep)
        return fetched.failing({symbol: failures[symbol] for symbol in left if symbol in failures})

    def start(self) -> None:
        """Start the sources that listen rather than ask."""
        for source in self._sources:
            source.start()

    def close(self) -> None:
        """Let go of every source."""
        for source in self._sources:
            source.close()

    def _keep_all(self, keep: Callable[[FetchedBars], object]) -> None:
        """Keep what waits; a store that fails never costs the bars that are traded on."""
        try:
            while self._unkept:
                keep(self._unkept[0])
                del self._unkept[0]
        except StoreUnavailable as error:
            self.troubles["archive"] = f"fetched bars are not stored: {error}"
        else:
            self.troubles.pop("archive", None)

    def _note_refusal(self, name: str, found: FetchedBars) -> None:
        refusals = [error for error in found.failures.values() if isinstance(error, Unauthorized)]
        if refusals:
            self.troubles[name] = str(refusals[0])
        elif found.present:
            self.troubles.pop(name, None)

    @staticmethod
    def _ask(source: Source, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        try:
            return source.fetch(symbols, start, end)
        except OpenbellError as error:
            return no_bars(symbols, dict.fromkeys(symbols, error))
