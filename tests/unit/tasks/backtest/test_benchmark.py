"""A benchmark is a symbol of the bars or a file of one's own, or one line says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.markets.random_walk import simulated_rows
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.errors import BadInput
from trading.market.calendar import sessions_between

FIRST, LAST = date(2025, 6, 30), date(2025, 7, 8)
SESSIONS = sessions_between("NYSE", FIRST, LAST)


def bars_file(path: Path, symbols: tuple[str, ...], minutes: int = 15, **between: date) -> Path:
    """Write simulated bars of a half-day's week."""
    days = sessions_between("NYSE", between.get("first", FIRST), between.get("last", LAST))
    rows = simulated_rows(symbols, days, minutes)
    pl.DataFrame(
        {
            "symbol": [symbols[number] for number in rows.symbol],
            "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
            **{name: rows.number(name) for name in ("open", "high", "low", "close", "volume")},
        }
    ).write_parquet(path)
    return path


def daily_file(path: Path, days: list[date], opens: list[float], closes: list[float]) -> Path:
    high = [max(pair) for pair in zip(opens, closes, strict=True)]
    low = [min(pair) for pair in zip(opens, closes, strict=True)]
    pl.DataFrame(
        {"symbol": "IDX", "date": days, "open": opens, "high": high, "low": low, "close": closes,
         "volume": 1000}
    ).write_csv(path)  # fmt: skip
    return path


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bars_file(tmp_path_factory.mktemp("bars") / "bars.parquet", ("AAA", "BBB", "SPY"))


def run(bars: Path | None, benchmark: str | None, *symbols: str, **more: object) -> BacktestReport:
    request = BacktestRequest(
        bars=bars, symbols=symbols or ("AAA",), interval_minutes=15, benchmark=benchmark,
        settings={"range_minutes": 15}, report=False,
    )  # fmt: skip
    return backtest(replace(request, **more))


def test_a_symbol_is_held_whether_or_not_it_is_traded(bars: Path) -> None:
    traded = run(bars, "SPY", "AAA", "SPY")
    other = run(bars, "SPY", "AAA")
    assert traded.benchmark is not None and other.benchmark is not None

    panel = traded.panel
    ends = panel.grid.first_row[1:] - 1
    for found in (traded.benchmark, other.benchmark):
        assert found.first_open == panel.open[0, 1]
        assert found.session_close.tolist() == panel.close[ends, 1].tolist()
    at = np.arange(panel.grid.rows)
    worth = [each.worth_at(at, panel.grid, 0, 1e4) for each in (traded.benchmark, other.benchmark)]
    assert worth[0].tolist() == worth[1].tolist()


def test_without_one_it_is_a_well_known_symbol_that_is_traded_else_none(bars: Path) -> None:
    known = run(bars, None, "AAA", "SPY").benchmark
    assert known is not None and known.name == "SPY"
    assert run(bars, None, "AAA", "BBB").benchmark is None


def test_a_symbol_that_is_written_like_a_path_is_no_file(tmp_path: Path) -> None:
    bars = bars_file(tmp_path / "pairs.parquet", ("AAA/USD", "BBB"))
    found = run(bars, "AAA/USD", "AAA/USD").benchmark
    assert found is not None and found.name == "AAA/USD"


def test_a_file_of_bars_of_any_length_is_held(bars: Path, tmp_path: Path) -> None:
    same = run(bars, "SPY").benchmark
    for minutes in (1, 60):
        own = run(bars, str(bars_file(tmp_path / "spy.parquet", ("SPY",), minutes))).benchmark
        assert own is not None and same is not None
        assert own.session_close == pytest.approx(same.session_close)
        assert own.first_open == same.first_open


def test_one_of_several_symbols_of_a_file_is_named_behind_it(bars: Path) -> None:
    same, own = run(bars, "BBB").benchmark, run(bars, f"{bars}:BBB").benchmark
    assert same is not None and own is not None
    assert own.name == "BBB" and own.session_close.tolist() == same.session_close.tolist()


def test_daily_bars_are_held_from_the_first_open(bars: Path, tmp_path: Path) -> None:
    days = [each.date for each in SESSIONS]
    closes = [100.0 + number for number in range(len(days))]
    path = daily_file(tmp_path / "daily.csv", days, [99.0] * len(days), closes)
    report = run(bars, str(path))

    found = report.analysis.benchmark
    assert found is not None and report.benchmark is not None
    assert found.total_return == pytest.approx(closes[-1] / 99 - 1)
    # Inside a session a reader of daily bars knows only the close before.
    grid = report.panel.grid
    worth = report.benchmark.worth_at(np.arange(grid.rows), grid, 0, 99.0)
    assert worth[0] == 99.0
    assert worth[grid.first_row[1:] - 1] == pytest.approx(closes)
    assert worth[grid.first_row[1]] == pytest.approx(closes[0])


