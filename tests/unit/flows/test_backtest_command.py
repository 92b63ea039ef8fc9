"""The backtest from the terminal, as a user calls it."""

from __future__ import annotations

import json
import math
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.repository import REPOSITORY
from tests.terminal import Finished, flows

DATA = REPOSITORY.parent / "shared" / "data"
BARS = DATA / "bars_5m_extended_hours_2025_06_08.parquet"
FILES = [
    "analysis.json", "decisions.parquet", "equity.parquet", "report.html", "summary.json",
    "trade_details.parquet", "trades.csv", "trades.parquet",
]  # fmt: skip
HARD = {
    "range_minutes": "15",
    "max_positions": "3",
    "min_body": "0.2",
    "target_multiple": "1.5",
    "commission_per_share": "0.005",
    "commission_minimum": "1.0",
    "max_participation": "0.001",
    "max_daily_loss_pct": "0.004",
}
SIMULATED = ("--symbols", "AAA,BBB", "--start", "2025-06-02", "--end", "2025-06-13")

needs_data = pytest.mark.skipif(not BARS.exists(), reason=f"{BARS} is not there")


def call(*arguments: str | Path, **variables: str) -> Finished:
    """Call the command."""
    return flows("backtest", *arguments, **variables)


def run_into(folder: Path, *arguments: str | Path) -> Path:
    """Call the command, which must succeed, and return its folder of results."""
    finished = call(*arguments, "--out", folder)
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the whole file with default parameters."""
    return run_into(tmp_path_factory.mktemp("default") / "out", "--bars", BARS)


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the whole file with the parameters of the hard answers."""
    settings = [part for name, value in HARD.items() for part in ("--set", f"{name}={value}")]
    return run_into(
        tmp_path_factory.mktemp("hard") / "out", "--bars", BARS, "--capital", "100000",
        "--decisions", "all", *settings,
    )  # fmt: skip


def expected(name: str) -> pl.DataFrame:
    """Return the trades of an independent implementation."""
    times = [pl.col(column).str.to_datetime(time_zone="UTC", time_unit="us")
             for column in ("entry_time", "exit_time")]  # fmt: skip
    frame = pl.read_csv(DATA / f"expected_trades_{name}.csv")
    # Its rows are in order of exit; here the configured order of symbols is that of the alphabet.
    return frame.with_columns(pl.col("session").str.to_date(), *times).sort(
        "exit_time", "entry_time", "symbol"
    )


def differences(trades: pl.DataFrame, answer: pl.DataFrame) -> list[str]:
    """Return every cell in which trades differ; the answers' pnl is rounded to 0.0001."""
    if len(trades) != len(answer):
        return [f"{len(trades)} trades instead of {len(answer)}"]
    found = []
    for name in answer.columns:
        if name == "pnl":
            same = (trades[name] - answer[name]).abs() < 0.000051
        else:
            same = trades[name] == answer[name]
        found += [f"{name} of trade {row}" for row in (~same).arg_true()]
    return found


@needs_data
@pytest.mark.parametrize("name", ["default", "hard"])
def test_trades_equal_those_of_an_independent_implementation(
    name: str, request: pytest.FixtureRequest
) -> None:
    trades = pl.read_parquet(request.getfixturevalue(name) / "trades.parquet")

    assert differences(trades, expected(name)) == []


@needs_data
@pytest.mark.parametrize("column", ["entry_price", "exit_price", "pnl"])
def test_the_comparison_sees_one_ten_thousandth(default: Path, column: str) -> None:
    trades = pl.read_parquet(default / "trades.parquet").with_row_index()
    changed = trades.with_columns(
        pl.when(pl.col("index") == 200).then(pl.col(column) + 0.0001).otherwise(pl.col(column))
    )

    assert differences(changed, expected("default")) == [f"{column} of trade 200"]


@needs_data
def test_files_and_columns_are_those_that_are_promised(default: Path) -> None:
    time, number = pl.Datetime("us", "UTC"), pl.Float64

    assert sorted(os.listdir(default)) == FILES
    assert pl.read_parquet_schema(default / "trades.parquet") == {
        "session": pl.Date, "symbol": pl.String, "side": pl.String, "quantity": pl.Int64,
        "entry_time": time, "entry_price": number, "exit_time": time, "exit_price": number,
        "exit_reason": pl.String, "pnl": number, "pnl_pct": number, "r_multiple": number,
        "strategy": pl.String,
    }  # fmt: skip
    assert pl.read_parquet_schema(default / "decisions.parquet") == {
        "session": pl.Date, "bar": time, "symbol": pl.String, "reason": pl.String,
        "price": number, "range_high": number, "range_low": number, "stop": number,
        "target_offset": number, "quantity": pl.Int64, "atr": number, "equity": number,
        "level": number, "score": number, "relative_opening_volume": number,
        "target_kind": pl.String,
    }  # fmt: skip
    assert pl.read_parquet_schema(default / "equity.parquet") == {"ts": time, "equity": number}


