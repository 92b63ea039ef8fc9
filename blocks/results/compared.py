"""Kept runs, read to be compared: each named once, and whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from blocks.research_report.comparison.differences import EQUITY_COLUMNS, TRADE_COLUMNS
from blocks.research_report.comparison.run import ComparedRun, flat_parameters
from blocks.results.find_runs import run_named
from blocks.results.kept_run import KeptRun
from trading.errors import BadInput

_MOST_RUNS = len(ascii_uppercase)


def compared_runs(names: Sequence[str], data_dir: Path) -> tuple[ComparedRun, ...]:
    """Return runs by their folders or names, under the letters by which they are compared.

    Raises BadInput for fewer than two, too many, or one named twice; NoData and StoreUnavailable
    as a run's reading does.
    """
    if len(names) < 2:
        raise BadInput("one run alone has nothing to differ from", "Name two or more runs")
    if len(names) > _MOST_RUNS:
        raise BadInput(
            f"{len(names)} runs are too many to compare",
            f"Name {_MOST_RUNS} at most; runs lists any number, with their figures",
        )
    runs = [run_named(name, data_dir) for name in names]
    places: dict[Path, int] = {}
    for number, run in enumerate(runs):
        earlier = places.setdefault(run.folder.resolve(), number)
        if earlier != number:
            one, other = names[earlier], names[number]
            as_what = "" if one == other else f", as {one} and as {other}"
            raise BadInput(
                f"{run.folder} is named twice{as_what}", "Name two runs that are not the same one"
            )
    return tuple(
        _compared(label, name, run)
        for label, name, run in zip(ascii_uppercase, names, runs, strict=False)
    )


def _compared(label: str, name: str, run: KeptRun) -> ComparedRun:
    return ComparedRun(
        label=label,
        name=name,
        engine=run.engine,
        source=run.source,
        bars_hash=run.bars_hash,
        past_hash=run.past_hash,
        parameters=flat_parameters(run.plan),
        first=run.first,
        last=run.last,
        capital=run.capital or 1.0,
        figures=run.summary,
        trades=run.trades(TRADE_COLUMNS),
        equity=run.equity(EQUITY_COLUMNS),
        notes=run.notes,
        is_walk=run.is_walk,
    )
