"""Which kinds of messages people want."""

from __future__ import annotations

from dataclasses import dataclass

from trading.messages import ERROR_KINDS, TRADE_KINDS
from trading.ports import Notifier


@dataclass(frozen=True, slots=True)
class NotifySwitches:
    """One switch for each group of kinds."""

    routine: bool = True
    on_trade: bool = True
    on_error: bool = True

    def wants(self, kind: str) -> bool:
        """Return whether a message of a kind is to be sent; kinds without a group are routine."""
        if kind in TRADE_KINDS:
            return self.on_trade
        return self.on_error if kind in ERROR_KINDS else self.routine


class SwitchedNotifier:
    """Sends what is wanted to another notifier."""

    def __init__(self, inner: Notifier, switches: NotifySwitches) -> None:
        self._inner = inner
        self._switches = switches

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Send one message, or drop it where its switch is off."""
        if self._switches.wants(kind):
            self._inner.send(kind, text, **fields)