@needs_data
def test_trades_are_sorted_and_the_csv_says_the_same(default: Path) -> None:
    trades = pl.read_parquet(default / "trades.parquet")

    assert trades.equals(trades.sort("exit_time", "entry_time", "symbol"))
    written = pl.read_csv(default / "trades.csv")
    assert written.columns == trades.columns
    assert written["pnl"].to_list() == trades["pnl"].to_list()
    assert written["entry_time"][0] == "2025-06-04T13:40:00+00:00"


@needs_data
def test_the_summary_agrees_with_the_tables(default: Path) -> None:
    report = json.loads((default / "summary.json").read_text())
    trades = pl.read_parquet(default / "trades.parquet")
    equity = pl.read_parquet(default / "equity.parquet")

    assert report["summary"]["trades"] == len(trades) == 454
    assert report["summary"]["total_pnl"] == pytest.approx(trades["pnl"].sum())
    assert report["summary"]["final_equity"] == equity["equity"][-1]
    assert report["summary"]["expectancy_r"] == pytest.approx(trades["r_multiple"].mean())
    assert report["sessions"] == {
        "count": 60, "first": "2025-06-04", "last": "2025-08-28", "warm_up": 0,
    }  # fmt: skip
    assert report["defects"]["outside_session"] == 53231
    assert report["plan"]["strategy"]["range_minutes"] == 5
    assert "sessions without any bar: 1 of 60, 2025-07-03" in report["notes"]
    assert report["engine_version"]


@needs_data
def test_every_decision_is_kept_when_asked(hard: Path) -> None:
    decisions = pl.read_parquet(hard / "decisions.parquet")

    # 59 whole sessions and a half-day of 42 bars; the first three of each make the range.
    assert len(decisions) == 8 * (59 * 75 + 39)
    empty = decisions.filter(pl.col("session") == pl.date(2025, 7, 3))
    assert set(empty["reason"]) == {"bar_missing"}
    assert empty["range_high"].null_count() == len(empty)
    assert set(decisions["reason"]) >= {"enter_long", "enter_short", "latched", "weak_body"}


@needs_data
def test_symbols_keep_the_order_that_was_given(tmp_path: Path) -> None:
    report = json.loads(
        call(
            "--bars", BARS, "--symbols", "TSLA, AAPL", "--start", "2025-08-01", "--end",
            "2025-08-08", "--set", "stop=atr", "--json", "--out", tmp_path,
        ).stdout
    )  # fmt: skip

    assert report["plan"]["symbols"] == ["TSLA", "AAPL"]
    assert report["sessions"] == {
        "count": 6, "first": "2025-08-01", "last": "2025-08-08", "warm_up": 40,
    }  # fmt: skip
    written = json.loads((tmp_path / "summary.json").read_text())
    assert {name: written[name] for name in report} == report


def test_without_a_file_the_market_is_simulated_and_says_so() -> None:
    shown = call(*SIMULATED)

    assert shown.returncode == 0
    assert "Bars are SIMULATED, seed 1" in shown.stdout
    assert "Trades" in shown.stdout
    assert shown.stderr == ""


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    shown = call(*SIMULATED, "--quiet", "--decisions", "none", "--out", tmp_path / "out")

    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "", "")
    assert len(pl.read_parquet(tmp_path / "out" / "decisions.parquet")) == 0


def test_an_equal_call_writes_equal_files(tmp_path: Path) -> None:
    one, two = (run_into(tmp_path / name, *SIMULATED) for name in ("one", "two"))

    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_columns_and_zone_can_be_named(tmp_path: Path) -> None:
    rows = ["when,ticker,o,h,l,c,v"]
    for minute in range(0, 390, 30):
        clock = f"{9 + (minute + 30) // 60:02d}:{(minute + 30) % 60:02d}"
        rows.append(f"2025-06-04 {clock},AAA,100,101,99,100.5,1000")
    (tmp_path / "bars.csv").write_text("\n".join(rows))

    shown = call(
        "--bars", tmp_path / "bars.csv", "--column", "ts=when", "--timezone", "America/New_York",
        "--stamp", "start", "--interval", "30", "--set", "range_minutes=30", "--json",
    )  # fmt: skip

    report = json.loads(shown.stdout)
    assert (report["sessions"]["count"], report["defects"]["missing"]) == (1, 0)


