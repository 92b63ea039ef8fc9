"""The walk-forward test from the terminal, as a user calls it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.terminal import Finished, flows
from trading.market.bars import NUMBERS
from trading.market.calendar import sessions_between
from trading.strategies import gap_fade

SYMBOLS = ("AAA", "BBB")
BARS = ("--symbols", "AAA,BBB", "--start", "2025-03-03", "--end", "2025-05-02", "--interval", "60")
GRID = ("--grid", "range_minutes=60,120", "--grid", "stop=range,atr")
WINDOWS = ("--in-sample", "20", "--out-of-sample", "8", "--rolling")
FIXED = ("--set", "slippage_bps=0", "--set", "min_body=-1")


def call(*arguments: object) -> Finished:
    """Call the command."""
    return flows("walk-forward", *arguments)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of hourly bars of three months."""
    sessions = sessions_between("NYSE", date(2025, 2, 3), date(2025, 5, 2))
    rows = simulated_rows(SYMBOLS, sessions, 60, seed=3)
    file = tmp_path_factory.mktemp("bars") / "bars.parquet"
    table = pl.DataFrame({name: rows.number(name) for name in NUMBERS}).with_columns(
        ts=pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
        symbol=pl.Series(SYMBOLS).gather(rows.symbol),
    )
    table.write_parquet(file)
    return file


