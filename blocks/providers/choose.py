"""Providers by name, each within its rate limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import SecretStr

from blocks.providers.chain import ProviderChain, Source
from blocks.providers.fetched_bars import FetchedBars
from blocks.providers.finnhub.rest import FinnhubMarket
from blocks.providers.finnhub.stream import FinnhubStream
from blocks.providers.rate_limit import bucket_for
from blocks.providers.yahoo.market import YahooMarket
from trading.errors import BadInput
from trading.session.ports import Clock

NAMES = ("yahoo", "finnhub", "chain")
# Requests a second where nothing is said: what Yahoo bears. No more than twice that at once.
YAHOO_RATE = 5.0
# Requests a second and at once: Finnhub's 60 a minute of a free key.
FINNHUB_RATE = (1.0, 10)


def make_provider(
    name: str,
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    finnhub_key: SecretStr | None,
    keep: Callable[[FetchedBars], object] | None = None,
    yahoo_rate: float = YAHOO_RATE,
) -> ProviderChain:
    """Return a provider, as a chain even where it is one alone; `keep` gets all that it fetches.

    Raises BadInput for a name that is none, and for finnhub without a key.
    """
    return ProviderChain(
        _asked_sources(name, exchange, interval_minutes, clock, data_dir, finnhub_key, yahoo_rate),
        interval_minutes,
        keep,
    )


def make_live_provider(
    symbols: Sequence[str],
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    finnhub_key: SecretStr | None,
    keep: Callable[[FetchedBars], object] | None = None,
    yahoo_rate: float = YAHOO_RATE,
) -> ProviderChain:
    """Return what a live session reads: Finnhub's trade stream where there is a key, then Yahoo.

    The stream runs between the chain's `start` and `close`.
    """
    sources: list[Source] = []
    if finnhub_key is not None:
        sources.append(FinnhubStream(finnhub_key, symbols, exchange, interval_minutes, clock))
    sources += _asked_sources(
        "chain", exchange, interval_minutes, clock, data_dir, finnhub_key, yahoo_rate
    )
    return ProviderChain(sources, interval_minutes, keep)


def _asked_sources(
    name: str,
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    key: SecretStr | None,
    yahoo_rate: float,
) -> list[Source]:
    if name not in NAMES:
        raise BadInput(f"{name!r} is no provider", f"Use one of {', '.join(NAMES)}")
    if name == "finnhub" and key is None:
        raise BadInput("finnhub needs a key", "Set FINNHUB_API_KEY in the environment")
    limits = data_dir / "limits"
    sources: list[Source] = []
    if name != "finnhub":
        bucket = bucket_for("yahoo", yahoo_rate, max(1, round(2 * yahoo_rate)), limits)
        sources.append(YahooMarket(exchange, interval_minutes, clock, acquire=bucket.acquire))
    if name != "yahoo" and key is not None:
        bucket = bucket_for("finnhub", *FINNHUB_RATE, limits)
        sources.append(
            FinnhubMarket(key, exchange, interval_minutes, clock, acquire=bucket.acquire)
        )
    return sources
