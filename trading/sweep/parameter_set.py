"""One set of a sweep: the values that it gives to what is swept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trading.plan import RunPlan

# What may be swept beside the parameters of strategy, risk, fills and gate.
SYMBOLS = "symbols"
# The bars' length in minutes, by the word of the argument or of the plan.
INTERVALS = ("interval", "interval_minutes")
BESIDE_PARAMETERS = (SYMBOLS, *INTERVALS)
_HASH_LETTERS = 16


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A set: `number` is its place in the sweep, from 0, and `values` what is swept, by name.

    `symbols` is a tuple, one of INTERVALS a number, everything else a parameter of the rules.
    """

    number: int
    values: Mapping[str, Any]


def parameters_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the rules among a set's values."""
    return {name: value for name, value in values.items() if name not in BESIDE_PARAMETERS}


def interval_in(values: Mapping[str, Any], otherwise: int) -> int:
    """Return the bars' length that a set's values name, in minutes."""
    return next((values[name] for name in INTERVALS if name in values), otherwise)


def set_hash_of(plan: RunPlan, strategy_digest: str) -> str:
    """Return the hash of what a set's figures depend on, beside the bars and the engine.

    `strategy_digest` is of the strategy's source: equal parameters of another file are another set.
    """
    said = json.dumps([plan.describe(), strategy_digest], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:_HASH_LETTERS]
