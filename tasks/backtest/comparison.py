"""What a backtest is compared with, checked before it is run: a benchmark, and two parts of it."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.report.tear_sheet import refuse_tear_sheet
from tasks.backtest.benchmark import benchmark_of
from tasks.backtest.request import BacktestRequest
from trading.analysis.benchmark import Benchmark
from trading.analysis.samples import refuse_bad_split
from trading.errors import BadInput
from trading.market.panel import Panel


@dataclass(frozen=True, slots=True)
class Comparison:
    """A benchmark, None where there is none, and what a reader must know of it."""

    benchmark: Benchmark | None
    notes: tuple[str, ...]


def compare_with(request: BacktestRequest, panel: Panel, first_traded: int) -> Comparison:
    """Return what a request's run over a panel is compared with.

    Raises BadInput for a benchmark, a date or a tear sheet that cannot be had.
    """
    sessions = panel.grid.sessions[first_traded:]
    refuse_bad_split(request.out_of_sample_from, sessions)
    if request.tear_sheet:
        if request.out is None:
            raise BadInput("a tear sheet is a file, and no folder takes it", "Give --out DIR")
        refuse_tear_sheet(len(sessions))
    return Comparison(*benchmark_of(request, panel, first_traded))
