"""The steps of a walk-forward test: draw sets, load bars, walk, judge, write."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from blocks.process.cache_folder import engine_cache_folder
from tasks.backtest.run import Progress, engine_version
from tasks.sweep.batch import Refused, by_market, plan_base
from tasks.sweep.chunk import Strategy, plan_of_set, strategy_of
from tasks.sweep.market import Market, load_market
from tasks.sweep.request import SweepRequest
from tasks.walk_forward.choices import FOLDER, KeptChoices
from tasks.walk_forward.folder import check_walk_folder
from tasks.walk_forward.report import WalkReport
from tasks.walk_forward.request import WalkRequest, check_walk
from trading.backtest.performance import trade_columns
from trading.errors import BadInput
from trading.plan import strategy_named
from trading.statistics.monte_carlo import monte_carlo
from trading.sweep.parameter_set import ParameterSet, set_hash_of
from trading.sweep.space import parse_space, sets_of
from trading.walk_forward.candidates import Candidates, memory_of
from trading.walk_forward.verdict import judge_walk
from trading.walk_forward.walk import Walk, walk_forward


def walk(request: WalkRequest, progress: Progress | None = None) -> WalkReport:
    """Return the report of a walk-forward test, written to its folder.

    `progress(step, done, total)` is told of each step. Raises BadInput for a request that cannot
    be served and StoreUnavailable when results cannot be written; the choices of windows that
    were over stay, and the same request goes on with them.
    """
    check_walk(request)
    tell = progress or _tell_nobody
    asked = request.sweep
    module = asked.base.strategy_module or strategy_named(
        str(asked.base.settings.get("strategy", "orb"))
    )
    space = parse_space(asked.grid)
    check_walk_folder(asked.out)
    tell("drawing sets", 0, 1)
    sets = {each.number: each for each in sets_of(space, asked.random, asked.seed)}
    on_bars = _load(asked, module, list(sets.values()), tell)
    strategy, engine = strategy_of(module), engine_version(module)
    choices = KeptChoices(asked.out / FOLDER, on_bars.hash(strategy, engine, asked.objective))
    walked = _walk(request, on_bars.candidates, choices, tell)
    tell("judging", 0, 1)
    ran = sum(len(each.numbers) for each in on_bars.candidates)
    idle = sum(not run.summary.initial_equity > 0 for run in walked.windows)
    report = WalkReport(
        request,
        walked,
        space.names,
        sets,
        tuple(on_bars.refused),
        judge_walk(walked, ran * (len(walked.windows) - idle), seed=asked.seed),
        monte_carlo(
            trade_columns(walked.joined.outcome).pnl,
            np.array(walked.summary.session_returns),
            asked.base.capital,
            asked.seed,
        ),
        strategy,
        engine,
        on_bars.markets,
    )
    tell("writing results", 0, 1)
    report.write(asked.out)
    choices.forget_others()
    return report


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
        daily = market.panel.daily
        loaded = replace(
            base,
            symbols=market.panel.symbols,
            daily_bars_sha256="" if daily is None else daily.sha256,
        )
        plans = tuple(plan_of_set(loaded, each.values, module) for each in members)
        numbers = tuple(each.number for each in members)
        candidates.append(Candidates(market.panel, market.first_traded, numbers, plans))
        markets.append(market)
    if not candidates:
        raise BadInput(
            f"none of the {len(sets):,} sets can be run: {refused[0].why}",
            "Mend that for all of them, or sweep other values",
        )
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
    cache_folder: Path | None = engine_cache_folder()
    try:
        return run(cache_folder=cache_folder)
    except OSError:
        # An engine touches no file but those of its cache, and runs as well without.
        if cache_folder is None:
            raise
        return run(cache_folder=None)


def _tell_nobody(step: str, done: int, total: int) -> None:
    """Stand in for a progress bar."""
