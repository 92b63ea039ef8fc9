"""A finished sweep, as its page is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import polars as pl

from trading.backtest.performance import Json


class Refused(NamedTuple):
    """A set that could not be run: its number, what it gave to what was swept, and why."""

    set_number: int
    values: Mapping[str, Json]
    why: str


@dataclass(frozen=True, slots=True)
class SweepPage:
    """A finished sweep; its tables and figures are those of the files beside the page.

    `results` is a row a set as in results.parquet, `parameters` the names of what was swept,
    `objective` the figure by which sets are ordered, `best` the best one's `set_number`,
    `sessions` those traded, a return of each in `session_returns`; `statistics` as in
    statistics.json. `notes` is what a reader of the figures must know, `source` where the bars
    come from, `engine` its version, `fixed` what all sets have in common, by name.
    `is_simulated` says that the bars are of no market.
    """

    results: pl.DataFrame
    parameters: tuple[str, ...]
    objective: str
    best: int
    sessions: tuple[date, ...]
    statistics: Mapping[str, Json]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]
    source: str
    engine: str
    title: str
    fixed: Mapping[str, Json] = field(default_factory=dict)
    is_simulated: bool = False
