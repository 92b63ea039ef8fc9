"""A kept run beside others, as their comparison is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from trading.backtest.performance import Json

# As the source of a run without a file says it.
SIMULATED = "simulated market"


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run: `label` is a letter by which the comparison calls it, `name` what the user calls it.

    `parameters` are all values of its plan by the names that `--set` takes; `figures` as in
    summary.json; `trades` and `equity` as in its tables. Hashes are None where a run has none.
    Of the joined run of a walk (`is_walk`) only the parameters that were asked for are known.
    """

    label: str
    name: str
    engine: str
    source: str
    bars_hash: str | None
    past_hash: str | None
    parameters: Mapping[str, Json]
    first: date
    last: date
    capital: float
    figures: Mapping[str, Json]
    trades: pl.DataFrame
    equity: pl.DataFrame
    notes: tuple[str, ...] = ()
    is_walk: bool = False

    @property
    def is_simulated(self) -> bool:
        """Return whether no market made its bars."""
        return self.source.startswith(SIMULATED)


def flat_parameters(plan: Mapping[str, Json]) -> dict[str, Json]:
    """Return a plan's values by their names, those of its groups beside those of the run."""
    flat: dict[str, Json] = {}
    for name, value in plan.items():
        if isinstance(value, dict):
            flat.update(value)
        else:
            flat[name] = value
    return flat
