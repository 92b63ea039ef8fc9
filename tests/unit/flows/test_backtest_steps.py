"""A backtest goes one way, in Prefect and without it, and says in words what each step did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.backtest import backtest_message
from flows.backtest_steps import figure_lines, loaded_line, report_lines
from flows.pages.backtest_figures import figures
from flows.pages.live_page import LivePage
from tasks.backtest import run as backtest_run
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import PLAIN, Loaded, Steps, backtest

REQUEST = BacktestRequest(
    symbols=("AAA", "BBB", "CCC", "DDD", "EEE"), start=date(2025, 6, 2), end=date(2025, 6, 4),
    interval_minutes=30, settings={"range_minutes": 30}, report=False,
)  # fmt: skip


def test_whoever_does_the_steps_is_given_each_in_its_order_and_the_report_is_theirs(
    tmp_path: Path,
) -> None:
    done: list[tuple[str, Any]] = []

    def noted(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def work(*values: Any) -> Any:
            done.append((name, step(*values)))
            return done[-1][1]

        return work

    steps = Steps(
        **{each.name: noted(each.name, getattr(PLAIN, each.name)) for each in fields(PLAIN)}
    )
    told: list[str] = []
    out = tmp_path / "out"
    request = BacktestRequest(**{**_values(REQUEST), "out": out})
    report = backtest(request, lambda step, _done, _total: told.append(step), steps)
    assert [name for name, _ in done] == ["load", "run", "figures", "report"]
    assert report is done[2][1]
    assert list(dict.fromkeys(told)) == [
        "loading bars",
        "running",
        "summarising",
        "writing results",
    ]
    assert (out / "trades.parquet").exists()


def test_the_log_says_where_the_report_is_for_who_is_served_and_for_who_is_not(
    tmp_path: Path,
) -> None:
    out = tmp_path / "backtests" / "mine"
    out.mkdir(parents=True)
    (out / "report.html").touch()
    page = LivePage("http://127.0.0.1:8085/", tmp_path)
    assert report_lines(out, page) == [
        f"the results are in {out}",
        "open http://127.0.0.1:8085/backtests/mine/report.html while openbell up or openbell api"
        " runs",
        f"or open {(out / 'report.html').as_uri()}",
    ]


def test_the_end_of_a_run_says_that_no_market_made_its_bars(tmp_path: Path) -> None:
    page = LivePage("http://127.0.0.1:8085/", tmp_path)
    said = backtest_message(backtest(REQUEST), tmp_path / "backtests" / "mine", page)
    assert " USD on SIMULATED bars; " in said
    assert "\n" not in said


def test_a_backtest_without_a_folder_has_nothing_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing is written")

    monkeypatch.setattr(backtest_run, "write_results", refuse)
    assert backtest(REQUEST).summary.sessions == 3


def test_the_log_says_what_was_loaded_and_finds_what_the_terminal_shows() -> None:
    loaded: list[Loaded] = []

    def load(*values: Any) -> Loaded:
        loaded.append(PLAIN.load(*values))
        return loaded[-1]

    report = backtest(REQUEST, steps=Steps(load, PLAIN.run, PLAIN.figures, PLAIN.report))
    assert loaded_line(loaded[0]) == (
        "loaded 5 symbols (AAA,BBB,CCC,DDD and 1 more), 3 sessions from 2025-06-02 to 2025-06-04,"
        f" {5 * 3 * 13} bars of 30 minutes, from simulated market, seed 1"
    )
    lines = figure_lines(report)
    for label, value in figures(report.summary):
        assert any(line.startswith(label) and line.endswith(value) for line in lines), label
    assert [line for line in lines if line.startswith("note: ")] == [
        f"note: {note}" for note in report.notes
    ]


def _values(request: BacktestRequest) -> dict[str, Any]:
    return {each.name: getattr(request, each.name) for each in fields(request)}
