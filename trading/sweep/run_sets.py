"""Many plans over the same bars, each with the figures that a backtest of it alone has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from trading.backtest.frame import Frame
from trading.backtest.performance import Summary
from trading.errors import BadInput
from trading.market.panel import Panel
from trading.plan import RunPlan
from trading.sweep.machine import machine_for
from trading.sweep.readings import ReadAlike, parted, sets_by_reading
from trading.sweep.set_worker import Result, SetWorker, sets_at_a_time
from trading.sweep.side_by_side import side_by_side


def run_sets(
    panel: Panel,
    plans: Sequence[RunPlan],
    *,
    first_traded: int = 0,
    threads: int = 1,
    compiled: bool | None = None,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[int, Summary | BadInput]]:
    """Yield, for each plan, its place and its figures, or why it has none; in any order.

    All plans trade the panel's symbols at its interval, with one strategy. `threads` run side by
    side in machine code; results are the same for any number, and for either way that `compiled`
    says as `run_backtest` takes it. `progress(done, total)` is told the plans that are done.
    """
    frame = Frame(panel)
    alike, refused = sets_by_reading(frame, plans)
    results = _results(frame, alike, refused, first_traded, threads, compiled, cache_folder)
    for done, result in enumerate(results, start=1):
        yield result
        if progress is not None:
            progress(done, len(plans))


def _results(
    frame: Frame,
    alike: list[ReadAlike],
    refused: list[tuple[int, BadInput]],
    first_traded: int,
    threads: int,
    compiled: bool | None,
    cache_folder: Path | None,
) -> Iterator[Result]:
    yield from refused
    if not alike:
        return
    sets = sum(len(each.sets) for each in alike)
    bars = frame.panel.close.size * sets
    machine = machine_for(alike[0].sets[0].plan, bars, compiled, cache_folder)
    # The interpreter runs one thread at a time.
    busy = threads if machine.linked.compiled else 1
    # No thread is to wait for another that has many sets left.
    most_sets = max(1, min(sets_at_a_time(frame), -(-sets // busy)))

    def make_worker(stopped: Event) -> Callable[[ReadAlike], Iterator[Result]]:
        return SetWorker(frame, machine, first_traded, stopped).work

    yield from side_by_side(make_worker, parted(alike, most_sets), busy)