BAD_CALLS = {
    "no such file": (["--bars", "/nowhere/bars.parquet"], "/nowhere/bars.parquet"),
    "no bar file": (["--bars", "README.md"], "README.md"),
    "nothing to run": ([], "simulated"),
    "unknown exchange": ([*SIMULATED, "--exchange", "MARS"], "MARS"),
    "no bar length": ([*SIMULATED, "--interval", "7"], "interval 7"),
    "no number": ([*SIMULATED, "--interval", "five"], "five"),
    "range is no whole number of bars": ([*SIMULATED, "--interval", "30"], "range_minutes"),
    "no parameter": ([*SIMULATED, "--set", "stopp=atr"], "stopp"),
    "no pair": ([*SIMULATED, "--set", "stop"], "name=value"),
    "out of range": ([*SIMULATED, "--set", "risk_per_trade=2"], "risk_per_trade"),
    "wrong type": ([*SIMULATED, "--set", "max_positions=many"], "max_positions"),
    "not finite": ([*SIMULATED, "--set", "slippage_bps=NaN"], "slippage_bps"),
    "no capital": ([*SIMULATED, "--capital", "-5"], "capital"),
    "capital of nan": ([*SIMULATED, "--capital", "nan"], "capital"),
    "symbol twice": ([*SIMULATED, "--symbols", "AAA,AAA"], "AAA"),
    "no symbol": ([*SIMULATED, "--symbols", ","], "no symbols"),
    "no date": ([*SIMULATED, "--start", "06/02/2025"], "06/02/2025"),
    "dates swapped": ([*SIMULATED, "--end", "2025-06-01"], "before start"),
    "year one": ([*SIMULATED, "--start", "0001-01-01"], "out of range"),
    "weekend": ([*SIMULATED, "--start", "2025-06-07", "--end", "2025-06-08"], "no session"),
    "no choice": ([*SIMULATED, "--decisions", "some"], "--decisions"),
    "no seed": ([*SIMULATED, "--seed", "-1"], "seed -1"),
    "no argument": ([*SIMULATED, "--sett", "a=b"], "--sett"),
    "unknown zone": ([*SIMULATED, "--timezone", "Mars/X"], "Mars/X"),
    "no length of bars": ([*SIMULATED, "--source-interval", "0"], "0 minutes"),
    "home of nobody": (["--bars", "~nobody-at-all/x.csv"], "~nobody-at-all"),
    "no column pair": ([*SIMULATED, "--column", "ts"], "OURS=THEIRS"),
}
BAD_CALLS_ON_DATA = {
    "unknown symbol": (["--bars", BARS, "--symbols", "AAPL,NVDA"], "NVDA"),
    "no data": (["--bars", BARS, "--start", "2026-01-01", "--end", "2026-02-01"], "2025-08-28"),
    "weekend": (["--bars", BARS, "--start", "2025-06-07", "--end", "2025-06-08"], "no session"),
    "finer than the source": (["--bars", BARS, "--interval", "1"], "5-minute"),
    "unknown column": (["--bars", BARS, "--column", "ts=when"], "when"),
}


def refused(arguments: list[str | Path], said: str, folder: Path) -> None:
    """Call the command and assert one line of complaint, exit code 2 and no results."""
    finished = call(*arguments, "--out", folder / "out")

    assert finished.returncode == 2, finished.stderr
    assert finished.stdout == ""
    assert finished.stderr.startswith("error: ")
    assert finished.stderr.count("\n") == 1
    assert said in finished.stderr
    assert os.listdir(folder) == []


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_input_is_one_line_with_a_hint(name: str, tmp_path: Path) -> None:
    refused(*BAD_CALLS[name], tmp_path)


@needs_data
@pytest.mark.parametrize("name", BAD_CALLS_ON_DATA)
def test_input_that_does_not_fit_the_file_is_one_line(name: str, tmp_path: Path) -> None:
    refused(*BAD_CALLS_ON_DATA[name], tmp_path)


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    bars = tmp_path / "bars.parquet"
    bars.write_bytes(b"PAR1 and no more")
    (tmp_path / "empty").mkdir()

    refused(["--bars", bars], "bars.parquet", tmp_path / "empty")


def test_a_folder_that_cannot_be_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    finished = call("--bars", "/nowhere.csv", "--out", tmp_path / "file")

    assert finished.returncode == 2
    assert "is a file" in finished.stderr


@pytest.mark.parametrize("columns", ["20", "40", "80", "200"])
def test_no_figure_is_lost_on_a_narrow_terminal(columns: str) -> None:
    shown = call(*SIMULATED, COLUMNS=columns).stdout

    assert re.search(r"Final equity \[USD\]:? +[\d,]+\.\d\d *\n", shown)
    assert re.search(r"Long:? +\d+ trades, \d+ won, .*USD", shown)
    assert "note Bars are SIMULATED, seed 1\n" in shown


@pytest.mark.parametrize(
    ("opened", "high", "low", "close"),
    [(math.nan, 1, 1, 1), (0, 0, 0, 0), (-1, -1, -1, -1), (10, 9, 11, 10)],
    ids=["not a number", "zero", "negative", "high below low"],
)
def test_a_file_without_one_valid_bar_is_one_line(
    opened: float, high: float, low: float, close: float, tmp_path: Path
) -> None:
    start = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
    bars = tmp_path / "bars.parquet"
    pl.DataFrame(
        {
            "symbol": ["AAA"] * 20,
            "ts": [start + timedelta(minutes=5 * n) for n in range(20)],
            "open": [float(opened)] * 20,
            "high": [float(high)] * 20,
            "low": [float(low)] * 20,
            "close": [float(close)] * 20,
            "volume": [100.0] * 20,
        }
    ).write_parquet(bars)
    (tmp_path / "empty").mkdir()
    refused(["--bars", bars], "20 of 20 rows", tmp_path / "empty")
