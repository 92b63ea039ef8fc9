"""Reasons: of decisions in the order in which the first that applies wins (rules, section 3), and
of exits; and the legs that fills belong to.

Each is one enumeration, and carries the words that files, `explain` and reports have for it.
Loops and strategies import the numbers by name: `BAR_MISSING` is `Reason.BAR_MISSING` as a plain
number, `EXIT_STOP` is that of `ExitReason.STOP` and `LEG_STOP` that of `FillLeg.STOP`. Plain,
because numpy takes sixty times as long to compare its numbers with a member.
"""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Why a bar's decision was what it was: what `explain` says of it, and what a report does."""

    meaning: str
    label: str

    def __new__(cls, number: int, meaning: str = "", label: str = "") -> Reason:
        """Return a member: its number and its words."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.meaning = meaning
        member.label = label
        return member

    NO_DECISION = 0, "", "no decision yet"
    LEASE_LOST = (
        1,
        "another process held the right to trade this account",
        "another process holds the right to trade",
    )
    HALTED = 2, "an operator had halted trading", "an operator has halted trading"
    LATCHED = 3, "the day's loss limit had ended entries", "the day's loss limit was reached"
    RECONCILIATION = (
        4,
        "ledger and exchange disagreed about the position",
        "the exchange's account disagrees with ours",
    )
    MISSED = 5, "the decision came too late for its bar", "the decision came too late"
    DATA_GATE = 6, "the data was not fit to trade on", "the data did not pass its checks"
    NOT_TRADED = (
        7,
        "it is of an earlier plan, and is only held until it is flat",
        "an earlier plan's, held until it is flat",
    )
    POSITION_OPEN = 8, "a position was open already", "a position is open"
    ORDER_PENDING = 9, "an entry order was waiting for its next bar", "an entry order is waiting"
    BAR_MISSING = 10, "there was no bar", "the bar is missing"
    RANGE_INCOMPLETE = (
        11,
        "a bar of the opening range was missing",
        "a bar of the opening range is missing",
    )
    RANGE_FLAT = 12, "the opening range had no height", "the opening range has no height"
    MAX_ENTRIES = (
        13,
        "the symbol had its entries for the session",
        "no entry is left for this session",
    )
    AFTER_CUTOFF = (
        14,
        "it was too late in the session for an entry",
        "too late in the session to enter",
    )
    NO_BREAKOUT = (
        15,
        "the price had not left the opening range",
        "price is inside the opening range",
    )
    SHORT_DISABLED = (
        16,
        "the break was downward, and shorts are off",
        "it broke downwards, and shorts are off",
    )
    WEAK_BODY = (
        17,
        "the breakout bar's body was too small",
        "the breakout bar's body is too small",
    )
    TOO_EXTENDED = (
        18,
        "the price was too far beyond the range already",
        "price is already too far from the range",
    )
    INDICATOR_WARMING_UP = (
        19,
        "an indicator had too few bars behind it",
        "an indicator has too few bars yet",
    )
    LOW_VOLUME = (
        20,
        "the breakout bar's volume was too low",
        "the breakout's volume is too low",
    )
    STOP_NOT_PROTECTIVE = (
        21,
        "the stop would not have been on the protective side",
        "the stop would not protect",
    )
    MAX_POSITIONS = (
        22,
        "as many positions or entries as allowed were open",
        "as many positions are open as allowed",
    )
    ORDER_RATE = (
        23,
        "the session's entry orders were used up",
        "as many orders were created as allowed",
    )
    SIZE_BELOW_ONE = (
        24,
        "risk, cash or position limits allow less than one share",
        "not even one share fits the risk or the cash",
    )
    ENTER_LONG = 25, "bought", "entry ordered: long"
    ENTER_SHORT = 26, "sold short", "entry ordered: short"

    @property
    def word(self) -> str:
        """Return the name in files, the ledger and messages."""
        return self.name.lower() if self else "none"


# What `screen` says of a bar that only `signal` can judge; it is never the reason of a decision.
UNDECIDED = 255


class ExitReason(IntEnum):
    """Why a position was left: the reason its exit began with (rules, section 7)."""

    label: str

    def __new__(cls, number: int, label: str = "") -> ExitReason:
        """Return a member: its number and what a report says of it."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.label = label
        return member

    NONE = 0, ""
    STOP = 1, "stop"
    TARGET = 2, "target"
    FLATTEN = 3, "end of day"
    LATCH = 4, "loss limit"
    OPERATOR = 5, "operator"
    ASSUMED_CLOSE = 6, "assumed close"

    @property
    def word(self) -> str:
        """Return the name in files, the ledger and messages; of no exit it is empty."""
        return self.name.lower() if self else ""

    @classmethod
    def of(cls, word: str) -> ExitReason:
        """Return the reason of a word; raises KeyError for one that is none."""
        return cls[word.upper() if word else cls.NONE.name]


class FillLeg(IntEnum):
    """Which order a fill belongs to."""

    ENTRY = 0
    STOP = 1
    TARGET = 2
    EXIT = 3
    ASSUMED_CLOSE = 4
    # Left at once by an operator's word: a simulated exchange knows no price but the newest.
    NEWEST_PRICE = 5

    @property
    def word(self) -> str:
        """Return the name in files, events and messages."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> FillLeg:
        """Return the leg of a word; raises KeyError for one that is none."""
        return cls[word.upper()]


_NUMBERS = {
    **{reason.name: reason.value for reason in Reason},
    **{f"EXIT_{reason.name}": reason.value for reason in ExitReason},
    **{f"LEG_{leg.name}": leg.value for leg in FillLeg},
}


def __getattr__(name: str) -> int:
    """Return the plain number that a name of this module stands for."""
    if name not in _NUMBERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _NUMBERS[name]
