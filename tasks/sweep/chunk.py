"""A chunk of a sweep: sets over the same bars, as plain data that any process can run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.process.files.cache_folder import with_engine_cache
from blocks.process.memory import give_back_heaps
from blocks.strategy_file import content_of, load_strategy_content
from tasks.backtest.hashes import strategy_digest
from tasks.sweep.market import Market, MarketsAtHand, kept_market
from trading.backtest.performance import Summary
from trading.errors import BadInput
from trading.plan import BUILT_IN, RunPlan, make_plan, strategy_named
from trading.sweep.parameter_set import SYMBOLS, ParameterSet, interval_in, parameters_in
from trading.sweep.run_sets import run_sets

Tell = Callable[[int, int], None]
_HASH_LETTERS = 32


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy as plain data.

    `source` is of a user's file, None for one that is built in, `file` where it was read, which
    says whose line it is that a worker complains of.
    """

    name: str
    digest: str
    source: bytes | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class PlanBase:
    """What the plans of a sweep's sets have in common; `symbols` are those of the bars."""

    settings: Mapping[str, Any]
    exchange: str
    interval_minutes: int
    capital: float
    symbols: tuple[str, ...] = ()
    daily_bars_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Sets to run over bars by their hash, kept in `bars_folder` for other processes.

    `hash` is of everything that decides what comes out: bars, engine, strategy, plans.
    """

    hash: str
    bars_hash: str
    bars_folder: Path
    base: PlanBase
    strategy: Strategy
    sets: tuple[ParameterSet, ...]
    set_hashes: tuple[str, ...]
    threads: int = 1

    @property
    def name(self) -> str:
        """Return what people call it."""
        first, last = self.sets[0].number, self.sets[-1].number
        return f"set {first}" if first == last else f"sets {first} to {last}"


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What a chunk came to: for each of its sets, in their order, figures or why there are none."""

    hash: str
    outcomes: tuple[Summary | str, ...]


# Runs chunks, each once or more, and gives their results in any order; `tell(done, total)` is told
# the sets that are done.
ChunkRunner = Callable[[Sequence[Chunk], Tell], Iterator[ChunkResult]]

# What this process has open: bars by their hash, and the strategy by its digest.
_markets = MarketsAtHand()
_strategies: dict[str, ModuleType] = {}


def run_chunk(chunk: Chunk, progress: Tell | None = None) -> ChunkResult:
    """Run the sets of a chunk in this process; the bars stay mapped for the next one."""
    market, module = _market_of(chunk), _module_of(chunk.strategy)
    outcomes: list[Summary | str] = [""] * len(chunk.sets)
    plans: list[RunPlan] = []
    places: list[int] = []
    for place, each in enumerate(chunk.sets):
        try:
            plans.append(plan_of_set(chunk.base, each.values, module))
            places.append(place)
        except BadInput as error:
            outcomes[place] = str(error)
    for number, outcome in _run(market, plans, chunk.threads, progress):
        outcomes[places[number]] = outcome if isinstance(outcome, Summary) else str(outcome)
    # What threads held for a chunk stays in their heaps: after some it were as much as the bars.
    give_back_heaps()
    return ChunkResult(chunk.hash, tuple(outcomes))


RunChunk = Callable[[Chunk, Tell], ChunkResult]


def run_here(
    chunks: Sequence[Chunk], tell: Tell, run: RunChunk = run_chunk
) -> Iterator[ChunkResult]:
    """Run chunks in this process, one after the other, by run_chunk or what has wrapped it."""
    total, done = sum(len(chunk.sets) for chunk in chunks), 0
    for chunk in chunks:
        yield run(chunk, partial(_tell_more, tell, done, total))
        done += len(chunk.sets)
        tell(done, total)


def _tell_more(tell: Tell, before: int, total: int, done: int, of: int) -> None:
    tell(before + done, total)


def _run(
    market: Market, plans: list[RunPlan], threads: int, progress: Tell | None
) -> list[tuple[int, Summary | BadInput]]:
    def run(cache_folder: Path | None) -> list[tuple[int, Summary | BadInput]]:
        return list(
            run_sets(
                market.panel,
                plans,
                first_traded=market.first_traded,
                threads=threads,
                cache_folder=cache_folder,
                progress=progress,
            )
        )

    return with_engine_cache(run)


def plan_of_set(base: PlanBase, values: Mapping[str, Any], module: ModuleType) -> RunPlan:
    """Return a set's checked plan; raises BadInput for one that contradicts itself."""
    symbols = base.symbols or values.get(SYMBOLS, ())
    plan = make_plan(
        symbols or ("all",),
        {**base.settings, **parameters_in(values)},
        exchange=base.exchange,
        interval_minutes=interval_in(values, base.interval_minutes),
        capital=base.capital,
        strategy_module=module,
    )
    return replace(plan, symbols=symbols, daily_bars_sha256=base.daily_bars_sha256)


def chunk_hash(bars_hash: str, engine: str, set_hashes: tuple[str, ...]) -> str:
    """Return the hash of sets over bars by an engine; a set's hash has its strategy in it."""
    said = json.dumps([bars_hash, engine, set_hashes])
    return hashlib.sha256(said.encode()).hexdigest()[:_HASH_LETTERS]


def strategy_of(module: ModuleType) -> Strategy:
    """Return a strategy as plain data, and have it at hand in this process."""
    source = content_of(module)
    built_in = next((name for name, each in BUILT_IN.items() if each is module), None)
    file = Path(str(module.__file__))
    strategy = Strategy(built_in or file.stem, strategy_digest(module), source, str(file))
    _strategies[strategy.digest] = module
    return strategy


def have_at_hand(market: Market) -> None:
    """Let chunks that are run in this process take these bars as they are."""
    _markets.add(market)


def market_at_hand(bars_hash: str) -> Market | None:
    """Return bars that this process has open, None where it has not."""
    return _markets.get(bars_hash)


def _market_of(chunk: Chunk) -> Market:
    market = _markets.get(chunk.bars_hash)
    if market is None:
        market = kept_market(chunk.bars_folder)
        _markets.add(market)
    return market


def _module_of(strategy: Strategy) -> ModuleType:
    module = _strategies.get(strategy.digest)
    if module is None:
        module = _strategies[strategy.digest] = _loaded(strategy)
    return module


def _loaded(strategy: Strategy) -> ModuleType:
    if strategy.source is None:
        return strategy_named(strategy.name)
    return load_strategy_content(strategy.source, Path(strategy.file))
