"""What the report says beyond its summary: true numbers or words, for any run, without a script."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from blocks.report.analysis.sections import analysis_sections
from blocks.report.page import report_page
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.unit.blocks.report.reader import Elements, element_text, floats
from trading.analysis.trade_details import details_of
from trading.backtest.tables import trades_table

MONTHS = BacktestRequest(
    symbols=("AAA", "SPY"), start=date(2025, 6, 2), end=date(2025, 8, 1), interval_minutes=15,
    settings={"range_minutes": 15, "max_entries": 2, "commission_per_share": 0.01},
    out_of_sample_from=date(2025, 7, 15),
)  # fmt: skip
ALONE = replace(MONTHS, symbols=("AAA",), out_of_sample_from=None)
HALF_DAY = date(2025, 7, 3)
ODD = {
    "no trade": replace(MONTHS, settings={"range_minutes": 15, "max_entries": 0}),
    "one session": replace(ALONE, start=HALF_DAY, end=HALF_DAY),
    "one session, no trade": replace(
        ALONE, start=HALF_DAY, end=HALF_DAY, settings={"range_minutes": 15, "max_entries": 0}
    ),
    "two sessions": replace(MONTHS, start=HALF_DAY, end=date(2025, 7, 7),
                            out_of_sample_from=date(2025, 7, 7)),
    "everything lost": replace(
        ALONE, end=date(2025, 6, 20), capital=300.0,
        settings={"range_minutes": 15, "commission_minimum": 400.0},
    ),
    "bars a minute apart": replace(ALONE, start=HALF_DAY, end=HALF_DAY, interval_minutes=1),
}  # fmt: skip


@pytest.fixture(scope="module")
def report() -> BacktestReport:
    return backtest(MONTHS)


@pytest.fixture(scope="module")
def page(report: BacktestReport) -> bytes:
    return report_page(report.run())


def test_every_question_has_its_section(report: BacktestReport, page: bytes) -> None:
    shown = Elements(page).text
    for name in ("samples", "benchmark", "costs", "drawdowns", "trade-order", "excursions",
                 "rolling", "days"):  # fmt: skip
        assert shown[f"#{name}"].strip(), name

    found = report.analysis
    assert found.benchmark is not None and found.costs is not None
    assert f"{found.benchmark.total_return * 100:+,.2f} %" in shown["#benchmark"].replace("−", "-")
    assert f"{found.costs.slippage:,.2f}" in shown["#costs"]
    assert str(found.drawdowns.deepest[0].trough) in shown["#drawdowns"]
    assert "From 2025-07-15 on" in shown["#samples"]


def test_the_calendar_has_every_session_and_adds_up(report: BacktestReport, page: bytes) -> None:
    calendar = page.decode().split('aria-label="Calendar"')[1].split("</table>")[0]
    cells = re.findall(r'<td class="(?:good|bad)?"[^>]*>([^<]+)</td>|<td[^>]*title[^>]*>([^<]+)<',
                       calendar)  # fmt: skip
    values = [float((a or b).replace("−", "-").replace(",", "")) for a, b in cells]

    traded = [day for day in report.analysis.days.all if day.trades or day.profit]
    assert len(values) == len(traded) > 30
    assert sum(values) == pytest.approx(report.summary.total_pnl, abs=0.01 * len(values))
    weeks = re.findall(r'row">(\d{4}-\d\d-\d\d)<', calendar)
    assert weeks == sorted(weeks, reverse=True)


def test_losses_come_first(report: BacktestReport) -> None:
    days = report.analysis.days
    assert [day.profit for day in days.worst] == sorted(day.profit for day in days.all)[:5]
    depths = [fall.depth for fall in report.analysis.drawdowns.deepest]
    assert depths == sorted(depths) and depths[0] == report.summary.max_drawdown
    assert report.analysis.costs is not None
    legs = [each.slippage + each.fees for each in report.analysis.costs.by_leg]
    assert legs == sorted(legs, reverse=True)


def test_the_scripts_are_given_the_benchmark_and_where_the_run_is_split(
    report: BacktestReport, page: bytes
) -> None:
    facts = json.loads(element_text(page, "run"))
    row, equity, _ = floats(page, "equity", 3)
    (held,) = floats(page, "benchmark", 1)

    assert facts["out_of_sample_from"] == "2025-07-15"
    assert facts["benchmark"] == "SPY"
    assert len(held) == len(equity)
    close = report.panel.close[report.outcome.first_traded and int(
        report.panel.grid.first_row[report.outcome.first_traded]
    ) :, 1]  # fmt: skip
    opened = report.panel.open[report.panel.grid.first_row[report.outcome.first_traded], 1]
    assert held == pytest.approx(10_000 * close[row.astype(int)] / opened)


def test_a_run_in_one_part_without_a_benchmark_says_how_to_have_both() -> None:
    page = report_page(backtest(replace(ALONE, end=date(2025, 6, 6))).run())
    facts, shown = json.loads(element_text(page, "run")), Elements(page).text

    assert (facts["benchmark"], facts["out_of_sample_from"]) == (None, None)
    assert "#samples" not in shown
    assert "--benchmark SYMBOL" in shown["#benchmark"]


def test_details_stand_row_by_row_beside_the_trades(report: BacktestReport) -> None:
    details = details_of(report.analysis, report.outcome)
    trades = trades_table(report.outcome, report.panel.grid, report.plan)
    assert details is not None and len(details) == len(trades) > 30

    # What a trade ended with lies between how far it went against and for its position.
    before_fees = trades["pnl"] + details["fees"]
    assert (details["mae_usd"] <= before_fees + 1e-6).all()
    assert (before_fees <= details["mfe_usd"] + 1e-6).all()
    assert details["slippage"].sum() == pytest.approx(report.analysis.costs.slippage)
    assert details["fees"].sum() == pytest.approx(report.analysis.costs.fees)


@pytest.mark.parametrize("name", ODD)
def test_figures_of_odd_runs_are_numbers_or_words(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        report = backtest(ODD[name])
        written = json.dumps(report.analysis.as_dict(), allow_nan=False)
        page = report_page(report.run())
        sections = analysis_sections(report.run())

    assert json.loads(written)["drawdowns"]["count"] >= 0
    assert not re.search(r"\b(nan|inf|None)\b", sections)
    said = Elements(page).text
    if name in ("no trade", "one session, no trade"):
        assert "never stood below" in said["#drawdowns"]
        assert "No day lost money" in said["#days"]
        assert "#costs" not in said and "#excursions" not in said


def test_returns_that_are_all_equal_have_no_ratio_and_no_warning(report: BacktestReport) -> None:
    flat = replace(
        report.summary, session_returns=tuple(0.0 for _ in report.summary.session_returns)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        same = replace(report, summary=flat)
        sections = analysis_sections(same.run())

    rolling = same.analysis.rolling
    assert rolling is not None and np.isnan(rolling.sharpe).all()
    assert json.loads(json.dumps(same.analysis.as_dict(), allow_nan=False))
    assert "nan" not in sections