def test_sessions_without_a_price_are_said(bars: Path, tmp_path: Path) -> None:
    days = [each.date for each in SESSIONS]
    del days[2]
    path = daily_file(tmp_path / "daily.csv", days, [100.0] * len(days), [101.0] * len(days))
    report = run(bars, str(path))

    assert report.analysis.benchmark is not None
    assert report.analysis.benchmark.missing_sessions == 1
    assert any("IDX has no price in 1 of 6 sessions" in note for note in report.notes)


@pytest.mark.parametrize(("after", "is_said"), [(50.5, True), (1010.0, True), (70.0, False)])
def test_a_split_in_a_file_of_ones_own_is_said(
    bars: Path, tmp_path: Path, after: float, *, is_said: bool
) -> None:
    days = [each.date for each in SESSIONS]
    closes = [101.0] * 3 + [after] * (len(days) - 3)
    path = daily_file(tmp_path / "daily.csv", days, [100.0] * len(days), closes)
    notes = [note for note in run(bars, str(path)).notes if "as at a split" in note]

    assert len(notes) == is_said
    assert all(f"IDX goes from 101.00 to {after:,.2f} USD on {days[3]}" in note for note in notes)


def test_the_simulated_market_has_any_benchmark() -> None:
    market = {"start": FIRST, "end": LAST}
    traded = run(None, None, "AAA", "SPY", **market).benchmark
    other = run(None, "SPY", "AAA", **market).benchmark
    assert traded is not None and other is not None
    assert other.session_close.tolist() == traded.session_close.tolist()


def late_file(folder: Path) -> Path:
    return bars_file(folder / "late.parquet", ("SPY",), first=date(2025, 7, 2))


@pytest.mark.parametrize(
    ("benchmark", "what", "hint"),
    [
        ("QQQ", "QQQ", "SPY"),
        ("missing.csv", "missing.csv is not there", "symbol of the run's bars"),
        ("{bars}", "has 3 symbols", "--benchmark {bars}:AAA"),
        ("{bars}:QQQ", "has no bars of QQQ", "AAA"),
        ("{late}", "its bars run from 2025-07-02 to 2025-07-08", "cover the run"),
        ("{days}", "its bars run from 2025-07-01 to 2025-07-08", "cover the run"),
        ("{text}", "benchmark", "columns"),
        ("{naive}", "have no zone", "with their zone"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_is_one_line(
    bars: Path, tmp_path: Path, benchmark: str, what: str, hint: str
) -> None:
    (tmp_path / "notes.csv").write_text("what,ever\n1,2\n")
    naive = pl.read_parquet(bars).filter(pl.col("symbol") == "SPY")
    naive.with_columns(pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S")).write_csv(
        tmp_path / "naive.csv"
    )
    days = [each.date for each in SESSIONS[1:]]
    daily = daily_file(tmp_path / "daily.csv", days, [1.0] * len(days), [1.0] * len(days))
    names = {
        "bars": bars,
        "late": late_file(tmp_path),
        "text": tmp_path / "notes.csv",
        "naive": tmp_path / "naive.csv",
        "days": daily,
    }
    with pytest.raises(BadInput) as caught:
        run(bars, benchmark.format(**names))
    assert what in caught.value.what
    assert hint.format(**names) in caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("day", "said"), [(FIRST, "before"), (date(2020, 1, 1), "before"), (date(2025, 7, 9), "after")]
)
def test_a_date_that_splits_nothing_is_refused_with_those_that_do(
    bars: Path, day: date, said: str
) -> None:
    with pytest.raises(BadInput, match=f"leaves no session {said} it") as caught:
        run(bars, None, out_of_sample_from=day)
    assert caught.value.hint == "Give a date from 2025-07-01 to 2025-07-08"
    # A hint that is followed works.
    assert run(bars, None, out_of_sample_from=LAST).analysis.samples is not None


def test_a_holiday_splits_before_the_session_after_it(bars: Path) -> None:
    samples = run(bars, None, out_of_sample_from=date(2025, 7, 4)).analysis.samples
    assert samples is not None and samples.begins == date(2025, 7, 7)
    assert samples.inside.sessions == 4
