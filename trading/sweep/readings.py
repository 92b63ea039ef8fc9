"""Which sets of a sweep the strategy reads alike: what it says of the bars is found out once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from trading.backtest.frame import Frame
from trading.backtest.stage_arguments import hours_of
from trading.engine.reading import Reading
from trading.engine.strategy.errors import user_file
from trading.engine.workspace import Parts, parts_of
from trading.errors import BadInput
from trading.gate.thresholds import GateThresholds
from trading.market.bars import Integers
from trading.plan import RunPlan
from trading.rules import Rules


@dataclass(frozen=True)
class ReadySet:
    """A set whose plan the engine can run, with what was worked out of it once.

    Its `numbers` have targets one as far as the field says that they are a multiple of; how many
    times as far is in its `rules`.
    """

    place: int
    plan: RunPlan
    rules: Rules
    numbers: NamedTuple
    reading: Reading
    thresholds: GateThresholds
    hours: tuple[Integers, Integers]


@dataclass(frozen=True)
class ReadAlike:
    """Sets of one reading, in the order of the sweep."""

    parts: Parts
    sets: list[ReadySet] = field(default_factory=list)


def sets_by_reading(
    frame: Frame, plans: Sequence[RunPlan]
) -> tuple[list[ReadAlike], list[tuple[int, BadInput]]]:
    """Return the sets by what their reading depends on, and those that cannot be run at all.

    The strategy knows no account, so that sets which differ in risk, fills, capital, trailing
    stops or the flatten time alone are read alike, as are those that differ in how far targets are.
    """
    found: dict[object, ReadAlike] = {}
    refused: list[tuple[int, BadInput]] = []
    for place, plan in enumerate(plans):
        try:
            one = _ready(frame, place, plan)
            key = _reading_key(one)
        except BadInput as error:
            refused.append((place, error))
            continue
        found.setdefault(key, ReadAlike(parts_of(one.rules))).sets.append(one)
    # Who has read the bars with a gate's thresholds has them judged for the next.
    order: dict[GateThresholds, int] = {}
    by_gate = sorted(
        found.values(),
        key=lambda each: order.setdefault(each.sets[0].thresholds, len(order)),
    )
    return by_gate, refused


def _ready(frame: Frame, place: int, plan: RunPlan) -> ReadySet:
    rules, numbers = plan.rules(), plan.strategy.numbers(plan.interval_minutes)
    # A user's file may call anything so.
    field = "" if user_file(plan.strategy_module) else plan.strategy.target_field()
    if field:
        rules = rules._replace(target_multiple=float(getattr(numbers, field)))
        numbers = numbers._replace(**{field: 1.0})
    hours = hours_of(frame, plan.strategy)
    return ReadySet(place, plan, rules, numbers, plan.reading(), plan.thresholds(), hours)


def parted(alike: Sequence[ReadAlike], most_sets: int) -> Iterator[ReadAlike]:
    """Yield the same sets, so many at a time at most."""
    for each in alike:
        for begin in range(0, len(each.sets), most_sets):
            yield ReadAlike(each.parts, each.sets[begin : begin + most_sets])


def _reading_key(one: ReadySet) -> object:
    """Return what `read_sessions` sees of a set, as something to compare."""
    rules = one.rules
    return (
        _plain(one.numbers),
        _plain(one.reading),
        _plain(one.thresholds),
        rules.selection,
        rules.validation,
        rules.validation_threshold,
        parts_of(rules),
        one.hours[1].tobytes(),
    )


def _plain(value: Any) -> object:
    """Return numbers, which may be in tuples and arrays, as something to compare."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    # 1, 1.0 and True are equal, and a strategy may tell them apart; NaN equals nothing.
    return type(value), repr(value)
