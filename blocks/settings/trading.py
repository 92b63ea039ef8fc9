"""The settings of what is traded."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from blocks.settings.group import Group, Words
from trading.errors import BadInput
from trading.market.calendar import exchange_named
from trading.market.symbols import refuse_no_symbols
from trading.plan import MOST_CAPITAL


class TradingSettings(Group):
    """What is traded, and with how much money."""

    market_type: Literal["stocks"] = Field(default="stocks", description="Only stocks are traded")
    exchange: str = Field(default="NYSE", description="Exchange calendar of sessions and schedules")
    symbols: Words = Field(
        default=("AAPL", "MSFT", "QQQ", "SPY"),
        description="Symbols in order of precedence: JSON, commas or spaces. A backtest of a file"
        " takes all of it unless this is set",
    )
    initial_capital: float = Field(
        default=10_000.0, gt=0, le=MOST_CAPITAL, description="Money of a new account, USD"
    )
    active_ruleset: str | None = Field(
        default=None,
        description="Name of a ruleset (docs/rulesets.md), whose values take the place of defaults",
    )

    @field_validator("exchange")
    @classmethod
    def _read_exchange(cls, exchange: str) -> str:
        return exchange_named(exchange)

    @field_validator("symbols")
    @classmethod
    def _check_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(symbol.strip().upper() for symbol in symbols)
        if not names or "" in names:
            raise ValueError("name at least one symbol, such as AAPL,MSFT")
        try:
            refuse_no_symbols(names)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return names
