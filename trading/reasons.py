"""Reasons of decisions, in the order in which the first that applies wins (rules, section 3)."""

from __future__ import annotations

NO_DECISION = 0
LEASE_LOST = 1
HALTED = 2
LATCHED = 3
RECONCILIATION = 4
MISSED = 5
DATA_GATE = 6
POSITION_OPEN = 7
ORDER_PENDING = 8
BAR_MISSING = 9
RANGE_INCOMPLETE = 10
RANGE_FLAT = 11
MAX_ENTRIES = 12
AFTER_CUTOFF = 13
NO_BREAKOUT = 14
SHORT_DISABLED = 15
WEAK_BODY = 16
TOO_EXTENDED = 17
INDICATOR_WARMING_UP = 18
LOW_VOLUME = 19
STOP_NOT_PROTECTIVE = 20
MAX_POSITIONS = 21
ORDER_RATE = 22
SIZE_BELOW_ONE = 23
ENTER_LONG = 24
ENTER_SHORT = 25
# What `screen` says of a bar that only `signal` can judge; it is never the reason of a decision.
UNDECIDED = 255

REASONS = (
    "none",
    "lease_lost",
    "halted",
    "latched",
    "reconciliation",
    "missed",
    "data_gate",
    "position_open",
    "order_pending",
    "bar_missing",
    "range_incomplete",
    "range_flat",
    "max_entries",
    "after_cutoff",
    "no_breakout",
    "short_disabled",
    "weak_body",
    "too_extended",
    "indicator_warming_up",
    "low_volume",
    "stop_not_protective",
    "max_positions",
    "order_rate",
    "size_below_one",
    "enter_long",
    "enter_short",
)

# Why a position was left: the reason its exit began with (rules, section 7).
NO_EXIT = 0
EXIT_STOP = 1
EXIT_TARGET = 2
EXIT_FLATTEN = 3
EXIT_LATCH = 4
EXIT_OPERATOR = 5
EXIT_ASSUMED_CLOSE = 6
EXIT_REASONS = ("", "stop", "target", "flatten", "latch", "operator", "assumed_close")

# Which order a fill belongs to.
LEG_ENTRY = 0
LEG_STOP = 1
LEG_TARGET = 2
LEG_EXIT = 3
LEG_ASSUMED_CLOSE = 4
LEGS = ("entry", "stop", "target", "exit", "assumed_close")
