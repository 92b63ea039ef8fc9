"""What Prefect's page shows of a sweep: never its best without how much of it is luck."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.pages.live_page import LivePage
from flows.pages.research.sweep_artifacts import best_rows, refused_lines, sweep_message
from tasks.sweep.report import SweepReport
from tasks.sweep.sweep import sweep
from tests.unit.tasks.sweep.small_sweeps import request_over, write_bars


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    folder = tmp_path_factory.mktemp("sweep")
    bars = write_bars(folder / "bars.parquet")
    # Of range_minutes only what the bars divide can be.
    grid = ("range_minutes=20,30,45,60", "min_body=0:0.6:0.2")
    return sweep(request_over(bars, folder / "out", *grid, settings={}))


def test_the_end_of_a_run_is_one_line_with_the_sentence(report: SweepReport) -> None:
    page = LivePage("http://127.0.0.1:8085/", Path("/data"))
    said = sweep_message(report, Path("/data/sweeps/mine"), page)
    assert "\n" not in said
    assert said.startswith(f"{len(report.results)} sets, {len(report.refused)} refused. Best by ")
    # It begins a sentence of its own here.
    assert str(report.statistics["sentence"]).rstrip(".")[1:] in said
    assert "; open http://127.0.0.1:8085/sweeps/mine/sweep.html while " in said
    assert said.endswith(", or open file:///data/sweeps/mine/sweep.html")


def test_the_best_come_first_with_what_was_swept(report: SweepReport) -> None:
    rows = best_rows(report)
    best = report.results.row(report.best, named=True)
    assert rows[0]["set_number"] == str(best["set_number"])
    assert rows[0]["min_body"] == f"{best['min_body']:.4g}"
    figures = [float(row[report.objective.value].replace(",", "")) for row in rows]
    assert figures == sorted(figures, reverse=True)
    assert len({row["set_number"] for row in rows}) == len(rows) == len(report.results)


def test_sets_without_figures_are_told_with_why(report: SweepReport) -> None:
    lines = refused_lines(report)
    assert len(lines) == len(report.refused) > 0
    assert all(line.startswith("set ") and "range_minutes" in line for line in lines)
