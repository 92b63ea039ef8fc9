"""A sweep: sets drawn from a grid, run chunk by chunk over bars that are loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.backtest.request import plan_of
from tasks.backtest.run import Progress, engine_version
from tasks.sweep.batch import Refused, Runs, by_market, chunk_size, chunks_of, plan_base
from tasks.sweep.chunk import Chunk, ChunkResult, have_at_hand, run_chunk, strategy_of
from tasks.sweep.chunk_files import keep_chunk, read_chunk
from tasks.sweep.market import Market, load_market
from tasks.sweep.request import SweepRequest, check_sweep
from trading.errors import BadInput, StoreUnavailable
from trading.sweep.parameter_set import ParameterSet
from trading.sweep.space import Space, all_sets, drawn_sets, parse_space
from trading.sweep.table import SET_NUMBER, parameters_table

RESULTS = "results.parquet"
BARS = "bars"
# Told (step, done, total): the sets that are done, of those that were not when it began.
ChunkRunner = Callable[[Iterable[Chunk]], Iterator[ChunkResult]]


@dataclass(frozen=True)
class SweepReport:
    """A finished sweep: `results` a row a set that ran, in the order of set numbers."""

    results: pl.DataFrame
    refused: tuple[Refused, ...]
    parameters: tuple[str, ...]


def sweep(
    request: SweepRequest, progress: Progress | None = None, runner: ChunkRunner | None = None
) -> SweepReport:
    """Return the report of a sweep, written to its folder.

    `runner` runs chunks where they are not run in this process; their results may come in any
    order. Raises BadInput for a request that cannot be served.
    """
    check_sweep(request)
    space = parse_space(request.grid)
    # What is wrong with the parameters that are not swept is wrong with every set.
    plan = plan_of(request.base)
    base = plan_base(request.base)
    sets = list(_sets_of(request, space))
    strategy = strategy_of(plan.strategy_module, plan.strategy_name)
    runs = Runs(
        plan.strategy_module,
        strategy,
        engine_version(plan),
        request.out / BARS,
        request.workers or os.cpu_count() or 1,
    )
    groups, refused = by_market(sets, base, runs.module)
    tables: list[pl.DataFrame] = []
    for key, members in groups.items():
        try:
            market = load_market(request.base, key)
        except BadInput as error:
            refused += [Refused(each.number, each.values, str(error)) for each in members]
            continue
        size = chunk_size(len(sets), len(groups), market.panel.close.size)
        for chunk, table in _ran(
            chunks_of(members, market, base, runs, size), market, request.out, progress, runner
        ):
            numbers = [each.number for each in chunk.sets]
            tables.append(table.with_columns(pl.Series(SET_NUMBER, numbers, pl.Int64)))
    return _report_of(request, space, sets, tables, refused)


def _sets_of(request: SweepRequest, space: Space) -> Iterator[ParameterSet]:
    if request.random is None:
        return all_sets(space)
    return drawn_sets(space, request.random, request.seed)


def _ran(
    chunks: list[Chunk],
    market: Market,
    out: Path,
    progress: Progress | None,
    runner: ChunkRunner | None,
) -> Iterator[tuple[Chunk, pl.DataFrame]]:
    """Yield every chunk with its table, those first that are done already."""
    missing = []
    for chunk in chunks:
        table = read_chunk(out, chunk)
        if table is None:
            missing.append(chunk)
        else:
            yield chunk, table
    have_at_hand(market)
    results = map(run_chunk, missing) if runner is None else runner(missing)
    by_hash = {chunk.hash: chunk for chunk in missing}
    for result in results:
        chunk = by_hash[result.hash]
        keep_chunk(out, chunk, result)
        table = read_chunk(out, chunk)
        if table is None:
            raise StoreUnavailable(f"a chunk in {out} cannot be read back", "Check its disk")
        yield chunk, table


def _report_of(
    request: SweepRequest,
    space: Space,
    sets: list[ParameterSet],
    tables: list[pl.DataFrame],
    refused: list[Refused],
) -> SweepReport:
    ran = pl.concat(tables).sort(SET_NUMBER)
    refused += [
        Refused(number, sets[number].values, why)
        for number, why in ran.select(SET_NUMBER, "why").drop_nulls().iter_rows()
    ]
    ran = ran.filter(pl.col("why").is_null()).drop("why")
    values = [sets[number].values for number in ran[SET_NUMBER]]
    results = pl.concat(
        [
            ran.select(SET_NUMBER),
            parameters_table(space.names, values),
            ran.drop(SET_NUMBER, "set_hash"),
            ran.select("set_hash"),
        ],
        how="horizontal",
    )
    request.out.mkdir(parents=True, exist_ok=True)
    results.write_parquet(request.out / RESULTS)
    refused.sort(key=lambda each: each.number)
    return SweepReport(results, tuple(refused), space.names)
