"""The steps of a walk-forward test: draw sets, load bars, walk, judge, write."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from blocks.process.files.cache_folder import with_engine_cache
from tasks.backtest.engine_version import engine_version
from tasks.backtest.request import module_of
from tasks.backtest.run import Progress, tell_nobody
from tasks.sweep.batch import Refused, by_market, loaded_base, plan_base
from tasks.sweep.chunk import Strategy, plan_of_set, strategy_of
from tasks.sweep.folder import own_folder
from tasks.sweep.market import Market, load_market
from tasks.sweep.record import refuse_changed
from tasks.sweep.request import SweepRequest
from tasks.sweep.sweep import nothing_ran
from tasks.walk_forward.choices import FOLDER, KeptChoices
from tasks.walk_forward.folder import OF_WALK
from tasks.walk_forward.report import WalkReport
from tasks.walk_forward.request import WalkRequest, asked_walk, check_walk
from trading.backtest.performance import trade_columns
from trading.errors import BadInput
from trading.statistics.cost_sensitivity import CostSensitivity, cost_sensitivity
from trading.statistics.monte_carlo import MonteCarlo, monte_carlo
from trading.sweep.parameter_names import settled
from trading.sweep.parameter_set import ParameterSet, set_hash_of
from trading.sweep.space import parse_space, sets_of
from trading.walk_forward.candidates import Candidates, memory_of
from trading.walk_forward.verdict import judge_walk
from trading.walk_forward.walk import Walk, traded_again, walk_forward


def walk(request: WalkRequest, progress: Progress | None = None) -> WalkReport:
    """Return the report of a walk-forward test, written to its folder.

    `progress(step, done, total)` is told of each step. Raises BadInput for a request that cannot
    be served and StoreUnavailable when results cannot be written; the choices of windows that
    were over stay, and the same request goes on with them.
    """
    check_walk(request)
    tell = progress or tell_nobody
    asked = request.sweep
    module = module_of(asked.base)
    space = settled(parse_space(asked.grid), module)
    tell("drawing sets", 0, 1)
    sets = {each.number: each for each in sets_of(space, asked.random, asked.seed)}
    with own_folder(asked.out, asked_walk(request), OF_WALK):
        on_bars = _load(asked, module, list(sets.values()), tell)
        strategy, engine = strategy_of(module), engine_version(module)
        choices = KeptChoices(asked.out / FOLDER, on_bars.hash(strategy, engine, asked.objective))
        walked = _walk(request, on_bars.candidates, choices, tell)
        if all(run.chosen.number is None for run in walked.windows):
            _refuse_nothing_ran(on_bars, walked, sets)
        tell("judging", 0, 1)
        report = WalkReport(
            request,
            walked,
            space.names,
            sets,
            tuple(on_bars.refused),
            judge_walk(walked, on_bars.tries(walked), seed=asked.seed),
            _drawn_again(walked, asked),
            _costs(walked, on_bars.candidates, asked),
            strategy,
            engine,
            on_bars.markets,
        )
        tell("writing results", 0, 1)
        refuse_changed(asked.out, report.as_dict(), OF_WALK)
        report.write(asked.out)
        choices.forget_others()
    return report


def _refuse_nothing_ran(on_bars: _OnBars, walked: Walk, sets: Mapping[int, ParameterSet]) -> None:
    """Raise BadInput where no window had a set that could be run, as when a strategy fails."""
    every = {number for each in on_bars.candidates for number in each.numbers}
    if all(set(run.chosen.refused) == every for run in walked.windows):
        whys = walked.windows[0].chosen.refused
        failed = [Refused(number, sets[number].values, why) for number, why in whys.items()]
        raise nothing_ran([*on_bars.refused, *failed])


def _drawn_again(walked: Walk, asked: SweepRequest) -> MonteCarlo:
    returns = np.array(walked.summary.session_returns)
    pnl = trade_columns(walked.joined.outcome).pnl
    return monte_carlo(pnl, returns, asked.base.capital, asked.seed)


def _costs(
    walked: Walk, candidates: Sequence[Candidates], asked: SweepRequest
) -> CostSensitivity | None:
    """Return what slippage leaves of the choices, None where none was traded."""
    if all(run.chosen.number is None for run in walked.windows):
        return None

    def run(cache_folder: Path | None) -> CostSensitivity:
        return cost_sensitivity(
            partial(
                traded_again,
                walked,
                candidates,
                capital=asked.base.capital,
                cache_folder=cache_folder,
            )
        )

    return with_engine_cache(run)


@dataclass(frozen=True)
class _OnBars:
    """Sets on the bars that they need, and those that could not be."""

    candidates: tuple[Candidates, ...]
    markets: tuple[Market, ...]
    refused: list[Refused]

    def hash(self, strategy: Strategy, engine: str, objective: str) -> str:
        """Return a hash of all that decides what is chosen on some sessions with a capital."""
        digest = hashlib.sha256(json.dumps([engine, objective]).encode())
        for market, each in zip(self.markets, self.candidates, strict=True):
            digest.update(market.hash.encode())
            for number, plan in zip(each.numbers, each.plans, strict=True):
                digest.update(f"{number} {set_hash_of(plan, strategy.digest)}".encode())
        return digest.hexdigest()

    def tries(self, walked: Walk) -> int:
        """Return how many sets were run in all windows."""
        sets = sum(len(each.numbers) for each in self.candidates)
        windows = [run for run in walked.windows if run.summary.initial_equity > 0]
        return sum(sets - len(run.chosen.refused) for run in windows)


def _load(
    asked: SweepRequest, module: ModuleType, sets: Sequence[ParameterSet], tell: Progress
) -> _OnBars:
    base = plan_base(asked.base)
    groups, refused = by_market(sets, base, module)
    candidates, markets = [], []
    for key, members in groups.items():
        tell("loading bars", 0, 1)
        try:
            market = load_market(asked.base, key)
        except BadInput as error:
            refused += [Refused(each.number, each.values, str(error)) for each in members]
            continue
        loaded = loaded_base(base, market)
        plans = tuple(plan_of_set(loaded, each.values, module) for each in members)
        numbers = tuple(each.number for each in members)
        candidates.append(Candidates(market.panel, market.first_traded, numbers, plans))
        markets.append(market)
    if not candidates:
        raise nothing_ran(refused)
    refused.sort(key=lambda each: each.number)
    return _OnBars(tuple(candidates), tuple(markets), refused)


def _walk(
    request: WalkRequest, candidates: Sequence[Candidates], choices: KeptChoices, tell: Progress
) -> Walk:
    lengths = request.lengths(memory_of(candidates))
    sets = sum(len(each.plans) for each in candidates)

    def told(done: int, total: int) -> None:
        window = min(done // sets + 1, total // sets)
        tell(f"window {window} of {total // sets}", done, total)

    run = partial(
        walk_forward,
        candidates,
        lengths,
        request.sweep.objective,
        capital=request.sweep.base.capital,
        threads=request.sweep.workers or os.cpu_count() or 1,
        progress=told,
        choices=choices,
    )
    return with_engine_cache(lambda cache_folder: run(cache_folder=cache_folder))
