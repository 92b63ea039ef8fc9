"""The settings of bars: who is asked for them, and how they are cut."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from blocks.providers.access import (
    ALPACA_RATE,
    PROVIDERS,
    YAHOO_RATE,
    Adjustment,
    AlpacaAccess,
    Feed,
    ProviderAccess,
)
from blocks.settings.group import Group, Words
from trading.market.calendar import INTERVALS_MINUTES


class DataSettings(Group):
    """Where bars come from and how they are cut."""

    primary_provider: Literal["simulated", "live"] | None = Field(
        default=None,
        description="Bars of a session: live (of PROVIDERS) or simulated. Left out, deployments"
        " are live and the run command is simulated unless --live",
    )
    providers: Words = Field(
        default=PROVIDERS,
        description="Who is asked for bars, in this order; who lacks a key that it needs is left"
        " out",
    )
    finnhub_api_key: SecretStr | None = Field(default=None, description="Key of finnhub.io")
    alpaca_api_key: SecretStr | None = Field(
        default=None, description="Key of alpaca.markets, with ALPACA_SECRET_KEY and ALPACA_FEED"
    )
    alpaca_secret_key: SecretStr | None = Field(
        default=None, description="The other half of ALPACA_API_KEY"
    )
    alpaca_feed: Feed | None = Field(
        default=None,
        description="Whose trades: sip (all exchanges; free but for the last 15 minutes) or iex"
        " (one exchange, some 3 % of the volume; live for free, up to 30 symbols)",
    )
    alpaca_adjustment: Adjustment = Field(
        default=Adjustment.SPLIT,
        description="What Alpaca's prices of the past are adjusted for: raw (nothing), split,"
        " dividend or all",
    )
    alpaca_rate_limit: int = Field(
        default=ALPACA_RATE,
        ge=1,
        le=100_000,
        description="Requests to Alpaca a minute, over all processes of the folder; 200 for free",
    )
    alpaca_data_url: str | None = Field(
        default=None, description="Another address than Alpaca's own, https or of this machine"
    )
    bar_interval: int = Field(default=5, description="Length of a bar, minutes; 5m is read as 5")
    yahoo_rate_limit: float = Field(
        default=YAHOO_RATE,
        gt=0,
        le=100,
        description="Requests to Yahoo a second, over all processes of the folder",
    )
    data_cache_ttl_seconds: float = Field(
        default=2_592_000.0,
        gt=0,
        le=1e10,
        description="Bars of files that are kept for the next backtest go, daily, when they were"
        " not used for so long, seconds",
    )
    settle_seconds: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Wait after a bar's end before it is fetched, seconds",
    )
    warm_up_minutes: float = Field(
        default=5.0, gt=0, le=120, description="A session begins so long before the open, minutes"
    )
    tend_seconds: float = Field(
        default=2.0,
        ge=0.2,
        le=60,
        description="How often orders are looked at between bars, seconds",
    )

    def access(self, feed: Feed | None = None) -> ProviderAccess:
        """Return what the providers are asked with; `feed` goes before ALPACA_FEED."""
        key, secret, of = self.alpaca_api_key, self.alpaca_secret_key, feed or self.alpaca_feed
        alpaca = None
        if key is not None and secret is not None and of is not None:
            alpaca = AlpacaAccess(
                key, secret, of, self.alpaca_adjustment, self.alpaca_data_url,
                self.alpaca_rate_limit,
            )  # fmt: skip
        return ProviderAccess(self.providers, self.yahoo_rate_limit, self.finnhub_api_key, alpaca)

    @field_validator("providers")
    @classmethod
    def _check_providers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        lower = tuple(name.lower() for name in names)
        if not lower or len(set(lower)) < len(lower) or not set(lower) <= set(PROVIDERS):
            raise ValueError(f"name each of {', '.join(PROVIDERS)} at most once, such as yahoo")
        return lower

    @field_validator("primary_provider", mode="before")
    @classmethod
    def _is_no_provider_s_name(cls, value: object) -> object:
        if isinstance(value, str) and value.lower() in PROVIDERS:
            raise ValueError(
                f"write live here, and {value.lower()} first in PROVIDERS, which says who is asked"
            )
        return value

    @field_validator("alpaca_feed", "alpaca_adjustment", mode="before")
    @classmethod
    def _read_lower(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("bar_interval", mode="before")
    @classmethod
    def _read_minutes(cls, value: Any) -> Any:
        if isinstance(value, str):
            text = value.strip().lower()
            return text[:-1] if text.endswith("m") else "60" if text == "1h" else text
        return value

    @field_validator("bar_interval")
    @classmethod
    def _check_minutes(cls, minutes: int) -> int:
        if minutes not in INTERVALS_MINUTES:
            raise ValueError(f"use one of {', '.join(map(str, INTERVALS_MINUTES))} minutes")
        return minutes
