"""Where ledger and exchange differ, told to people once and again when it is over."""

from __future__ import annotations

from collections.abc import Mapping

from trading.session.ports import Notifier


class DifferenceNews:
    """Remembers what people were told of the differences."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

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
