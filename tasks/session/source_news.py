"""What a source of bars says beside its bars, told to people once."""

from __future__ import annotations

from trading.session.ports import MarketData, Notifier


class SourceNews:
    """Remembers what people were told of a source."""

    def __init__(self) -> None:
        self._missing: frozenset[str] = frozenset()
        self._troubles: dict[str, str] = {}

    def tell_missing(self, market: MarketData, notifier: Notifier) -> None:
        """Tell which symbols have no fresh bar from now on, and why.

        Once for each time that it happens: its words may change with every bar.
        """
        for symbol, reason in sorted(market.reasons.items()):
            if symbol not in self._missing:
                notifier.send(
                    "SYSTEM_WARNING", f"{symbol} has no fresh bar and is not entered: {reason}"
                )
        self._missing = frozenset(market.reasons)

    def tell_troubles(self, market: MarketData, notifier: Notifier) -> None:
        """Tell what a source wants people to mend, whether or not it gave bars."""
        for part, trouble in sorted(market.troubles.items()):
            if self._troubles.get(part) != trouble:
                notifier.send("SYSTEM_WARNING", f"{part}: {trouble}")
        self._troubles = dict(market.troubles)
