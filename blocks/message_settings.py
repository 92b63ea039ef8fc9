"""Which messages are wanted, and where they go, as the environment says."""

from __future__ import annotations

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from trading.errors import BadInput
from trading.messages import ERROR_KINDS, ROUTINE_KINDS, TRADE_KINDS


class MessageSettings(BaseSettings):
    """DISCORD_WEBHOOK_URL and the three switches, under the reference system's names.

    NOTIFY_ON_TRADE: orders, fills, cancellations and closed trades. NOTIFY_ON_ERROR: warnings
    and errors. NOTIFY_ROUTINE: a session's beginning, ranges, end and summary. The log has all.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    discord_webhook_url: SecretStr | None = None
    notify_on_trade: bool = True
    notify_on_error: bool = True
    notify_routine: bool = True

    def wanted(self) -> frozenset[str]:
        """Return the kinds of messages that go to Discord."""
        kinds: set[str] = set()
        for is_on, group in (
            (self.notify_on_trade, TRADE_KINDS),
            (self.notify_on_error, ERROR_KINDS),
            (self.notify_routine, ROUTINE_KINDS),
        ):
            kinds |= {str(kind) for kind in group} if is_on else set()
        return frozenset(kinds)


def settings_of_environment() -> MessageSettings:
    """Return the settings; raises BadInput that names the variable and not its value."""
    try:
        return MessageSettings()
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]).upper() for each in error.errors())
        raise BadInput(f"{names} cannot be read", "Write true or false") from None
