"""What a replay of a session found: where it differs from the journal, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What of a session differs."""

    DECISION = "decision"
    INTENT = "intent"
    BOOKS = "books"
    BAR = "bar"
    TRADE = "trade"


class Cause(StrEnum):
    """Why a session differs from its replay.

    `journal`: the journal does not follow from the bars that it holds. The others are of final
    bars: one was not complete when it was consumed, has other numbers now, was never consumed, or
    the data gate judges one otherwise.
    """

    JOURNAL = "journal"
    LATE = "late"
    REVISED = "revised"
    MISSING = "missing"
    GATE = "gate"


# A bar's own classes, in the order in which they are told.
OF_BARS = (Cause.LATE, Cause.REVISED, Cause.MISSING)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; `us` is a bar's START, microseconds since 1970 UTC, 0 without one.

    `kept` is what the journal says, `replayed` what the replay does, both for people.
    """

    kind: Kind
    cause: Cause
    us: int
    symbol: str
    kept: str
    replayed: str


@dataclass(frozen=True, slots=True)
class AsConsumed:
    """A session replayed from the bars that it consumed: what was compared, and what differs."""

    decisions: int
    intents: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class OnFinalBars:
    """A session on the bars as consumed and on the final ones; `bars` is how many are final."""

    bars: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class PricedFill:
    """A real fill beside what the model says of its order on final bars.

    `quantity` is signed, buys positive; prices in USD, the model's None where it fills nothing.
    """

    us: int
    symbol: str
    leg: str
    exec_id: str
    quantity: int
    price: float
    model_price: float | None

    @property
    def shortfall_usd(self) -> float | None:
        """Return what the fill cost more than the model's, USD; negative where it was better."""
        if self.model_price is None:
            return None
        return (self.price - self.model_price) * self.quantity

    @property
    def shortfall_bps(self) -> float | None:
        """Return the same as a part of the model's price, in basis points."""
        if self.model_price is None or self.shortfall_usd is None:
            return None
        return self.shortfall_usd / (self.model_price * abs(self.quantity)) * 10_000


@dataclass(frozen=True, slots=True)
class Execution:
    """A session's fills priced; the sums are over those that the model fills too."""

    fills: tuple[PricedFill, ...]

    @property
    def priced(self) -> int:
        """Return how many fills have a model's price."""
        return sum(fill.model_price is not None for fill in self.fills)

    @property
    def shortfall_usd(self) -> float:
        """Return the implementation shortfall of all, USD."""
        return sum(fill.shortfall_usd or 0.0 for fill in self.fills)

    @property
    def shortfall_bps(self) -> float | None:
        """Return it as a part of what was traded at the model's prices, in basis points."""
        traded = sum(abs(fill.quantity) * (fill.model_price or 0.0) for fill in self.fills)
        return self.shortfall_usd / traded * 10_000 if traded else None


class Verdict(StrEnum):
    """Whether a session's journal follows from the bars that it holds.

    `not_kept`: it was written by a version that kept too little of them to tell.
    """

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class SessionParity:
    """All that was found of a session; `final` is None where there are no final bars of it.

    `note` says why something is missing.
    """

    session: str
    consumed: AsConsumed | None
    final: OnFinalBars | None
    execution: Execution | None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return whether the journal follows from its bars."""
        if self.consumed is None:
            return Verdict.NOT_KEPT
        return Verdict.DIFFERS if self.consumed.differences else Verdict.AGREES

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Return all differences, those of the journal first."""
        own = self.consumed.differences if self.consumed is not None else ()
        return (*own, *(self.final.differences if self.final is not None else ()))
