"""Where ledger and exchange differ, told to people once and again when it is over."""

from __future__ import annotations

from collections.abc import Mapping

from trading.session.ports import Notifier


class DifferenceNews:
    """Remembers what people were told of the differences."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._others: set[str] = set()

    def tell(self, blocked: Mapping[str, str], notifier: Notifier) -> None:
        """Tell of each symbol that is blocked from now on, and of each that is free again.

        Once for each time that it happens: the words may change with every bar.
        """
        for symbol, reason in sorted(blocked.items()):
            if symbol not in self._told:
                notifier.send(
                    "SYSTEM_ERROR",
                    f"{symbol} is not entered, ledger and exchange differ: {reason}",
                    action_required="Compare the symbol's position and orders with the exchange's"
                    " (python -m flows show-status); entries begin again when they agree",
                )
        for symbol in sorted(self._told.keys() - blocked.keys()):
            notifier.send("SYSTEM_WARNING", f"{symbol}: ledger and exchange agree again")
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
