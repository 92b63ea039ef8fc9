"""Why symbols are not entered, told to people once and again when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from trading.session.events import EVERY_SYMBOL
from trading.session.ports import Notifier

# A silence that lasts longer is no passing fault of a line.
LASTS = timedelta(minutes=2)


class DifferenceNews:
    """Remembers what people were told of the differences."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._others: set[str] = set()
        self._silent_since: datetime | None = None
        self._is_alerted = False

    def tell(self, blocked: Mapping[str, str], notifier: Notifier) -> None:
        """Tell of each symbol that is blocked from now on, and of each that is free again.

        Once for each time that it happens: the words may change with every bar.
        """
        for symbol, reason in sorted(blocked.items()):
            if symbol not in self._told:
                if symbol == EVERY_SYMBOL:
                    notifier.send("SYSTEM_ERROR", f"nothing is entered: {reason}")
                    continue
                notifier.send(
                    "SYSTEM_ERROR",
                    f"{symbol} is not entered, ledger and exchange differ: {reason}",
                    action_required="Compare the symbol's position and orders with the exchange's"
                    " (openbell show-status); entries begin again when they agree",
                )
        for symbol in sorted(self._told.keys() - blocked.keys()):
            said = (
                "entries are taken again"
                if symbol == EVERY_SYMBOL
                else f"{symbol}: ledger and exchange agree again"
            )
            notifier.send("SYSTEM_WARNING", said)
        self._told = dict(blocked)

    def tell_of_others(self, of_others: Mapping[str, str], notifier: Notifier) -> None:
        """Tell once of each symbol that is not traded here what others have of it."""
        news = {name: words for name, words in of_others.items() if name not in self._others}
        if news:
            listed = "; ".join(f"{symbol}: {words}" for symbol, words in sorted(news.items()))
            notifier.send(
                "SYSTEM_WARNING",
                f"the account has what no session of ours made, and it is left alone: {listed}",
            )
        self._others |= news.keys()

    def tell_silence(self, silence: str, now: datetime, notifier: Notifier) -> None:
        """Tell when the exchange falls silent, alert if that lasts, and tell when it is over."""
        if not silence:
            if self._silent_since is not None:
                notifier.send("SYSTEM_WARNING", "the exchange answers again")
            self._silent_since, self._is_alerted = None, False
            return
        if self._silent_since is None:
            self._silent_since = now
            notifier.send(
                "SYSTEM_WARNING", f"{silence}; nothing is entered until it does, exits go on"
            )
        elif now - self._silent_since >= LASTS and not self._is_alerted:
            self._is_alerted = True
            notifier.send(
                "SYSTEM_ERROR",
                f"for {(now - self._silent_since).total_seconds() / 60:.0f} min {silence}",
                action_required="Look at the broker's own page: what is held rests there with the"
                " stops that were sent; the session goes on by itself when it answers",
            )
