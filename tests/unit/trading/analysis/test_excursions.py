"""MAE and MFE, bar by bar in plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.backtest.report import BacktestReport
from tests.unit.trading.analysis.runs import SETTINGS, simulated
from trading.analysis import excursions
from trading.analysis.excursions import Excursions, excursions_of
from trading.analysis.offered_prices import offered_prices
from trading.analysis.trade_fills import TradeFills, join_fills
from trading.reasons import FillLeg


def analysed(report: BacktestReport) -> tuple[TradeFills, np.ndarray, Excursions]:
    joined = join_fills(report.outcome, report.panel.grid)
    seen = report.outcome.log.close
    offered = offered_prices(joined, report.panel, seen, report.plan.rules())
    return joined, offered, excursions_of(joined, report.panel, seen, offered)


def plain(report: BacktestReport, joined: TradeFills, offered: np.ndarray, trade: int) -> tuple:
    """Return the worst and the best price of a trade, as the docstring of `excursions` says."""
    panel, seen = report.panel, report.outcome.log.close
    symbol, long = int(joined.trades.symbol[trade]), joined.trades.side[trade] > 0
    entry, last = joined.entry_fill[trade], joined.last_fill[trade]
    inside = offered[entry] != panel.open[joined.row[entry], symbol]
    leg = FillLeg(int(joined.fills.leg[last]))
    worst, best = [joined.fills.price[last]], [joined.fills.price[last]]
    for row in range(joined.row[entry], joined.row[last] + 1):
        if math.isnan(seen[row, symbol]):
            continue
        low, high = panel.low[row, symbol], panel.high[row, symbol]
        bad, good = (low, high) if long else (high, low)
        is_first, is_last = row == joined.row[entry], row == joined.row[last]
        if is_last and leg == FillLeg.EXIT:
            continue
        if is_last and leg == FillLeg.STOP:
            if not (is_first and inside):
                worst.append(panel.open[row, symbol])
                best.append(panel.open[row, symbol])
            continue
        worst.append(bad)
        if is_last and leg == FillLeg.TARGET:
            continue
        best.append(seen[row, symbol] if is_first and inside else good)
    return (min(worst), max(best)) if long else (max(worst), min(best))


@pytest.mark.parametrize("name", SETTINGS)
def test_excursions_are_those_of_plain_loops(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # So few that trades are looked at in several parts.
    monkeypatch.setattr(excursions, "_CELLS_AT_A_TIME", 100)
    report = simulated(**SETTINGS[name])
    joined, offered, found = analysed(report)

    trades = joined.trades
    assert len(trades.pnl) > 20
    for trade in range(len(trades.pnl)):
        worst, best = plain(report, joined, offered, trade)
        side, entry = trades.side[trade], trades.entry_price[trade]
        mae, mfe = min(0, side * (worst - entry)), max(0, side * (best - entry))
        risk = abs(entry - trades.initial_stop[trade])
        quantity = trades.quantity[trade]
        assert found.mae_usd[trade] == pytest.approx(mae * quantity, abs=1e-9)
        assert found.mfe_usd[trade] == pytest.approx(mfe * quantity, abs=1e-9)
        assert found.mae_r[trade] == pytest.approx(mae / risk)
        assert found.mfe_r[trade] == pytest.approx(mfe / risk)


def test_a_trade_ends_between_its_excursions() -> None:
    report = simulated(max_entries=3, commission_per_share=0.0)
    _, _, found = analysed(report)
    pnl = report.outcome.trades[:, 8]

    assert (found.mae_usd <= pnl + 1e-6).all() and (pnl <= found.mfe_usd + 1e-6).all()
