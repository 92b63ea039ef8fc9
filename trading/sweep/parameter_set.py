"""One set of a sweep: the values that it gives to what is swept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trading.plan import RunPlan

# What may be swept beside the parameters of strategy, risk, fills and gate.
SYMBOLS, INTERVAL_MINUTES = "symbols", "interval_minutes"
_HASH_LETTERS = 16


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A set: `number` is its place in the sweep, from 0, and `values` what is swept, by name.

    `symbols` is a tuple, `interval_minutes` a number, everything else a parameter of the rules.
    """

    number: int
    values: Mapping[str, Any]


def set_hash_of(plan: RunPlan, strategy_digest: str) -> str:
    """Return the hash of what a set's figures depend on, beside the bars and the engine.

    `strategy_digest` is of the strategy's source: equal parameters of another file are another set.
    """
    said = json.dumps([plan.describe(), strategy_digest], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:_HASH_LETTERS]
