"""Providers by name, each within its rate limit."""

from __future__ import annotations

import os
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
KEY_NAME = "FINNHUB_API_KEY"
# Requests a second and at once: what Yahoo bears, and Finnhub's 60 a minute of a free key.
YAHOO_RATE = (5.0, 10)
FINNHUB_RATE = (1.0, 10)


def finnhub_key() -> SecretStr | None:
    """Return the key from the environment, the only place where it is looked for."""
    text = os.environ.get(KEY_NAME, "").strip()
    return SecretStr(text) if text else None


def make_provider(
    name: str,
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    keep: Callable[[FetchedBars], object] | None = None,
) -> ProviderChain:
    """Return a provider, as a chain even where it is one alone; `keep` gets all that it fetches.

    Raises BadInput for a name that is none, and for finnhub without a key.
    """
    return ProviderChain(
        _asked_sources(name, exchange, interval_minutes, clock, data_dir), interval_minutes, keep
    )


def make_live_provider(
    symbols: Sequence[str],
    exchange: str,
    interval_minutes: int,
    clock: Clock,
    data_dir: Path,
    keep: Callable[[FetchedBars], object] | None = None,
) -> ProviderChain:
    """Return what a live session reads: Finnhub's trade stream where there is a key, then Yahoo.

    The stream runs between the chain's `start` and `close`.
    """
    sources: list[Source] = []
    key = finnhub_key()
    if key is not None:
        sources.append(FinnhubStream(key, symbols, exchange, interval_minutes, clock))
    sources += _asked_sources("chain", exchange, interval_minutes, clock, data_dir)
    return ProviderChain(sources, interval_minutes, keep)


def _asked_sources(
    name: str, exchange: str, interval_minutes: int, clock: Clock, data_dir: Path
) -> list[Source]:
    if name not in NAMES:
        raise BadInput(f"{name!r} is no provider", f"Use one of {', '.join(NAMES)}")
    key = finnhub_key()
    if name == "finnhub" and key is None:
        raise BadInput("finnhub needs a key", f"Set {KEY_NAME} in the environment")
    limits = data_dir / "limits"
    sources: list[Source] = []
    if name != "finnhub":
        bucket = bucket_for("yahoo", *YAHOO_RATE, limits)
        sources.append(YahooMarket(exchange, interval_minutes, clock, acquire=bucket.acquire))
    if name != "yahoo" and key is not None:
        bucket = bucket_for("finnhub", *FINNHUB_RATE, limits)
        sources.append(
            FinnhubMarket(key, exchange, interval_minutes, clock, acquire=bucket.acquire)
        )
    return sources
