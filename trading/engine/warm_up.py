"""Sessions before the first traded one, on which nothing trades (rules, section 1)."""

from __future__ import annotations

from trading.engine.sessions import warm_session
from trading.gate.findings import GateReport, report_of_panel
from trading.gate.state import GateState, end_session
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import clear_rejected, extremes_of, judge_session, new_verdicts
from trading.indicators.past import Past
from trading.indicators.studies import Studies
from trading.market.bars import Prices
from trading.market.daily_bars import days_of, no_daily
from trading.market.panel import Panel


def warm(
    thresholds: GateThresholds,
    gate: GateState,
    studies: Studies,
    past: Past,
    panel: Panel,
) -> GateReport:
    """Let the gate and indicators see sessions; return what the gate found."""
    grid, symbols = panel.grid, len(panel.symbols)
    prices = Prices(*(values.copy() for values in panel.prices))
    verdicts = new_verdicts(grid.rows, symbols)
    days = days_of(grid.sessions)
    daily = no_daily(symbols) if panel.daily is None else panel.daily.of_sessions(grid.sessions)
    for number in range(len(grid.sessions)):
        begin, end = int(grid.first_row[number]), int(grid.first_row[number + 1])
        extremes = extremes_of(prices, begin, end)
        if judge_session(thresholds, gate, extremes, verdicts, prices, begin, end):
            clear_rejected(verdicts, prices, begin, end)
        end_session(thresholds, gate)
        warm_session(
            studies, past, gate.restores, verdicts, prices, begin, end, days, daily, number
        )
    return report_of_panel(verdicts, panel, prices.close)
