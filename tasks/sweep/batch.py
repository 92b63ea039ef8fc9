"""The sets of a sweep by the bars that they need, and as chunks of a size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

from tasks.backtest.request import BacktestRequest
from tasks.sweep.chunk import Chunk, PlanBase, Strategy, chunk_hash, plan_of_set
from tasks.sweep.market import Market, MarketKey
from trading.errors import BadInput
from trading.sweep.parameter_set import SYMBOLS, ParameterSet, set_hash_of

# Whatever the number of sets, so that a server has few tasks to keep.
MOST_CHUNKS = 200
# Of sets times bars, and of sets: what one processor does in seconds, which is what a kill costs.
_BARS_OF_A_CHUNK = 100_000_000
_SETS_OF_A_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """A set that has no figures, and why, in one line."""

    number: int
    values: Mapping[str, Any]
    why: str


def by_market(
    sets: Iterable[ParameterSet], base: PlanBase, module: ModuleType
) -> tuple[dict[MarketKey, list[ParameterSet]], list[Refused]]:
    """Return the sets by the bars that they need, and those that cannot be.

    Sets to which the strategy says the same stand together, so that chunks share what it says.
    """
    groups: dict[MarketKey, dict[object, list[ParameterSet]]] = {}
    refused = []
    for each in sets:
        asked = replace(base, symbols=()) if SYMBOLS in each.values else base
        try:
            plan = plan_of_set(asked, each.values, module)
        except BadInput as error:
            refused.append(Refused(each.number, each.values, str(error)))
            continue
        key = MarketKey(plan.symbols, plan.interval_minutes, plan.needs_past())
        says = (repr(plan.strategy.numbers(plan.interval_minutes)), plan.gate)
        groups.setdefault(key, {}).setdefault(says, []).append(each)
    together = {key: list(chain(*by_saying.values())) for key, by_saying in groups.items()}
    return together, refused


def plan_base(request: BacktestRequest) -> PlanBase:
    """Return what the plans of all sets of a request have in common."""
    return PlanBase(
        dict(request.settings),
        request.exchange,
        request.interval_minutes,
        request.capital,
        request.symbols,
    )


def loaded_base(base: PlanBase, market: Market) -> PlanBase:
    """Return what the plans over some bars have in common."""
    daily = market.panel.daily
    return replace(
        base,
        symbols=market.panel.symbols,
        daily_bars_sha256="" if daily is None else daily.sha256,
    )


@dataclass(frozen=True, slots=True)
class Runs:
    """With what a sweep's chunks are run: the same for all of them."""

    module: ModuleType
    strategy: Strategy
    engine: str
    bars_folder: Path
    threads: int


def chunks_of(
    sets: list[ParameterSet], market: Market, base: PlanBase, runs: Runs, size: int
) -> list[Chunk]:
    """Return sets over the same bars as chunks of a size."""
    base = loaded_base(base, market)
    return [
        _chunk_of(tuple(sets[begin : begin + size]), market, base, runs)
        for begin in range(0, len(sets), size)
    ]


def _chunk_of(sets: tuple[ParameterSet, ...], market: Market, base: PlanBase, runs: Runs) -> Chunk:
    hashes = tuple(
        set_hash_of(plan_of_set(base, each.values, runs.module), runs.strategy.digest)
        for each in sets
    )
    return Chunk(
        chunk_hash(market.hash, runs.engine, hashes),
        market.hash,
        runs.bars_folder / market.hash,
        base,
        runs.strategy,
        sets,
        hashes,
        runs.threads,
    )


def chunk_size(sets: int, markets: int, bars: int) -> int:
    """Return how many sets a chunk has: the same for any number of workers."""
    least = -(-sets // max(1, MOST_CHUNKS - markets))
    return max(1, least, min(_SETS_OF_A_CHUNK, _BARS_OF_A_CHUNK // max(1, bars)))
