"""A sweep: sets drawn from a grid, run over bars that are loaded once, and the best judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from tasks.backtest.request import module_of
from tasks.backtest.run import Progress, tell_nobody
from tasks.sweep.batch import Refused
from tasks.sweep.best import aligned_returns, all_sessions, best_row, judged, worths_of
from tasks.sweep.chunk import ChunkRunner
from tasks.sweep.folder import forget_other_chunks, own_folder
from tasks.sweep.optuna_search import search
from tasks.sweep.record import asked_record, refuse_changed
from tasks.sweep.report import MarketUse, SweepReport
from tasks.sweep.request import LOCAL, SweepRequest, check_sweep
from tasks.sweep.set_runner import SetRunner
from trading.backtest.performance import Json
from trading.counted import counted
from trading.errors import BadInput
from trading.sweep.parameter_names import settled
from trading.sweep.parameter_set import ParameterSet
from trading.sweep.space import Space, parse_space, sets_of
from trading.sweep.table import SET_HASH, SET_NUMBER, parameters_table


def sweep(
    request: SweepRequest, progress: Progress | None = None, runner: ChunkRunner | None = None
) -> SweepReport:
    """Return the report of a sweep, written to its folder.

    `progress(step, done, total)` is told of each step; `runner` runs chunks where this process
    does not. Raises BadInput for a request that cannot be served and StoreUnavailable when
    results cannot be written; what was finished until then stays, for the same request.
    """
    check_sweep(request)
    if request.runner != LOCAL and runner is None:
        raise BadInput(f"runner {request.runner} cannot be called from here", "Use --runner local")
    tell = progress or tell_nobody
    module = module_of(request.base)
    space = settled(parse_space(request.grid), module)
    asked = asked_record(request)
    # It may be too large: that is said before a folder is made.
    drawn = _known_sets(request, space)
    with own_folder(request.out, asked):
        running = SetRunner(request, module, tell, runner)
        refuse_changed(request.out, running.code_record())
        sets = _run(request, space, running, drawn)
        tell("judging the best", 0, 1)
        report = _report_of(request, space, sets, running, asked)
        refuse_changed(request.out, report.as_dict())
        report.write(request.out)
        forget_other_chunks(request.out, running.chunk_hashes)
    return report


def _known_sets(request: SweepRequest, space: Space) -> Iterator[ParameterSet]:
    """Return the sets that are known before any is run: none where Optuna chooses them."""
    if request.optuna is not None:
        return iter(())
    return sets_of(space, request.random, request.seed)


def _run(
    request: SweepRequest, space: Space, running: SetRunner, drawn: Iterator[ParameterSet]
) -> list[ParameterSet]:
    if request.optuna is None:
        sets = list(drawn)
        running.run(sets, len(sets))
        return sets
    wanted = request.optuna

    def evaluate(batch: Sequence[ParameterSet]) -> dict[int, float]:
        worth: dict[int, float] = {}
        for table in running.run(batch, min(wanted, space.size)):
            worth |= zip(table[SET_NUMBER], worths_of(table, request.objective), strict=True)
        return worth

    return search(space, wanted, request.seed, evaluate)


def _report_of(
    request: SweepRequest,
    space: Space,
    sets: list[ParameterSet],
    running: SetRunner,
    asked: dict[str, Json],
) -> SweepReport:
    refused = tuple(sorted(running.refused, key=lambda each: each.number))
    results = _results(space, sets, running, refused)
    # In the order of sets, whoever was done first.
    used = Counter(running.places[number].key for number in results[SET_NUMBER])
    uses = {key: MarketUse(running.markets[key], count) for key, count in used.items()}
    days = {key: use.sessions for key, use in uses.items()}
    sessions = [days[running.places[number].key] for number in results[SET_NUMBER]]
    returns = aligned_returns(results, sessions)
    best, objective = best_row(results, request.objective)
    plan, market = running.plan_and_market(sets[results[SET_NUMBER][best]])
    notes = [note for use in uses.values() for note in use.market.notes]
    if objective is not request.objective:
        notes.append(f"no set has a {request.objective}: the best is by {objective}")
    wanted = request.random or request.optuna or 0
    if wanted > len(sets) == space.size:
        notes.append(f"the grid has no more than {len(sets):,} sets: all of them are run")
    elif wanted > len(sets):
        notes.append(f"Optuna found no more than {len(sets):,} different sets worth a try")
    return SweepReport(
        asked,
        space.size,
        space.names,
        results,
        refused,
        best,
        objective,
        judged(returns, best, market, plan, request.seed),
        all_sessions(sessions),
        returns,
        tuple(uses.values()),
        running.strategy.name,
        running.strategy.digest,
        running.engine,
        tuple(dict.fromkeys(notes)),
        request.base.is_simulated,
        running.kept,
    )


def _results(
    space: Space, sets: list[ParameterSet], running: SetRunner, refused: tuple[Refused, ...]
) -> pl.DataFrame:
    if not running.places:
        raise nothing_ran(refused)
    ran = pl.concat(running.tables).sort(SET_NUMBER)
    values = [sets[number].values for number in ran[SET_NUMBER]]
    parts = [
        ran.select(SET_NUMBER),
        parameters_table(space.names, values),
        ran.drop(SET_NUMBER, SET_HASH),
        ran.select(SET_HASH),
    ]
    return pl.concat(parts, how="horizontal").rechunk()


def nothing_ran(refused: Sequence[Refused]) -> BadInput:
    """Return what is wrong where no set could be run."""
    whys = list(dict.fromkeys(each.why.rstrip(".") for each in refused))
    others = f", and {counted(len(whys) - 1, 'other reason')}" if len(whys) > 1 else ""
    count = "the only set" if len(refused) == 1 else f"none of {len(refused):,} sets"
    cannot = "cannot" if len(refused) == 1 else "can"
    return BadInput(f"{count} {cannot} be run: {whys[0]}{others}", "Change what is named")
