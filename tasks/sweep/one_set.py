"""One set of a finished sweep again, with its trades, from the sweep's own record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from blocks.results.folder import write_results
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest, module_of
from tasks.backtest.run import Progress, backtest
from tasks.sweep.batch import by_market, loaded_base, plan_base
from tasks.sweep.chunk import plan_of_set, strategy_of
from tasks.sweep.folder import RECORD, RESULTS, SETS
from tasks.sweep.market import load_market
from tasks.sweep.record import base_request
from trading.errors import BadInput
from trading.sweep.parameter_set import (
    SYMBOLS,
    ParameterSet,
    interval_in,
    parameters_in,
    set_hash_of,
)
from trading.sweep.table import SET_HASH, SET_NUMBER, figures_schema, figures_table


def run_set_again(
    out: Path, named: str, progress: Progress | None = None
) -> tuple[BacktestReport, Path]:
    """Write the results of a set, named by its hash or its number, as those of a backtest.

    Returns the report and its folder in the sweep's. Raises BadInput where there is no such set,
    and where bars, strategy or engine are no longer those of the sweep.
    """
    record, results = _read(out)
    row = _row_of(results, named, out, record)
    each = ParameterSet(
        row[SET_NUMBER], {name: _value(name, row[name]) for name in record["parameters"]}
    )
    base = base_request(record["request"])
    _refuse_changed(each, row[SET_HASH], base, record)
    tell = progress or (lambda step, done, total: None)
    report = backtest(_request_of(base, each), tell)
    if figures_table([report.summary]).row(0) != tuple(row[name] for name in figures_schema()):
        raise BadInput(
            f"set {each.number} no longer comes to what {out / RESULTS} has: the sweep was run by"
            f" engine {record['engine_version']}",
            "Run the sweep again into another --out",
        )
    folder = out / SETS / str(row[SET_HASH])
    tell("writing results", 0, 1)
    write_results(folder, report.results(page=True))
    return report, folder


def _read(out: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    try:
        record = json.loads((out / RECORD).read_bytes())
        return record, pl.read_parquet(out / RESULTS)
    except FileNotFoundError as error:
        raise BadInput(
            f"{out} holds no finished sweep", "Name the folder that --out named, or finish it"
        ) from error
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise BadInput(
            f"the sweep in {out} cannot be read: {error}", "Run it again into another --out"
        ) from error


def _row_of(results: pl.DataFrame, named: str, out: Path, record: dict[str, Any]) -> dict[str, Any]:
    column = results[SET_HASH].to_list()
    if named in column:
        return results.row(column.index(named), named=True)
    numbers = results[SET_NUMBER].to_list()
    if named.isdecimal() and int(named) in numbers:
        return results.row(numbers.index(int(named)), named=True)
    for each in record["refused"]:
        if named == str(each["set_number"]):
            raise BadInput(f"set {named} was refused: {each['why']}", "It has no trades")
    raise BadInput(
        f"no set of {out} has the set_hash or set_number {named!r}",
        f"Take one from {out / RESULTS}; the first is {column[0]}",
    )


def _value(name: str, value: Any) -> Any:
    """Return a value of the table as its parameter takes it."""
    if name == SYMBOLS:
        return tuple(value.split("+"))
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _refuse_changed(
    each: ParameterSet, set_hash: str, request: BacktestRequest, record: dict[str, Any]
) -> None:
    module = module_of(request)
    base = plan_base(request)
    groups, refused = by_market([each], base, module)
    if refused:
        raise BadInput(refused[0].why, "The engine is no longer that of the sweep: run it again")
    market = load_market(request, next(iter(groups)))
    if market.hash not in {bars["hash"] for bars in record["bars"]}:
        raise BadInput(
            f"the bars of {market.source} changed since the sweep was run over them",
            "Put them back, or run the sweep again into another --out",
        )
    plan = plan_of_set(loaded_base(base, market), each.values, module)
    if set_hash_of(plan, strategy_of(module).digest) != set_hash:
        raise BadInput(
            "the strategy or its parameters changed since the sweep was run",
            "Put the strategy back, or run the sweep again into another --out",
        )


def _request_of(base: BacktestRequest, each: ParameterSet) -> BacktestRequest:
    return replace(
        base,
        symbols=each.values.get(SYMBOLS, base.symbols),
        interval_minutes=interval_in(each.values, base.interval_minutes),
        settings={**base.settings, **parameters_in(each.values)},
    )
