"""The report: it says what the run says, shows its bars unchanged, and loads nothing."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace
from datetime import date
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from blocks.report.candles import pack_days
from blocks.report.data import (
    MOST_POINTS,
    changes,
    days_by_interest,
    drawdown_of,
    equity_points,
)
from blocks.report.figures import headline
from blocks.report.html.packed_numbers import LARGEST, pack, zigzag
from blocks.report.page import report_page
from blocks.report.returns import compounded, returns_table
from blocks.report.run import ReportRun
from blocks.report.trades import PAGE_COLUMNS
from blocks.report.words import DEFECT_WORDS
from blocks.results.folder import REPORT, read_results, write_results
from flows.pages.backtest_figures import figures
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.shared_data import REAL_BARS, needs_real_bars
from tests.unit.blocks.report.reader import (
    Elements,
    element_bytes,
    element_text,
    floats,
    panel_bars,
    signed,
    simulated,
    unpacked_bars,
    whole_numbers,
)
from trading.backtest.tables import trades_table
from trading.engine.tapes.trade_tape import TradeRow
from trading.gate.findings import GateReport
from trading.market.calendar import exchange_timezone, make_grid, sessions_between
from trading.market.panel import Defects, Panel
from trading.reasons import EXIT_TARGET, ExitReason, Reason

EVIL = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "A&amp;B</title>")
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def report() -> BacktestReport:
    return simulated(max_entries=3, commission_per_share=0.01)


@pytest.fixture(scope="module")
def run(report: BacktestReport) -> ReportRun:
    return report.run()


@pytest.fixture(scope="module")
def page(run: ReportRun) -> bytes:
    return report_page(run)


def odd_panel(*, fractional: bool) -> Panel:
    """Return bars from the cheapest to the dearest, many of them missing, one day without any."""
    grid = make_grid(sessions_between("NYSE", date(2025, 7, 2), date(2025, 7, 8)), 5)
    draw = np.random.default_rng(3)
    shape = (grid.rows, 3)
    units = draw.integers(1, [3000, 10**6, 8 * 10**9], size=(4, *shape))
    opened, close = units[0], units[1]
    high = np.maximum(opened, close) + units[2] // 100
    low = np.maximum(1, np.minimum(opened, close) - units[3] // 100)
    volume = draw.integers(0, 10**9, size=shape) / (10000 if fractional else 1)
    columns = [values / 10000 for values in (opened, high, low, close)] + [volume]
    missing = draw.random(shape) < 0.3
    missing[grid.first_row[1] : grid.first_row[2], 1] = True
    for column in columns:
        column[missing] = np.nan
    return Panel(grid, ("A", "B", "C"), *columns, Defects())


def test_the_page_loads_nothing(page: bytes) -> None:
    library = (files("blocks") / "report/assets/lightweight-charts.js").read_text()
    text = page.decode()
    assert library in text
    # Links that are followed by a click alone: the maker of the library, as its licence asks.
    text = text.replace(library, "").replace('<a href="https://www.tradingview.com/"', "<a")
    elements = Elements(page).found

    assert "http:" not in text and "https:" not in text
    assert not re.search(r"""@import|url\(|fetch\(|XMLHttpRequest|WebSocket|import\(|["'(=]//""",
                         re.sub(r'id="data-[^>]*>[^<]*<', "", text))  # fmt: skip
    assert not [own for _, own in elements if "src" in own or "srcset" in own]
    # A page without a picture for its tab has its server asked for one.
    assert [own["href"] for tag, own in elements if "href" in own and tag != "a"] == ["data:,"]
    links = {str(own["href"]) for tag, own in elements if "href" in own and tag == "a"}
    assert {link for link in links if link[0] != "#"} == {"https://www.tradingview.com/"}
    policy = next(own["content"] for tag, own in elements if own.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'")
    assert str(policy).endswith("img-src data:")


def test_headline_figures_are_those_of_the_summary(run: ReportRun, page: bytes) -> None:
    said = Elements(page).text["#summary"]
    of = run.summary
    assert of.max_drawdown is not None and of.win_rate is not None and of.expectancy_r is not None

    def written(value: float, form: str) -> str:
        return format(value, form).replace("-", MINUS)

    assert written(of.total_pnl, "+,.2f") + " USD" in said
    assert written(of.total_return * 100, "+,.2f") + " %" in said
    assert written(of.max_drawdown * 100, "+,.2f") + " %" in said
    assert f"{of.trades:,}" in said
    assert f"{of.long.wins + of.short.wins:,} earned money: {of.win_rate * 100:.1f} %" in said
    assert written(of.expectancy_r, "+.3f") + " R" in said
    assert f"{of.initial_equity:,.2f} became {of.final_equity:,.2f} USD" in said


def test_groups_add_up_to_the_profit(run: ReportRun, page: bytes) -> None:
    rows = re.findall(r'<tr><th scope="row">[^<]*</th>(.*?)</tr>', page.decode(), re.DOTALL)
    groups = [re.findall(r'<td class="number ?\w*">([^<]*)</td>', row) for row in rows]
    bars = [cells for cells, row in zip(groups, rows, strict=True) if 'class="bar"' in row]

    trades = sum(int(cells[0].replace(",", "")) for cells in bars)
    profit = sum(float(cells[-1].replace(",", "").replace(MINUS, "-")) for cells in bars)

    # By symbol, hour, weekday, exit, side and holding time.
    assert trades == 6 * run.summary.trades
    assert profit == pytest.approx(6 * run.summary.total_pnl, abs=0.01 * len(bars))


def test_every_trade_is_on_the_page(report: BacktestReport, page: bytes) -> None:
    trades = trades_table(report.outcome, report.panel.grid, report.plan)
    columns = dict(zip(PAGE_COLUMNS, floats(page, "trades", len(PAGE_COLUMNS)), strict=True))
    facts = json.loads(element_text(page, "run"))

    symbols = [facts["symbols"][int(number)] for number in columns["symbol"]]
    assert symbols == trades["symbol"].to_list()
    assert columns["pnl"].tolist() == trades["pnl"].to_list()
    assert columns["entry_price"].tolist() == trades["entry_price"].to_list()
    assert columns["exit_price"].tolist() == trades["exit_price"].to_list()
    assert columns["quantity"].tolist() == trades["quantity"].to_list()
    exits = [facts["exits"][int(number)][0] for number in columns["exit_reason"]]
    assert exits == trades["exit_reason"].to_list()
    for end in ("entry", "exit"):
        us = report.outcome.equity_us[columns[f"{end}_row"].astype(int)]
        assert us.tolist() == trades[f"{end}_time"].dt.timestamp("us").to_list()
    dates = [date.fromisoformat(each) for each in facts["dates"]]
    of_row = np.searchsorted(facts["firstRows"], columns["entry_row"], side="right") - 1
    assert [dates[number] for number in of_row] == trades["session"].to_list()


@pytest.mark.parametrize(("target", "least"), [("range", 1.0), ("atr", 0.7)])
def test_a_target_is_the_price_at_which_it_filled(target: str, least: float) -> None:
    run = simulated(max_entries=4, target_multiple=0.7, target=target).run()
    columns = dict(
        zip(PAGE_COLUMNS, floats(report_page(run), "trades", len(PAGE_COLUMNS)), strict=True)
    )
    hit = np.flatnonzero(columns["exit_reason"] == EXIT_TARGET)
    begin = run.panel.grid.first_row[run.outcome.first_traded]
    row = begin + columns["exit_row"][hit].astype(int)
    opened = run.panel.open[row, columns["symbol"][hit].astype(int)]
    side, level = columns["side"][hit], columns["target"][hit]
    kept = np.isfinite(level)

    assert kept.sum() > 10
    assert kept.mean() >= least
    better = np.where(side > 0, np.maximum(opened, level), np.minimum(opened, level))
    assert columns["exit_price"][hit][kept].tolist() == better[kept].tolist()


@pytest.mark.parametrize("fractional", [False, True])
def test_packed_candles_are_the_panels_bars(fractional: bool) -> None:
    panel = odd_panel(fractional=fractional)
    wanted = np.array([(s, n) for s in range(4, -1, -1) for n in range(3)
                       if s < len(panel.grid.sessions)])  # fmt: skip

    packed = pack_days(panel, wanted)

    bars = {s: int(n) for s, n in enumerate(np.diff(panel.grid.first_row))}
    found = unpacked_bars(packed.days.reshape(-1).tolist(), zlib.decompress(packed.data), bars)
    assert set(found) == {(s, n) for s, n in wanted.tolist()}
    assert set(found[1, 1]) == {None}
    for (session, symbol), day in found.items():
        assert day == panel_bars(panel, session, symbol)


def test_the_pages_candles_are_the_runs_bars(run: ReportRun, page: bytes) -> None:
    bars = dict(enumerate(np.diff(json.loads(element_text(page, "run"))["firstRows"]).tolist()))
    days = whole_numbers(element_bytes(page, "days"))

    found = unpacked_bars(days, element_bytes(page, "candles"), bars)

    assert len(found) == len(run.sessions) * 2
    for (session, symbol), day in found.items():
        assert day == panel_bars(run.panel, session + run.outcome.first_traded, symbol)


def test_numbers_a_browser_cannot_hold_leave_only_their_day_out() -> None:
    panel = odd_panel(fractional=False)
    panel.high[0, 0] = 1e300
    panel.low[0, 0] = panel.open[0, 0] = panel.close[0, 0] = 1.0

    packed = pack_days(panel, np.array([(0, 0), (0, 2)]))

    assert packed.days[:, :2].tolist() == [[0, 2]]


@pytest.mark.parametrize("budget", [0, 100, 5000, 20_000])
def test_candles_stay_within_their_budget_and_the_page_says_so(run: ReportRun, budget: int) -> None:
    page = report_page(run, budget)

    taken = len(element_text(page, "candles"))
    days = np.array(whole_numbers(element_bytes(page, "days"))).reshape(-1, 4)
    assert taken <= budget
    assert taken >= budget * 0.7 or budget == 100
    said = Elements(page).text["#left-out"]
    assert f"Candles of {len(days)} of {len(run.sessions) * 2} days" in said
    newest = days_by_interest(run)[: len(days)] - [run.outcome.first_traded, 0]
    assert days[:, :2].tolist() == newest.tolist()


def test_days_with_trades_come_first_and_then_the_newest() -> None:
    run = simulated(min_body=0.9).run()
    order = days_by_interest(run)
    opens = run.panel.grid.start_us[run.panel.grid.first_row[:-1]]
    trades = TradeRow(*run.outcome.trades.T)
    entered = np.searchsorted(opens, trades.entry_us, side="right") - 1
    with_trades = set(zip(entered.tolist(), trades.symbol.astype(int).tolist(),
                          strict=True))  # fmt: skip

    kinds = [tuple(day) in with_trades for day in order.tolist()]
    assert kinds == sorted(kinds, reverse=True)
    assert 0 < sum(kinds) < len(kinds) == 2 * len(run.sessions)
    for kind in (True, False):
        sessions = [day[0] for day, has in zip(order.tolist(), kinds, strict=True) if has == kind]
        assert sessions == sorted(sessions, reverse=True)


def test_equal_runs_make_equal_pages(page: bytes) -> None:
    again = simulated(max_entries=3, commission_per_share=0.01).run()

    assert report_page(again) == page


def test_names_and_notes_stay_text(run: ReportRun) -> None:
    symbols = EVIL[:2]
    plan = replace(run.plan, symbols=symbols)
    panel = replace(run.panel, symbols=symbols)
    evil = replace(run, plan=plan, panel=panel, source=f"/data/{EVIL[0]}", notes=EVIL)

    page = report_page(evil)

    elements = Elements(page)
    scripts = [own for tag, own in elements.found if tag == "script"]
    assert [own.get("id", "") for own in scripts] == [
        "data-run", "data-equity", "data-trades", "data-days", "data-candles", "data-decisions",
        "data-universe", "data-levels", "data-benchmark", "",
    ]  # fmt: skip
    assert "img" not in {tag for tag, _ in elements.found}
    assert not [name for _, own in elements.found for name in own if name.startswith("on")]
    assert json.loads(element_text(page, "run"))["symbols"] == list(symbols)
    for text in (*EVIL, f"/data/{EVIL[0]}"):
        assert text in elements.words


def test_a_path_that_is_no_text_is_shown_with_question_marks(run: ReportRun) -> None:
    page = report_page(replace(run, source="/data/\udcff.parquet"))

    assert b"/data/?.parquet" in page


def test_defects_and_notes_are_shown(run: ReportRun) -> None:
    defects = Defects(90047, 53231, 7, 12, 18, 336)
    shown = Elements(
        report_page(replace(run, panel=replace(run.panel, defects=defects), notes=("a gap",)))
    )

    counts = {name: shown.text[f"#defect-{name}"] for name in defects.as_dict()}
    assert counts == {name: f"{count:,}" for name, count in defects.as_dict().items()}
    assert "a gap" in shown.text["#notes"]


def test_simulated_bars_are_unmistakable(page: bytes, run: ReportRun) -> None:
    elements = Elements(page)
    real = Elements(report_page(replace(run, notes=(), is_simulated=False)))

    assert elements.text["title"].startswith("SIMULATED")
    assert "SIMULATED bars" in elements.text["simulated"]
    assert "SIMULATED" not in real.words
    assert "notes" not in real.text


def test_times_name_the_exchanges_zone(page: bytes) -> None:
    assert "America/New_York (EDT)" in Elements(page).text["zone"]
    facts = json.loads(element_text(page, "run"))
    assert set(facts["offsets"]) == {-240}
    assert str(exchange_timezone("LSE")) == "Europe/London"


def test_the_plan_and_its_assumptions_are_shown(run: ReportRun) -> None:
    shown = Elements(report_page(run)).text
    assert all(name in shown["#parameters"] for name in run.plan.strategy.model_dump())
    assert all(name in shown["#parameters"] for name in run.plan.fills.model_dump())
    assert "0.01 USD a share" in shown["#assumptions"]
    free = Elements(report_page(simulated(max_participation=0, slippage_bps=12).run())).text

    assert "12 basis points (0.12 %)" in free["#assumptions"]
    assert "fill whole" in free["#assumptions"]
    assert "No commission" in free["#assumptions"]


def test_every_name_of_the_engine_has_its_words() -> None:
    assert all(reason.label for reason in Reason)
    assert all(reason.label for reason in ExitReason if reason)
    assert set(DEFECT_WORDS) == {*Defects().as_dict(), *GateReport().as_defects()}


def test_changes_are_the_same_whether_all_decisions_or_changes_were_kept() -> None:
    settings = {"max_entries": 2}
    request = BacktestRequest(
        symbols=("AAA", "BBB"), start=date(2025, 7, 1), end=date(2025, 7, 10), settings=settings
    )
    rows = []
    for keep in ("changes", "all"):
        run = backtest(replace(request, decisions=keep)).run()
        rows.append(changes(run, pack_days(run.panel, days_by_interest(run))).tolist())

    assert rows[0] == rows[1]
    assert len(rows[0]) > 30


def test_without_decisions_the_page_says_what_is_missing() -> None:
    request = BacktestRequest(
        symbols=("AAA",), start=date(2025, 7, 1), end=date(2025, 7, 3), decisions="none"
    )
    page = report_page(backtest(request).run())

    assert "No decisions were kept" in Elements(page).text["#left-out"]
    columns = dict(zip(PAGE_COLUMNS, floats(page, "trades", len(PAGE_COLUMNS)), strict=True))
    assert not np.isfinite(columns["target"]).any()


@pytest.mark.parametrize(("trailing", "is_said"), [("atr", True), ("dollars", False)])
def test_a_stop_whose_way_is_not_drawn_is_called_the_first_one(
    trailing: str, is_said: bool
) -> None:
    page = report_page(simulated(trailing=trailing).run())
    assert ("called first stops" in Elements(page).text.get("#left-out", "")) is is_said


@pytest.mark.parametrize(
    ("sessions", "words"),
    [(19, "not reported under 20 sessions"), (20, "no day's return differs from another's")],
)
def test_a_sharpe_ratio_that_is_not_there_says_why(
    run: ReportRun, sessions: int, words: str
) -> None:
    said = headline(replace(run.summary, sessions=sessions, sharpe=None))
    assert escape(words) in said


@pytest.mark.parametrize(("sessions", "is_told"), [(1, False), (19, False), (20, True)])
def test_a_few_days_are_not_called_a_year(run: ReportRun, sessions: int, is_told: bool) -> None:
    summary = replace(run.summary, sessions=sessions, annual_return=4.321, annual_volatility=0.5)
    page = report_page(replace(run, summary=summary))
    # Neither in the cards, the table nor beside the benchmark.
    assert ("432.10 % a year" in headline(summary)) is is_told
    assert (b"432.10 %" in page) is is_told
    shown = dict(figures(summary))
    assert (shown["Annual return [%]"] == "+432.10") is is_told
    # What swings has no direction.
    assert shown["Annual volatility [%]"] == ("50.00" if is_told else "fewer than 20 sessions")


def test_a_run_without_trades_has_a_page() -> None:
    page = report_page(simulated(max_entries=0).run())

    assert floats(page, "trades", len(PAGE_COLUMNS)).size == 0
    assert "too few trades" in Elements(page).text["#summary"]


def test_a_long_equity_curve_keeps_its_extremes() -> None:
    equity = 10000 + np.random.default_rng(5).standard_normal(1_000_003).cumsum()
    points = equity_points(equity, 10000.0)
    falls = drawdown_of(equity, 10000.0)

    assert len(points) <= MOST_POINTS
    assert {0, len(equity) - 1, equity.argmin(), equity.argmax(), falls.argmin()} <= set(points)
    for begin in range(0, 1_000_000, 50_000):
        inside = points[(points >= begin) & (points < begin + 50_000)]
        assert equity[inside].max() == pytest.approx(equity[begin : begin + 50_000].max(), abs=9)
    assert equity_points(equity[:500], 10000.0).tolist() == list(range(500))


def test_the_deepest_drawdown_is_that_of_the_summary(run: ReportRun, page: bytes) -> None:
    row, equity, fall = floats(page, "equity", 3)

    assert fall.min() == pytest.approx(run.summary.max_drawdown)
    assert equity.tolist() == run.outcome.equity[row.astype(int)].tolist()


def test_numbers_pack_small_and_whole() -> None:
    numbers = [0, 1, 127, 128, 16383, 16384, 2**32, LARGEST]
    data, lengths = pack(np.array(numbers))

    assert whole_numbers(data) == numbers
    assert lengths.tolist() == [1, 1, 1, 2, 2, 3, 5, 8]
    assert [signed(number) for number in zigzag(np.array([0, -1, 1, -300])).tolist()] == [
        0, -1, 1, -300,
    ]  # fmt: skip


def test_returns_go_by_week_and_for_long_runs_by_month() -> None:
    sessions = tuple(sessions_between("NYSE", date(2024, 1, 1), date(2025, 3, 31)))
    returns = tuple(0.001 * (number % 5 - 1) for number in range(len(sessions)))

    weeks = returns_table(sessions[:20], returns[:20])
    months = returns_table(sessions, returns)

    assert weeks.count("<tr>") - 1 == 5
    assert ">2024-01-15</th>" in weeks
    january = [v for s, v in zip(sessions, returns, strict=True) if (s.date.year, s.date.month) ==
               (2024, 1)]  # fmt: skip
    assert f"{compounded(january) * 100:+.2f} %" in months
    assert re.findall(r'row">(\d+)<', months) == ["2024", "2025"]
    assert returns_table(sessions[:4], returns[:4]) == ""


def test_the_report_is_written_with_the_results_and_removed_with_them(
    report: BacktestReport, tmp_path: Path
) -> None:
    write_results(tmp_path, report.results(page=True))
    with_page = read_results(tmp_path)
    write_results(tmp_path, report.results())

    assert with_page.report is not None
    assert with_page.report.startswith(b"<!doctype html>")
    assert not (tmp_path / REPORT).exists()
    assert read_results(tmp_path).report is None


def test_a_report_of_another_run_is_not_taken_for_this_ones(
    report: BacktestReport, tmp_path: Path
) -> None:
    write_results(tmp_path, report.results())
    (tmp_path / REPORT).write_bytes(b"<p>another")

    with pytest.raises(Exception, match="different runs"):
        read_results(tmp_path)


@needs_real_bars
def test_the_page_of_the_real_bars_is_small_and_whole() -> None:
    run = backtest(BacktestRequest(bars=REAL_BARS)).run()
    page = report_page(run)

    assert len(page) < 1_000_000
    assert "#left-out" not in Elements(page).text
    assert "SIMULATED" not in Elements(page).words
    assert Elements(page).text["#defect-missing"] == "336"


def test_results_without_a_page_are_as_before(report: BacktestReport, tmp_path: Path) -> None:
    write_results(tmp_path / "out", report.results())

    assert not (tmp_path / "out" / REPORT).exists()
