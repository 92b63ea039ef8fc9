"""A finished walk-forward test, as its page is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trading.backtest.performance import Json
from trading.walk_forward.walk import Walk


@dataclass(frozen=True, slots=True)
class WalkPage:
    """A finished walk; its figures are those of the files beside the page.

    `values` are what the chosen sets give to the `parameters` that are swept, by set number;
    `sets` how many there were to choose from; `statistics` as in walk_forward.json. `notes` is
    what a reader of the figures must know, `source` where the bars come from, `engine` its
    version, `fixed` what all sets have in common, by name. `is_simulated` says that the bars are
    of no market.
    """

    walk: Walk
    parameters: tuple[str, ...]
    values: Mapping[int, Mapping[str, Json]]
    sets: int
    statistics: Mapping[str, Json]
    notes: tuple[str, ...]
    source: str
    engine: str
    title: str
    fixed: Mapping[str, Json] = field(default_factory=dict)
    is_simulated: bool = False
