"""What is said of messages: where they go, and which of them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trading.session.messages.message import ERROR_KINDS, ROUTINE_KINDS, TRADE_KINDS


class NotificationSettings(BaseModel):
    """Which messages people get."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    discord_webhook_url: SecretStr | None = Field(default=None, description="Web hook of a channel")
    notify_urls: SecretStr | None = Field(
        default=None, description="Other services by their Apprise addresses, with commas"
    )
    deadman_url: SecretStr | None = Field(
        default=None,
        description="Pinged by `up` while all is well: every 3 minutes in a session, else daily",
    )
    notify_routine: bool = Field(
        default=True, description="Session start, levels and daily summary"
    )
    notify_on_trade: bool = Field(default=True, description="Orders, fills and closed trades")
    notify_on_error: bool = Field(default=True, description="Warnings and errors")

    def wanted_kinds(self) -> frozenset[str]:
        """Return the kinds of messages that go to Discord; the log has all.

        NOTIFY_ON_TRADE: orders, fills, cancellations and closed trades. NOTIFY_ON_ERROR: warnings
        and errors. NOTIFY_ROUTINE: a session's beginning, its ranges, its end and the summary.
        """
        switches = (
            (self.notify_on_trade, TRADE_KINDS),
            (self.notify_on_error, ERROR_KINDS),
            (self.notify_routine, ROUTINE_KINDS),
        )
        return frozenset(str(kind) for is_on, kinds in switches if is_on for kind in kinds)
