"""Why a symbol is not entered: what the books say, and what its broker has said."""

from __future__ import annotations

from collections.abc import Mapping

from trading.reasons import Reason
from trading.session.broker.answers import Refusal, Refused, reason_of
from trading.session.events import EVERY_SYMBOL, Intent
from trading.session.state import SessionState


class Objections:
    """What speaks against entries, by symbol; exits go on whatever it is.

    `blocked` says where ledger and exchange differ or orders do not settle. `forbidden` is what the
    broker does not let this account enter, and `unshortable` what it does not lend, to the
    session's end. `is_met` says that the broker was asked for both.
    """

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self.blocked: dict[str, str] = {}
        self.forbidden: dict[str, str] = {}
        self.unshortable: dict[str, str] = {}
        self.is_met = False

    def heed(
        self, forbidden: Mapping[str, str], unshortable: Mapping[str, str], *, is_met: bool
    ) -> None:
        """Enter none of the first, and sell none of the second short."""
        self.forbidden, self.unshortable = dict(forbidden), dict(unshortable)
        self.is_met = is_met

    def to(self, symbol: str) -> Reason | None:
        """Return why a symbol is not entered, None where nothing speaks against it.

        What a broker has refused for good is not asked again in its session.
        """
        if self.blocked.keys() & {symbol, EVERY_SYMBOL}:
            return Reason.RECONCILIATION
        if EVERY_SYMBOL in self.forbidden:
            return Reason.ACCOUNT_RESTRICTED
        if symbol in self.forbidden:
            return Reason.NOT_TRADABLE
        if symbol in self._state.protection.refused_entries:
            return Reason.ENTRY_REJECTED
        return None

    def refusal_of(self, entry: Intent) -> str:
        """Return why an entry is not sent that was wanted, an empty text where nothing is known."""
        if objection := self.to(entry.symbol):
            return objection.word
        unshortable = {*self.unshortable, *self._state.protection.refused_shorts}
        if entry.quantity < 0 and unshortable & {entry.symbol, EVERY_SYMBOL}:
            return reason_of(Refused(Refusal.NOT_SHORTABLE, ""))
        return ""
