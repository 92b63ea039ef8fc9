"""Providers by name, each within its rate limit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blocks.providers.access import (
    PROVIDERS,
    US_EXCHANGES,
    AlpacaAccess,
    ProviderAccess,
    alpaca_rows_a_day,
)
from blocks.providers.chain import ProviderChain, Source
from blocks.providers.fetched_bars import DAY_MINUTES, FetchedBars, PieceSize
from blocks.providers.finnhub.rest import FinnhubMarket
from blocks.providers.finnhub.stream import FinnhubStream
from blocks.providers.page_store import PageStore
from blocks.providers.rate_limit import Bucket, bucket_for
from blocks.providers.timely_source import TimelySource
from blocks.providers.yahoo.market import YahooMarket
from trading.errors import BadInput
from trading.session.ports import Clock

CHAIN = "chain"
# Requests a second and at once: Finnhub's 60 a minute of a free key.
FINNHUB_RATE = (1.0, 10)
# Of Alpaca's requests of a minute so many may come at once: together with those that come back
# within a minute they are the minute's.
ALPACA_AT_ONCE = 0.1
# Rows of one question to Alpaca, which are held in memory until they are stored.
ALPACA_PIECE_ROWS = 500_000
MOST_SYMBOLS = 200
# Of one-minute bars Yahoo gives a week at once.
SESSIONS_AT_ONCE = {1: 4}
# A fetch of years waits for a page as long as a person would; a bar does not.
PATIENCE_SECONDS = 60.0
# Others may use up the same keys' requests, minute after minute, and nobody has to look into it.
LIMITED_SECONDS = 900.0


def make_provider(
    name: str,
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    access: ProviderAccess,
    keep: Callable[[FetchedBars], object] | None = None,
) -> ProviderChain:
    """Return a provider, as a chain even where it is one alone; `keep` gets all that it fetches.

    It is in no hurry: for a fetch of years. Raises BadInput for a name that is none, and for a
    provider without what it needs.
    """
    if name not in (*PROVIDERS, CHAIN):
        raise BadInput(f"{name!r} is no provider", f"Use one of {', '.join((*PROVIDERS, CHAIN))}")
    parts = _Parts(exchange, interval_minutes, clock, data_dir, access)
    names = parts.usable() if name == CHAIN else (parts.demanded(name),)
    sources = [parts.source(each, is_patient=True) for each in names]
    return ProviderChain(sources, interval_minutes, keep, parts.piece(names[0]))


def make_live_provider(
    symbols: Sequence[str],
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    access: ProviderAccess,
    keep: Callable[[FetchedBars], object] | None = None,
) -> ProviderChain:
    """Return what a live session reads: the providers in their order, streams before the asked.

    Finnhub's trade stream, where there is a key, goes before Yahoo and Finnhub, Alpaca's before
    the REST of the same feed. Streams run between the chain's `start` and `close`.
    """
    parts = _Parts(exchange, interval_minutes, clock, data_dir, access)
    sources: list[Source] = []
    stream = access.finnhub_key if "finnhub" in access.order else None
    for name in parts.usable():
        if name != "alpaca" and stream is not None:
            sources.append(FinnhubStream(stream, symbols, exchange, interval_minutes, clock))
            stream = None
        if name == "alpaca":
            sources.append(parts.alpaca_stream(symbols))
        sources.append(parts.source(name, is_patient=False))
    return ProviderChain([TimelySource(source) for source in sources], interval_minutes, keep)


class _Parts:
    def __init__(
        self,
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        data_dir: Path,
        access: ProviderAccess,
    ) -> None:
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._clock = clock
        self._data_dir = data_dir
        self._access = access

    def usable(self) -> tuple[str, ...]:
        """Return the names of those that have what they need, in their order."""
        lacks = {name: self._lack(name) for name in self._access.order}
        found = tuple(name for name, lack in lacks.items() if lack is None)
        if not found:
            each = [lack for lack in lacks.values() if lack is not None]
            raise BadInput(
                f"none of {', '.join(lacks)} can be asked: {'; '.join(lack.what for lack in each)}",
                "; or: ".join([*(lack.hint for lack in each), "Name yahoo in PROVIDERS too"]),
            )
        return found

    def demanded(self, name: str) -> str:
        """Return a name; raises BadInput when it lacks something."""
        lack = self._lack(name)
        if lack is not None:
            raise lack
        return name

    def piece(self, name: str) -> PieceSize:
        """Return how much is asked for at once where this one is asked first."""
        if name != "alpaca" or self._access.alpaca is None:
            return PieceSize(sessions=SESSIONS_AT_ONCE.get(self._interval_minutes, 20))
        period, days = ("%Y", 252) if self._interval_minutes == DAY_MINUTES else ("%Y-%m", 21)
        rows = alpaca_rows_a_day(self._interval_minutes) * days
        return PieceSize(
            max(1, min(MOST_SYMBOLS, ALPACA_PIECE_ROWS // rows)),
            period=period,
            remembered_as=self._access.alpaca.source,
        )

    def source(self, name: str, *, is_patient: bool) -> Source:
        """Return the provider that is asked."""
        exchange, minutes, clock = self._exchange, self._interval_minutes, self._clock
        if name == "yahoo":
            rate = self._access.yahoo_rate
            bucket = self._bucket(name, rate, max(1, round(2 * rate)))
            return YahooMarket(exchange, minutes, clock, acquire=bucket.acquire)
        if name == "finnhub":
            assert self._access.finnhub_key is not None
            acquire = self._bucket(name, *FINNHUB_RATE).acquire
            return FinnhubMarket(
                self._access.finnhub_key, exchange, minutes, clock, acquire=acquire
            )
        assert self._access.alpaca is not None
        return self._alpaca(self._access.alpaca, is_patient=is_patient)

    def alpaca_stream(self, symbols: Sequence[str]) -> Source:
        """Return the stream of Alpaca's bars."""
        with _extra():
            from blocks.providers.alpaca.stream import AlpacaStream
        assert self._access.alpaca is not None
        return AlpacaStream(
            self._access.alpaca, symbols, self._exchange, self._interval_minutes, self._clock
        )

    def _alpaca(self, access: AlpacaAccess, *, is_patient: bool) -> Source:
        with _extra():
            from blocks.providers.alpaca.market import AlpacaMarket
        a_minute = access.requests_a_minute
        at_once = max(1, round(a_minute * ALPACA_AT_ONCE))
        bucket = self._bucket("alpaca", max(a_minute - at_once, 1) / 60.0, at_once)
        place = (self._exchange, self._interval_minutes, self._clock)
        if not is_patient:
            return AlpacaMarket(access, *place, acquire=bucket.acquire)
        pages = PageStore(self._data_dir / "bars" / ".pages")
        return AlpacaMarket(
            access, *place, acquire=bucket.acquire, pages=pages, timeout_s=60.0,
            patience_s=PATIENCE_SECONDS, limited_s=LIMITED_SECONDS,
        )  # fmt: skip

    def _bucket(self, name: str, per_second: float, burst: int) -> Bucket:
        return bucket_for(name, per_second, burst, self._data_dir / "limits")

    def _lack(self, name: str) -> BadInput | None:
        if name == "finnhub" and self._access.finnhub_key is None:
            return BadInput("finnhub needs a key", "Set FINNHUB_API_KEY in the environment")
        if name == "finnhub" and self._interval_minutes == DAY_MINUTES:
            return BadInput("finnhub is not asked for daily bars", "Name yahoo or alpaca")
        if name == "alpaca" and self._access.alpaca is None:
            return BadInput(
                "alpaca needs its keys and a feed",
                "Set ALPACA_API_KEY, ALPACA_SECRET_KEY and ALPACA_FEED (sip or iex)",
            )
        if name == "alpaca" and self._exchange not in US_EXCHANGES:
            return BadInput(
                f"alpaca has no bars of {self._exchange}",
                f"Use one of {', '.join(sorted(US_EXCHANGES))}, or another provider",
            )
        return None


@contextmanager
def _extra() -> Iterator[None]:
    """Say how to install what an import lacks: it is an extra, and brings pandas."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadInput(
            f"alpaca needs the package alpaca-py, which is not installed ({error.name})",
            f"Install it: {sys.executable} -m pip install 'alpaca-py>=0.44,<0.45'",
        ) from error
