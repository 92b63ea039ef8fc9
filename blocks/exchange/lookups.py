"""What became of requests without an answer: looked up by their ids, sent again late if at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from trading.session.broker.exchange_port import Exchange
from trading.session.events import Intent

# A request may arrive so long after a look that did not find it: a gateway gave up, not its broker.
LATE_SECONDS = 3.0
# And hardly later than this: then a refusal of the same request is the last word on it.
LATEST_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass
class _Lookups:
    """The looks for one request: when it was not there, how often it was put off."""

    first_missing_us: int = 0
    missing: int = 0
    # When it was sent again first, or later had no answer once more; 0 for never.
    unheard_us: int = 0
    postponed: int = 0
    not_before_us: int = 0


class Lookups:
    """Remembers the looks for each request that got no answer.

    `speed` is how many seconds of the session's clock go by in one of the machine's. A simulated
    exchange is a part of this program: what it has not at one look it will never have.
    """

    def __init__(self, exchange: Exchange, speed: float = 1.0) -> None:
        self._late_us = 0.0 if exchange.is_simulated else LATE_SECONDS * speed * 1e6
        self._speed = speed
        self._by_id: dict[str, _Lookups] = {}

    def is_due(self, client_order_id: str, now_us: int) -> bool:
        """Return whether a request is to be looked up now: more rarely where that brings nothing.

        A clock that says 0 is none.
        """
        looks = self._by_id.get(client_order_id)
        return looks is None or not now_us or now_us >= looks.not_before_us

    def postpone(self, client_order_id: str, now_us: int) -> None:
        """Note a look that brought nothing: the next waits for twice as long."""
        looks = self._by_id.setdefault(client_order_id, _Lookups())
        looks.postponed += 1
        seconds = min(2.0 ** (looks.postponed - 1), LONGEST_PAUSE_SECONDS)
        looks.not_before_us = now_us + int(seconds * self._speed * 1e6)

    def missing(self, client_order_id: str, now_us: int) -> bool:
        """Note a look that found nothing; return whether the request is known not to have arrived.

        That takes two such looks, some seconds apart where there is a clock.
        """
        if not self._late_us:
            return True
        looks = self._by_id.setdefault(client_order_id, _Lookups())
        looks.missing += 1
        if looks.missing == 1:
            looks.first_missing_us = now_us
        waited = not now_us or now_us - looks.first_missing_us >= self._late_us
        return looks.missing > 1 and waited

    def has_missed(self, client_order_id: str) -> bool:
        """Return whether a request was looked for and was not there."""
        looks = self._by_id.get(client_order_id)
        return looks is not None and looks.missing > 0

    def may_arrive(self, client_order_id: str, now_us: int) -> bool:
        """Return whether a request that was sent before this one may still be on its way.

        Without a clock nothing is.
        """
        looks = self._by_id.get(client_order_id)
        if looks is None or not looks.unheard_us:
            return False
        return now_us - looks.unheard_us < LATEST_SECONDS * self._speed * 1e6

    def repeated(self, client_order_id: str, now_us: int) -> None:
        """Note that a request goes out once more, before it is known what became of the first."""
        looks = self._by_id.setdefault(client_order_id, _Lookups())
        looks.unheard_us = looks.unheard_us or now_us

    def unheard(self, client_order_id: str, now_us: int) -> None:
        """Note that what went out once more had no answer either: it may arrive as late again."""
        looks = self._by_id.get(client_order_id)
        if looks is not None and looks.unheard_us:
            looks.unheard_us = now_us

    def sent_again(self, intent: Intent, now_us: int) -> None:
        """Note that a request goes out once more; a cancel that never takes does so more rarely.

        An order is looked for anew: it may arrive late again.
        """
        if intent.action == "submit":
            before = self._by_id.get(intent.client_order_id, _Lookups())
            self._by_id[intent.client_order_id] = _Lookups(unheard_us=before.unheard_us or now_us)
        else:
            self.postpone(intent.client_order_id, now_us)

    def keep(self, unanswered: Collection[str]) -> None:
        """Forget the looks for requests that have their answers."""
        self._by_id = {name: looks for name, looks in self._by_id.items() if name in unanswered}
