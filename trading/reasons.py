"""Reasons: of decisions in the order in which the first that applies wins (rules, section 3), and
of exits; and the legs that fills belong to.

Each is one enumeration, and carries the words that files, `explain` and reports have for it.
Loops and strategies import the numbers by name: `BAR_MISSING` is `Reason.BAR_MISSING` as a plain
number, `EXIT_STOP` is that of `ExitReason.STOP` and `LEG_STOP` that of `FillLeg.STOP`. Plain,
because numpy takes sixty times as long to compare its numbers with a member.
"""

from __future__ import annotations

from enum import IntEnum

# What the words of the gate's reasons begin with.
DATA_GATE = "data_gate"


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
    HALTED = 2, "trading was halted", "trading is halted, by an operator or by a drawdown"
    LATCHED = 3, "the day's loss limit had ended entries", "the day's loss limit was reached"
    RECONCILIATION = (
        4,
        "ledger and exchange disagreed about the position",
        "the exchange's account disagrees with ours",
    )
    MISSED = 5, "the decision came too late for its bar", "the decision came too late"
    DATA_GATE_SPIKE = (
        6,
        "the data gate rejected the bar: its wick was too long to be true",
        "data gate: a spike, the bar is rejected",
    )
    DATA_GATE_JUMP = (
        7,
        "the data gate rejected the bar: its close was too far from the close before",
        "data gate: a jump, the bar is rejected",
    )
    DATA_GATE_NEW_LEVEL = (
        8,
        "the price had jumped to a new level in this session",
        "data gate: a new price level in this session",
    )
    DATA_GATE_GAP = (
        9,
        "the session had opened too far from the last close",
        "data gate: it opened too far from the last close",
    )
    DATA_GATE_STALE = (
        10,
        "the price had stood still for too many bars",
        "data gate: the price stands still",
    )
    DATA_GATE_ZERO_VOLUME = 11, "the bar had no volume", "data gate: the bar has no volume"
    DATA_GATE_FEED_CHANGED = (
        12,
        "its volumes were of another feed than those before",
        "data gate: the volumes are of another feed",
    )
    DATA_GATE_LATE = (
        13,
        "the bar was not complete when it was consumed",
        "data gate: the bar was not complete",
    )
    NOT_TRADED = (
        14,
        "it is of an earlier plan, and is only held until it is flat",
        "an earlier plan's, held until it is flat",
    )
    STRATEGY_FAILED = (
        15,
        "the strategy's file had a mistake, and is not asked for the rest of the session",
        "the strategy's file has a mistake",
    )
    POSITION_OPEN = 16, "a position was open already", "a position is open"
    ORDER_PENDING = 17, "an entry order was waiting for its next bar", "an entry order is waiting"
    BAR_MISSING = 18, "there was no bar", "the bar is missing"
    RANGE_INCOMPLETE = (
        19,
        "a bar of the opening range was missing",
        "a bar of the opening range is missing",
    )
    RANGE_FLAT = 20, "the opening range had no height", "the opening range has no height"
    NOT_ELIGIBLE = (
        21,
        "it did not meet the thresholds of the day's universe",
        "not eligible: below a threshold of the day's universe",
    )
    NOT_SELECTED = (
        22,
        "others had a higher relative opening volume",
        "not selected: others opened with more relative volume",
    )
    MAX_ENTRIES = (
        23,
        "the symbol had its entries for the session",
        "no entry is left for this session",
    )
    AFTER_CUTOFF = (
        24,
        "it was too late in the session for an entry",
        "too late in the session to enter",
    )
    NO_BREAKOUT = (
        25,
        "the price had not left the opening range",
        "price is inside the opening range",
    )
    SHORT_DISABLED = (
        26,
        "the break was downward, and shorts are off",
        "it broke downwards, and shorts are off",
    )
    AGAINST_DIRECTION = (
        27,
        "the opening range's own direction was another",
        "against the direction of the opening range",
    )
    WEAK_BODY = (
        28,
        "the breakout bar's body was too small",
        "the breakout bar's body is too small",
    )
    TOO_EXTENDED = (
        29,
        "the price was too far beyond the range already",
        "price is already too far from the range",
    )
    INDICATOR_WARMING_UP = (
        30,
        "an indicator had too few bars behind it",
        "an indicator has too few bars yet",
    )
    LOW_VOLUME = (
        31,
        "the breakout bar's volume was too low",
        "the breakout's volume is too low",
    )
    OWN_1 = 32, "of a reason of the strategy's own", "the strategy's own reason 1"
    OWN_2 = 33, "of a reason of the strategy's own", "the strategy's own reason 2"
    OWN_3 = 34, "of a reason of the strategy's own", "the strategy's own reason 3"
    OWN_4 = 35, "of a reason of the strategy's own", "the strategy's own reason 4"
    OWN_5 = 36, "of a reason of the strategy's own", "the strategy's own reason 5"
    OWN_6 = 37, "of a reason of the strategy's own", "the strategy's own reason 6"
    OWN_7 = 38, "of a reason of the strategy's own", "the strategy's own reason 7"
    OWN_8 = 39, "of a reason of the strategy's own", "the strategy's own reason 8"
    VALIDATION_FAILED = (
        40,
        "trends and volume scored too low",
        "validation: trends and volume score too low",
    )
    STOP_NOT_PROTECTIVE = (
        41,
        "the stop would not have been on the protective side",
        "the stop would not protect",
    )
    MAX_POSITIONS = (
        42,
        "as many positions or entries as allowed were open",
        "as many positions are open as allowed",
    )
    ORDER_RATE = (
        43,
        "the session's entry orders were used up",
        "as many orders were created as allowed",
    )
    SIZE_BELOW_ONE = (
        44,
        "risk, cash or position limits allow less than one share",
        "not even one share fits the risk or the cash",
    )
    ENTER_LONG = 45, "a buy was ordered", "entry ordered: long"
    ENTER_SHORT = 46, "a short sale was ordered", "entry ordered: short"
    # At a real broker. A session alone can tell them: they come where reconciliation does, and
    # no loop knows them.
    ACCOUNT_RESTRICTED = (
        47,
        "its broker takes no entries of the account: it is blocked or restricted, or clocks differ",
        "the broker takes no entries of the account",
    )
    NOT_TRADABLE = (
        48,
        "its broker does not trade the symbol, does not know it, or trading in it is halted",
        "the broker does not trade the symbol",
    )
    ENTRY_REJECTED = (
        49,
        "its broker had rejected an entry of it for good in this session",
        "the broker has rejected an entry of it",
    )

    @property
    def word(self) -> str:
        """Return the name in files, the ledger and messages."""
        word = self.name.lower() if self else "none"
        return word.replace(f"{DATA_GATE}_", f"{DATA_GATE}:")

    @classmethod
    def of(cls, word: str) -> Reason:
        """Return the reason of a word; raises KeyError for one that is none."""
        return _REASON_OF[word]


_REASON_OF = {reason.word: reason for reason in Reason}
# Told in the place of reconciliation, which they are to every loop.
OF_BROKER = (Reason.ACCOUNT_RESTRICTED, Reason.NOT_TRADABLE, Reason.ENTRY_REJECTED)

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
    SIGNAL = 7, "the strategy's signal"
    # At a real broker: its stop could not be placed, or not in time.
    UNPROTECTED = 8, "no stop could rest"

    @property
    def word(self) -> str:
        """Return the name in files, the ledger and messages; of no exit it is empty."""
        return self.name.lower() if self else ""

    @classmethod
    def of(cls, word: str) -> ExitReason:
        """Return the reason of a word; raises KeyError for one that is none."""
        return cls[word.upper() if word else cls.NONE.name]


# Those that a backtest counts among its exits: an assumed close is counted apart.
COUNTED_EXITS = tuple(
    reason
    for reason in ExitReason
    if reason not in (ExitReason.NONE, ExitReason.ASSUMED_CLOSE, ExitReason.UNPROTECTED)
)


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
