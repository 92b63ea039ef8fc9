"""What can go wrong in a simulated session, and how often it does: drawn from one seed."""

from __future__ import annotations

import random
from collections import Counter
from enum import StrEnum
from typing import TypeVar

from trading.errors import BadInput
from trading.near_names import nearest_of

Item = TypeVar("Item")

# Of the questions at which a fault may strike; a session has some hundred of them.
RATES = (0.01, 0.03, 0.1, 0.25)
# A seed leaves so many kinds out: what never happens beside all the others is seen too.
SHARE_OF_KINDS = 0.5


class Fault(StrEnum):
    """A kind of fault; its text is the name that `--faults` takes."""

    LOST = "lost-request"
    SILENT = "lost-answer"
    LATE = "late-request"
    DUPLICATE = "duplicate-request"
    REFUSED = "refusal"
    UNREADABLE = "unread"
    REPEATED = "repeated-event"
    REORDERED = "reordered-events"
    MUTE = "mute-stream"
    RESTARTED = "new-stream"
    PARTIAL = "partial-fill"
    RACE = "cancel-race"
    FOREIGN_ORDER = "foreign-order"
    FOREIGN_TRADE = "foreign-trade"
    HALT = "halt"
    DISK = "disk-full"
    DEATH = "death"
    THEFT = "lease-theft"
    CLOCK = "clock-step"
    OUTAGE = "no-bars"
    MISSING = "missing-bar"
    SLOW = "slow-source"
    WORD = "operator-word"
    STOP = "stop"


MEANINGS = {
    Fault.LOST: "a request never arrives, and no answer comes",
    Fault.SILENT: "a request is carried out, and no answer comes",
    Fault.LATE: "no answer comes, and the request arrives seconds later",
    Fault.DUPLICATE: "the line delivers a request twice",
    Fault.REFUSED: "the broker refuses a request, with a reason of each class",
    Fault.UNREADABLE: "a question to the broker has no answer",
    Fault.REPEATED: "the broker says again what it has said",
    Fault.REORDERED: "what happened is told in another order",
    Fault.MUTE: "the broker's stream says nothing for a while",
    Fault.RESTARTED: "the broker's stream begins anew and tells everything again",
    Fault.PARTIAL: "a bar has so little volume that an order is filled in parts",
    Fault.RACE: "an order fills while its cancel is on the way",
    Fault.FOREIGN_ORDER: "somebody else has an order at the account",
    Fault.FOREIGN_TRADE: "somebody else trades in the account",
    Fault.HALT: "the market of a symbol stands still",
    Fault.DISK: "the disk is full when the ledger commits",
    Fault.DEATH: "the process dies at an edge of the money path",
    Fault.THEFT: "another process takes the account's lease",
    Fault.CLOCK: "the machine's clock is set forward or back",
    Fault.OUTAGE: "the source of bars does not answer",
    Fault.MISSING: "the source has no bar of a symbol",
    Fault.SLOW: "the source answers after seconds or minutes",
    Fault.WORD: "an operator says halt, flatten or resume",
    Fault.STOP: "the session is told to stop, and begun again",
}


def faults_named(text: str) -> frozenset[Fault]:
    """Return the kinds that a text names: `all`, `none`, or names with commas between them.

    Raises BadInput for a name that is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return frozenset(Fault)
    if names == ["none"]:
        return frozenset()
    known = [str(kind) for kind in Fault]
    for name in names:
        if name not in known:
            near = nearest_of(name, known)
            meant = f"Did you mean {near}? " if near else ""
            raise BadInput(
                f"--faults {name!r} is no kind of fault",
                f"{meant}Known are: all, none, {', '.join(known)}",
            )
    if not names:
        raise BadInput("--faults names no kind", "Write all, none, or kinds with commas")
    return frozenset(map(Fault, names))


def drawing(seed: int, purpose: str) -> random.Random:
    """Return the random numbers of one purpose: they do not depend on what else is drawn."""
    return random.Random(f"{seed} {purpose}")


class Faults:
    """Which kinds a seed has and how often each strikes; counts what struck.

    While `are_off` nothing strikes: a session is to be able to end.
    """

    def __init__(self, seed: int, chosen: frozenset[Fault]) -> None:
        self.counts: Counter[str] = Counter()
        self.are_off = False
        drawn = drawing(seed, "rates")
        self._random = {kind: drawing(seed, kind) for kind in Fault}
        self._rates: dict[Fault, float] = {}
        for kind in Fault:
            rate, is_left_out = drawn.choice(RATES), drawn.random() >= SHARE_OF_KINDS
            if kind in chosen and not (is_left_out and len(chosen) > 1):
                self._rates[kind] = rate

    def strikes(self, kind: Fault, share: float = 1.0) -> bool:
        """Return whether a fault strikes here; `share` makes it rarer where it is asked often."""
        rate = self._rates.get(kind, 0.0) * share
        if rate == 0.0 or self._random[kind].random() >= rate or self.are_off:
            return False
        self.counts[kind] += 1
        return True

    def between(self, kind: Fault, low: float, high: float) -> float:
        """Return how long or how much a fault is."""
        return self._random[kind].uniform(low, high)

    def choice(self, kind: Fault, items: list[Item]) -> Item:
        """Return which of several it strikes."""
        return self._random[kind].choice(items)

    def shuffle(self, kind: Fault, items: list[Item]) -> None:
        """Bring several into another order."""
        self._random[kind].shuffle(items)

    def __str__(self) -> str:
        return ", ".join(f"{kind} {rate:g}" for kind, rate in self._rates.items()) or "none"