@pytest.fixture(scope="module")
def out(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a walk of three windows, the last one short."""
    folder = tmp_path_factory.mktemp("walk") / "out"
    finished = call("--bars", bars, *BARS, *GRID, *WINDOWS, *FIXED, "--out", folder)
    assert finished.returncode == 0, finished.stderr
    assert "the last window trades" in finished.stdout
    assert "after 12 tries" in " ".join(finished.stdout.split())
    return folder


def record_of(folder: Path) -> dict[str, Any]:
    """Return walk_forward.json."""
    record: dict[str, Any] = json.loads((folder / "walk_forward.json").read_bytes())
    return record


def summary_of_backtest(
    bars: Path, first: str, last: str, capital: float, values: dict[str, Any]
) -> dict[str, Any]:
    """Return the figures of a plain backtest of some sessions."""
    given = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    finished = flows(
        "backtest", "--bars", bars, *BARS, *FIXED, *given, "--start", first, "--end", last,
        "--capital", repr(capital), "--json",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    summary: dict[str, Any] = json.loads(finished.stdout)["summary"]
    return summary


def test_both_parts_of_each_window_are_what_a_backtest_of_its_sessions_gives(
    bars: Path, out: Path
) -> None:
    table = pl.read_parquet(out / "windows.parquet")
    for window, row in zip(record_of(out)["windows"], table.iter_rows(named=True), strict=True):
        for part in ("in_sample", "out_of_sample"):
            first, last = window[part]["first"], window[part]["last"]
            found = summary_of_backtest(
                bars, first, last, window["initial_equity"], window["values"]
            )
            assert {name: row[f"{part}_{name}"] for name in found} == found


def test_a_walk_and_a_backtest_of_its_sessions_are_known_to_have_the_same_bars(
    bars: Path, out: Path, tmp_path: Path
) -> None:
    sessions, backtest = record_of(out)["sessions"], tmp_path / "backtest"
    hourly = (*FIXED, "--set", "range_minutes=60")
    asked = ("--start", sessions[0], "--end", sessions[-1], "--out", backtest)
    assert flows("backtest", "--bars", bars, *BARS, *hourly, *asked).returncode == 0
    assert "The bars were the same" in flows("compare", out, backtest, "--data-dir", "none").stdout
    sooner = tmp_path / "sooner"
    asked = ("--start", sessions[1], "--end", sessions[-1], "--out", sooner)
    assert flows("backtest", "--bars", bars, *BARS, *hourly, *asked).returncode == 0
    assert "The bars were NOT the same" in flows("compare", out, sooner, "--data-dir", "no").stdout


def test_costs_of_the_walk_are_those_of_its_choices_at_other_slippages(
    bars: Path, out: Path
) -> None:
    record = record_of(out)
    rows = {row["slippage_bps"]: row for row in record["statistics"]["cost_sensitivity"]}
    # It ran without slippage, and so that row is the walk itself.
    for name in ("total_pnl", "total_return", "sharpe", "max_drawdown", "trades"):
        assert rows[0.0][name] == record["summary"][name]
    left = 10_000.0
    for window in record["windows"]:
        first, last = window["out_of_sample"]["first"], window["out_of_sample"]["last"]
        values = {**window["values"], "slippage_bps": 5}
        left = summary_of_backtest(bars, first, last, left, values)["final_equity"]
    assert rows[5.0]["total_pnl"] == pytest.approx(left - 10_000, abs=1e-6)
    assert rows[10.0]["total_pnl"] < rows[0.0]["total_pnl"]
    assert "What costs leave of the walk" in (out / "walk_forward.html").read_text()


def test_the_record_names_every_window_and_the_files_belong_to_it(out: Path) -> None:
    record = record_of(out)
    for name, digest in record["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    windows, lengths = record["windows"], record["lengths"]
    assert lengths == {
        "in_sample": 20, "out_of_sample": 8, "step": 8, "purged": 3, "anchored": False,
    }  # fmt: skip
    assert [each["out_of_sample"]["sessions"] for each in windows] == [8, 8, 5]
    assert all(each["purged_sessions"] == 3 for each in windows)
    for before, after in pairwise(windows):
        assert after["initial_equity"] == before["final_equity"]
        assert before["out_of_sample"]["last"] < after["out_of_sample"]["first"]
    summary = record["summary"]
    assert summary["sessions"] == len(record["sessions"]) == 21
    assert summary["trades"] == sum(each["trades"] for each in windows) > 0
    assert summary["final_equity"] == windows[-1]["final_equity"]
    assert record["statistics"]["trials"] == 4 * 3
    assert record["statistics"]["sentence"]
    equity, trades = (pl.read_parquet(out / f"{name}.parquet") for name in ("equity", "trades"))
    assert equity["equity"][-1] == summary["final_equity"]
    assert equity["ts"].is_sorted()
    assert len(trades) == summary["trades"]
    assert {str(day) for day in trades["session"]} <= set(record["sessions"])


def test_the_same_walk_again_chooses_nothing_anew_and_writes_the_same_bytes(
    bars: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in out.glob("*.*")}
    ran: list[int] = []
    monkeypatch.setattr(
        "trading.walk_forward.choice.Chooser._best_of", lambda *_: ran.append(1) or (None, None)
    )
    assert (
        call("--bars", bars, *BARS, *GRID, *WINDOWS, *FIXED, "--out", out, "--quiet").returncode
        == 0
    )
    assert ran == []
    assert {path.name: path.read_bytes() for path in out.glob("*.*")} == before


def test_a_set_that_contradicts_itself_is_named_and_the_others_run(tmp_path: Path) -> None:
    grid = ("--grid", "range_minutes=45,60", "--objective", "total_pnl")
    windows = ("--in-sample", "6", "--out-of-sample", "6", "--anchored", "--end", "2025-03-24")
    finished = call(*BARS, *windows, *grid, "--out", tmp_path / "out", "--json")
    assert finished.returncode == 0, finished.stderr
    record = json.loads(finished.stdout)
    assert [each["set_number"] for each in record["refused"]] == [0]
    assert "45" in record["refused"][0]["why"]
    assert record["refused"][0]["windows"] == [1, 2]
    assert any(note.startswith("1 of 2 sets could not be run") for note in record["notes"])


FAILING = """
def signal(numbers, memory, bar, read):
    if numbers.level == 7.0:
        raise ValueError("seven")
    return _signal(numbers, memory, bar, read)
"""


def test_a_strategy_that_raises_for_some_sets_runs_the_others_and_for_all_is_one_line(
    tmp_path: Path,
) -> None:
    source = Path(gap_fade.__file__).read_text().replace("def signal(", "def _signal(")
    failing = FAILING.replace("level", "min_gap_pct").replace("7.0", "0.007")
    (tmp_path / "own.py").write_text(source + failing)
    windows = ("--in-sample", "6", "--out-of-sample", "6", "--anchored", "--end", "2025-03-24")
    own = ("--strategy-file", tmp_path / "own.py", "--objective", "total_pnl", "--purge", "0")
    asked = (*BARS, *windows, *own, "--start", "2025-02-03")
    some = call(*asked, "--grid", "min_gap_pct=0.0001,0.007", "--out", tmp_path / "some")
    assert some.returncode == 0, some.stderr
    assert "refused set 1: " in some.stdout
    refused = record_of(tmp_path / "some")["refused"]
    assert [each["set_number"] for each in refused] == [1]
    assert "ValueError: seven" in refused[0]["why"]
    every = call(*asked, "--grid", "min_gap_pct=0.007", "--out", tmp_path / "every")
    assert every.returncode == 2
    assert len(every.stderr.splitlines()) == 1
    assert "the only set cannot be run: " in every.stderr
    assert "ValueError: seven" in every.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*WINDOWS, "--anchored"), "both --anchored and --rolling"),
        (("--out-of-sample", "8", "--rolling"), "--in-sample is missing"),
        (("--in-sample", "20", "--rolling"), "--out-of-sample is missing"),
        (("--in-sample", "0", "--out-of-sample", "8", "--rolling"), "in-sample 0 is no number"),
        (("--in-sample", "-5", "--out-of-sample", "8", "--rolling"), "in-sample -5 is no number"),
        (("--in-sample", "20", "--out-of-sample", "0", "--rolling"), "out-of-sample 0 is no"),
        (("--in-sample", "1.5", "--out-of-sample", "8", "--rolling"), "--in-sample"),
        ((*WINDOWS, "--step", "4"), "step 4 is shorter than out-of-sample 8"),
        ((*WINDOWS, "--step", "-1"), "step -1 is no number of sessions"),
        ((*WINDOWS, "--purge", "-1"), "purge -1 is no number of sessions"),
        (("--in-sample", "19", "--out-of-sample", "8", "--rolling"), "in-sample 19 is too short"),
        (
            ("--in-sample", "90", "--out-of-sample", "8", "--rolling"),
            "there are 44 sessions, and one window needs 101: 90 in-sample, 3 purged, 8 out-of",
        ),
        ((*WINDOWS, "--grid", "range_minuts=5"), "range_minuts"),
        ((*WINDOWS, "--objective", "sharp"), "Did you mean sharpe?"),
        ((*WINDOWS, "--workers", "0"), "--workers 0 is no number of workers"),
        ((*WINDOWS, "--random", "0"), "--random 0 is no number of sets"),
        ((*WINDOWS, "--set", "risk_per_trade=7"), "risk_per_trade"),
    ],
)
def test_what_cannot_be_is_one_line_that_says_what_to_do(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    finished = call(*BARS, *GRID, *arguments, "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert said in finished.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_to_choose_from_and_no_folder_are_one_line(tmp_path: Path) -> None:
    empty = call(*BARS, *WINDOWS, "--out", tmp_path / "out")
    assert "nothing is swept" in empty.stderr
    assert "Give --out DIR" in call(*BARS, *GRID, *WINDOWS).stderr
    (tmp_path / "summary.json").write_text("{}")
    other = call(*BARS, *GRID, *WINDOWS, "--out", tmp_path)
    assert "holds something else: summary.json" in other.stderr
    again = ("--grid", "range_minutes=60,120", "--objective", "total_pnl", "--anchored")
    short = ("--in-sample", "6", "--out-of-sample", "6", "--end", "2025-03-24")
    assert call(*BARS, *again, *short, "--out", tmp_path / "one").returncode == 0
    another = call(*BARS, *again, *short, "--step", "7", "--out", tmp_path / "one")
    assert "holds another walk-forward test: its step is null, and here it is 7" in another.stderr
    for finished in (empty, other, another):
        assert (finished.returncode, len(finished.stderr.splitlines())) == (2, 1)


def test_a_step_that_leaves_sessions_out_is_said(tmp_path: Path) -> None:
    few = ("--grid", "range_minutes=60,120", "--objective", "total_pnl", "--end", "2025-03-28")
    lengths = ("--in-sample", "6", "--out-of-sample", "3", "--step", "6", "--anchored")
    finished = call(*BARS, *few, *lengths, "--out", tmp_path / "out")
    assert finished.returncode == 0, finished.stderr
    assert "after each window 3 sessions are not traded" in finished.stdout
    assert record_of(tmp_path / "out")["summary"]["sessions"] == 8
