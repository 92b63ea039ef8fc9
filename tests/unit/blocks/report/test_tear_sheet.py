"""QuantStats' page: it says what the run says, and neither making nor opening it asks a network."""

from __future__ import annotations

import importlib.util
import re
import socket
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest

from blocks.report.tear_sheet import refuse_tear_sheet
from blocks.results.folder import TEAR_SHEET, read_results
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.errors import BadInput

REQUEST = BacktestRequest(
    symbols=("AAA", "SPY"), start=date(2025, 6, 2), end=date(2025, 6, 30), interval_minutes=30,
    settings={"range_minutes": 30}, tear_sheet=True, report=False,
)  # fmt: skip


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_tear_sheet_with_its_benchmark_is_made_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    report = backtest(replace(REQUEST, out=tmp_path))

    page = (read_results(tmp_path).tear_sheet or b"").decode()
    assert "SPY" in page and "SIMULATED: orb" in page
    said = re.sub(r"<[^>]+>", " ", page)
    assert report.analysis.benchmark is not None
    cumulative = re.search(r"Cumulative Return\s+(\S+)%\s+(\S+)%", said)
    assert cumulative is not None
    returned = (report.analysis.benchmark.total_return, report.summary.total_return)
    assert [float(each) for each in cumulative.groups()] == [
        round(each * 100, 2) for each in returned
    ]
    # A browser that opens it fetches nothing, whatever the page names.
    assert page.index("default-src 'none'") < page.index("<title>")
    fetched = re.findall(r'(?:src|(?<!a )href)="(?!data:|#)[^"]*"', re.sub(r"<a [^>]*>", "", page))
    assert [each for each in fetched if "xlink" not in each] == []
    assert "qtpylib.io/favicon" not in page


def test_a_run_that_always_earned_the_same_gets_a_note_in_its_place(tmp_path: Path) -> None:
    report = backtest(
        replace(REQUEST, out=tmp_path, settings={"range_minutes": 30, "max_entries": 0})
    )
    assert not (tmp_path / TEAR_SHEET).exists()
    assert "no tear-sheet.html is written: every session returned the same" in report.notes


def test_without_the_extra_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "blocks.report.tear_sheet.find_spec",
        lambda name: None if name == "quantstats" else find(name),
    )
    with pytest.raises(BadInput, match="needs the package quantstats") as caught:
        backtest(replace(REQUEST, out=tmp_path / "out"))
    assert "pip install 'quantstats" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_it_needs_a_folder_and_twenty_sessions() -> None:
    with pytest.raises(BadInput, match="no folder takes it"):
        backtest(REQUEST)
    with pytest.raises(BadInput, match="needs 20 sessions, and this run has 19"):
        refuse_tear_sheet(19)
    refuse_tear_sheet(20)
