"""What a user asks of a trading run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.account.names import account_name
from flows.session.account.parts import PlainParts
from trading.errors import BadInput
from trading.market.calendar import Session, next_session, sessions_between

DEFAULT_SYMBOLS = ("AAPL", "MSFT", "QQQ", "SPY")
DEFAULT_INTERVAL_MINUTES = 5


@dataclass(frozen=True)
class SessionRequest:
    """What a user asks of a trading run; `replay` is a date or a range, None means now.

    A `shadow` decides with a broker's account before its eyes and sends it nothing. `unfit` is
    what is wrong with the ruleset or the strategy file that was asked for.
    """

    parts: PlainParts
    replay: str | None = None
    symbols: tuple[str, ...] = ()
    interval_minutes: int = DEFAULT_INTERVAL_MINUTES
    capital: float = 10_000.0
    exchange: str = "NYSE"
    settings: dict[str, Any] = field(default_factory=dict)
    speed: float | None = None
    dry_run: bool = False
    shadow: bool = False
    on_shutdown: str = "hold"
    strategy_module: ModuleType | None = None
    unfit: BadInput | None = None

    @property
    def data_dir(self) -> Path:
        """Return the folder of the accounts."""
        return self.parts.data_dir

    @cached_property
    def account(self) -> str:
        """Return the account's name, see `account_name`."""
        return account_name(
            self.data_dir,
            is_replay=self.replay is not None,
            has_simulated_bars=self.parts.has_simulated_bars,
            is_dry_run=self.dry_run,
            broker=self.parts.broker.required().account,
            is_shadow=self.shadow,
        )


def replayed_sessions(request: SessionRequest) -> list[Session]:
    """Return the sessions that a request replays, none when it trades now."""
    if request.replay is None:
        next_session(request.exchange, datetime.now(UTC))
        return []
    first, last = replay_dates(request.replay)
    found = sessions_between(request.exchange, first, last)
    if not found:
        raise BadInput(
            f"{request.exchange} has no session from {first} to {last}", "Choose a trading day"
        )
    return found


def replay_dates(text: str) -> tuple[date, date]:
    """Return the first and last date of `DATE` or `DATE:DATE`."""
    first, _, last = text.partition(":")
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise BadInput(
            f"--replay {text!r} is not a date or two dates",
            "Write 2025-06-10 or 2025-06-10:2025-06-20",
        ) from error
