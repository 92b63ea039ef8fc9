"""Which providers may be asked, in which order, and with what; made from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

PROVIDERS = ("alpaca", "yahoo", "finnhub")
# Of which Alpaca has bars; symbols there are written without an ending.
US_EXCHANGES = frozenset({"NYSE", "NASDAQ"})
# Requests a second where nothing is said: what Yahoo bears. No more than twice that at once.
YAHOO_RATE = 5.0
# Requests a minute of a free key of Alpaca.
ALPACA_RATE = 200
# Rows in a page of its answers.
PAGE_ROWS = 10_000
# From four in the morning to eight in the evening.
EXTENDED_MINUTES = 16 * 60


class Feed(StrEnum):
    """Whose trades Alpaca's bars are made of: all exchanges', or one exchange's (some 3 %)."""

    SIP = "sip"
    IEX = "iex"


class Adjustment(StrEnum):
    """What Alpaca's prices of the past are adjusted for, as of the time of fetch."""

    RAW = "raw"
    SPLIT = "split"
    DIVIDEND = "dividend"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class AlpacaAccess:
    """Keys and choices for Alpaca; `data_url` takes the place of Alpaca's own addresses."""

    key: SecretStr
    secret: SecretStr
    feed: Feed
    adjustment: Adjustment = Adjustment.SPLIT
    data_url: str | None = None
    requests_a_minute: int = ALPACA_RATE

    @property
    def source(self) -> str:
        """Return the name of these bars; two names are never one series of prices or volumes."""
        if self.adjustment == Adjustment.SPLIT:
            return f"alpaca:{self.feed}"
        return f"alpaca:{self.feed}:{self.adjustment}"


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """The order of the chain and what each provider needs; who lacks its key is left out."""

    order: tuple[str, ...] = PROVIDERS
    yahoo_rate: float = YAHOO_RATE
    finnhub_key: SecretStr | None = None
    alpaca: AlpacaAccess | None = None


def alpaca_rows_a_day(interval_minutes: int) -> int:
    """Return how many rows Alpaca has of a busy symbol and day, early and late trading included."""
    if interval_minutes >= EXTENDED_MINUTES:
        return 1
    # Hours are made of halves.
    return EXTENDED_MINUTES // min(interval_minutes, 30)
