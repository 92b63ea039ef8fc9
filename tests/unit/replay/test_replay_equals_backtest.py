"""What a backtest promises, the live session flow does: trade by trade, field by field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from blocks.ledger.ledger import DuckDBLedger
from tests.shared_data import REAL_BARS, SYMBOLS, needs_real_bars
from tests.unit.replay.runs import (
    Case,
    Row,
    backtested,
    damaged_copy,
    first_difference,
    replayed,
)
from trading.market.calendar import Session, sessions_between

SEED = 20250604
# As short as the file's are in one of them, else as long as tells the same at a third of the work.
SESSIONS, IN_FIVE_MINUTES = 2, 1
QUARTERS = {"range_minutes": 15, "max_entries": 2}
# What the soak adds: two months of sessions, each of which begins with what the one before left.
MANY_SESSIONS = 20


@dataclass
class Compared:
    case: Case
    ledger: list[Row]
    backtest: list[Row]
    ledger_equity: list[tuple[Any, float]]
    backtest_equity: list[tuple[Any, float]]


def compare(case: Case, folder: Path) -> Compared:
    ledger, ledger_equity = replayed(case, folder)
    trades, equity = backtested(case)
    return Compared(case, ledger, trades, ledger_equity, equity)


def assert_equal(run: Compared) -> None:
    assert first_difference(run.ledger, run.backtest) is None
    assert [ts for ts, _ in run.ledger_equity] == [ts for ts, _ in run.backtest_equity]
    ours, theirs = (
        np.array([e for _, e in side]) for side in (run.ledger_equity, run.backtest_equity)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=0)


def real_sessions() -> list[Session]:
    with_bars = set(
        pl.scan_parquet(REAL_BARS).select(pl.col("ts").dt.date().unique()).collect()["ts"]
    )
    found = sessions_between("NYSE", date(2025, 6, 4), date(2025, 8, 28))
    return [session for session in found if session.date in with_bars]


def crash_bars(target: Path) -> tuple[Path, Session, tuple[str, ...]]:
    """Write a day on which five breakouts are bought and two then gap far below their stops."""
    session = sessions_between("NYSE", date(2025, 6, 10), date(2025, 6, 10))[0]
    symbols = tuple(f"S{n}" for n in range(5))
    shape = [(10, 10.2, 9.0, 9.9), (9.9, 10.6, 9.9, 10.5), (10.5, 10.5, 10.3, 10.4)]
    rows = []
    for bar in range(session.bar_count(5)):
        for symbol in symbols:
            later = (5.0, 5.1, 4.9, 5.0) if symbol in ("S0", "S3") else (10.4, 10.5, 10.3, 10.4)
            o, h, low, c = shape[bar] if bar < 3 else later
            start = session.open + timedelta(minutes=5 * bar)
            rows.append((symbol, start, o, h, low, c, 1_000_000.0))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(target)
    return target, session, symbols


@pytest.fixture(scope="module")
def real_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    chosen = np.random.default_rng(SEED).choice(len(real_sessions()), SESSIONS, replace=False)
    days = [real_sessions()[int(number)].date for number in sorted(chosen)]
    in_five = [Case(f"real {day}", day, day, REAL_BARS, SYMBOLS) for day in days[:IN_FIVE_MINUTES]]
    in_quarters = [
        Case(f"real {day}", day, day, REAL_BARS, SYMBOLS, QUARTERS, interval_minutes=15)
        for day in days[IN_FIVE_MINUTES:]
    ]
    return [
        compare(case, tmp_path_factory.mktemp(f"real-{case.start}"))
        for case in (*in_five, *in_quarters)
    ]


@pytest.fixture(scope="module")
def range_run(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    days = [session.date for session in real_sessions()[20:23]]
    case = Case("range", days[0], days[-1], REAL_BARS, SYMBOLS, QUARTERS, interval_minutes=15)
    return compare(case, tmp_path_factory.mktemp("range"))


@pytest.fixture(scope="module")
def damaged_run(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("damaged")
    days = [session.date for session in real_sessions()[30:34]]
    bars = damaged_copy(REAL_BARS, folder / "damaged.parquet", days, SEED)
    case = Case("damaged", days[0], days[-1], bars, SYMBOLS, QUARTERS, interval_minutes=15)
    return compare(case, folder / "data")


@pytest.fixture(scope="module")
def simulated_run(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    # The half-day with a whole session before it and one after.
    days, symbols = (date(2025, 11, 26), date(2025, 12, 1)), ("AAA", "BBB", "CCC", "DDD")
    case = Case("simulated", *days, None, symbols, QUARTERS, interval_minutes=15)
    return compare(case, tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def crash_run(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("crash")
    bars, session, symbols = crash_bars(folder / "crash.parquet")
    # A fall by half, which the gate would not believe.
    case = Case("crash", session.date, session.date, bars, symbols, {"gate_jump": 0.0})
    return compare(case, folder / "data")


@needs_real_bars
def test_single_sessions_trade_live_as_in_the_backtest(real_runs: list[Compared]) -> None:
    assert len(real_runs) == SESSIONS
    for run in real_runs:
        assert_equal(run)


@needs_real_bars
def test_a_range_of_sessions_carries_its_equity_on(range_run: Compared) -> None:
    assert_equal(range_run)
    assert len({row["session"] for row in range_run.ledger}) == 3


@needs_real_bars
def test_damaged_bars_trade_live_as_in_the_backtest(damaged_run: Compared) -> None:
    assert_equal(damaged_run)
    assert "assumed_close" in {row["exit_reason"] for row in damaged_run.ledger}


def test_simulated_bars_with_a_half_day_trade_live_as_in_the_backtest(
    simulated_run: Compared,
) -> None:
    assert_equal(simulated_run)
    assert simulated_run.ledger
    half_day = [ts for ts, _ in simulated_run.ledger_equity if ts.date() == date(2025, 11, 28)]
    assert half_day[-1] == datetime(2025, 11, 28, 17, 45, tzinfo=UTC)


def test_a_day_that_latches_trades_live_as_in_the_backtest(crash_run: Compared) -> None:
    assert_equal(crash_run)
    assert Counter(row["exit_reason"] for row in crash_run.ledger) == {"stop": 2, "latch": 3}


@needs_real_bars
def test_the_comparison_covers_both_sides_and_every_exit(
    real_runs: list[Compared],
    range_run: Compared,
    damaged_run: Compared,
    simulated_run: Compared,
    crash_run: Compared,
) -> None:
    runs = [*real_runs, range_run, damaged_run, simulated_run, crash_run]
    trades = [row for run in runs for row in run.ledger]
    reasons = Counter(row["exit_reason"] for row in trades)
    print(len(trades), dict(reasons))
    assert len(trades) >= 60
    assert {row["side"] for row in trades} == {"long", "short"}
    assert set(reasons) >= {"stop", "target", "flatten", "assumed_close", "latch"}


@needs_real_bars
@pytest.mark.soak
@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_many_sessions_in_a_row_trade_live_as_in_the_backtest(
    is_damaged: bool, tmp_path: Path
) -> None:
    days = [session.date for session in real_sessions()[20 : 20 + MANY_SESSIONS]]
    bars = REAL_BARS
    if is_damaged:
        bars = damaged_copy(REAL_BARS, tmp_path / "damaged.parquet", days, SEED)
    case = Case("many", days[0], days[-1], bars, SYMBOLS, QUARTERS, interval_minutes=15)
    assert_equal(compare(case, tmp_path / "data"))


@needs_real_bars
@pytest.mark.soak
@pytest.mark.parametrize(("interval_minutes", "sessions"), [(5, 2), (15, 3)])
def test_every_parameter_at_once_trades_live_as_in_the_backtest_for_days(
    tmp_path: Path, interval_minutes: int, sessions: int
) -> None:
    days = [session.date for session in real_sessions()[3 : 3 + sessions]]
    case = Case("hard", days[0], days[-1], REAL_BARS, SYMBOLS, HARD, 100_000.0, interval_minutes)
    assert_equal(compare(case, tmp_path))


@needs_real_bars
def test_one_fill_off_by_a_ten_thousandth_is_noticed(range_run: Compared) -> None:
    for name in ("entry_price", "exit_price"):
        tampered = [dict(row) for row in range_run.ledger]
        tampered[3][name] += 0.0001
        assert first_difference(tampered, range_run.backtest) is not None


HARD = {
    "range_minutes": 15,
    "max_positions": 3,
    "min_body": 0.2,
    "commission_per_share": 0.005,
    "commission_minimum": 1.0,
    "max_participation": 0.0002,
    "max_daily_loss_pct": 0.002,
    "max_entries": 3,
    "stop": "atr",
    "target": "atr",
    "volume_filter": True,
    "volume_threshold": 0.8,
    "trailing": "stepped",
    "trail_steps": [[0.5, 0.0], [1.0, 0.5]],
    "volatility_factor": 0.5,
    "impact_factor": 0.1,
}


def test_indicators_of_simulated_bars_are_warm_live_as_in_the_backtest(tmp_path: Path) -> None:
    day = date(2025, 6, 10)
    settings = {"stop": "atr", "target": "atr", "volume_filter": True, "volume_threshold": 0.5}
    days, symbols = (day, day + timedelta(days=1)), ("AAA", "BBB", "CCC")
    case = Case("warm", *days, None, symbols, QUARTERS | settings, interval_minutes=15)
    run = compare(case, tmp_path)
    assert_equal(run)
    assert run.ledger


STOCKS_IN_PLAY = {
    "range_minutes": 15,
    "direction": "first_bar",
    "entry": "stop",
    "stop": "daily_atr",
    "target": "r",
    "select_top": 3,
    "min_daily_atr": 0.01,
    "leverage": 4.0,
    "max_position_pct": 1.0,
    "trailing": "percent",
    "sec_fee_per_million": 27.8,
    "taf_per_share": 0.000166,
}


def test_entries_that_rest_in_selected_symbols_trade_live_as_in_the_backtest(
    tmp_path: Path,
) -> None:
    days, symbols = (date(2025, 11, 26), date(2025, 12, 1)), ("AAA", "BBB", "CCC", "DDD")
    case = Case("in play", *days, None, symbols, STOCKS_IN_PLAY, interval_minutes=15)
    run = compare(case, tmp_path)
    assert_equal(run)
    assert run.ledger
    ledger = DuckDBLedger(tmp_path, "replay")
    decided = ledger.query("SELECT * FROM decisions")
    entered = [row for row in decided if row["reason"] in ("enter_long", "enter_short")]
    assert {row["target_kind"] for row in entered} == {"r"}
    assert all(row["level"] > 0 and row["relative_opening_volume"] > 0 for row in entered)
    assert "not_selected" in {row["reason"] for row in decided}
    # Each rested where it was decided, and people see where.
    asked = ledger.query("SELECT price FROM orders WHERE leg = 'entry'")
    assert sorted(row["price"] for row in asked) == sorted(row["level"] for row in entered)


@needs_real_bars
@pytest.mark.parametrize(("interval_minutes", "sessions"), [(5, 1), (15, 2)])
def test_every_parameter_at_once_trades_live_as_in_the_backtest(
    tmp_path: Path, interval_minutes: int, sessions: int
) -> None:
    days = [session.date for session in real_sessions()[3 : 3 + sessions]]
    case = Case("hard", days[0], days[-1], REAL_BARS, SYMBOLS, HARD, 100_000.0, interval_minutes)
    run = compare(case, tmp_path)
    assert_equal(run)
    assert run.ledger
