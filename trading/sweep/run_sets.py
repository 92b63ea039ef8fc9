"""Many plans over the same bars, each with the figures that a backtest of it alone has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trading.backtest.performance import Summary, summarise
from trading.backtest.run import run_backtest
from trading.errors import BadInput
from trading.market.bars import Panel
from trading.plan import RunPlan


def run_sets(
    panel: Panel,
    plans: Sequence[RunPlan],
    *,
    first_traded: int = 0,
    threads: int = 1,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[int, Summary | BadInput]]:
    """Yield, for each plan, its place and its figures, or why it has none; in any order.

    All plans trade the panel's symbols at its interval. `threads` run side by side; results are
    the same for any number. `progress(done, total)` is told the plans that are done.
    """
    for place, plan in enumerate(plans):
        try:
            outcome = run_backtest(
                panel, plan, first_traded=first_traded, keep="none", cache_folder=cache_folder
            )
            yield place, summarise(outcome, panel.grid, plan.capital)
        except BadInput as error:
            yield place, error
        if progress is not None:
            progress(place + 1, len(plans))
