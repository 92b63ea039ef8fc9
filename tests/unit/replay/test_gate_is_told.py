"""What the data gate found is told alike of a backtest and of a session, whoever asks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from blocks.account.explanation.gate import found_in_ledger, found_in_results
from blocks.account.explanation.signals import signal_in_ledger, signal_in_results
from blocks.account.status import account_status
from flows.pages.status import gate_lines
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.unit.replay.runs import Case, replayed
from trading.market.calendar import sessions_between

DAYS = date(2025, 6, 10), date(2025, 6, 11)
SETTINGS: dict[str, Any] = {"range_minutes": 60, "min_body": -1.0, "target": "none"}


def bars_with_faults(target: Path) -> Path:
    """Write three days of hours: a spike before the first traded one, a split before the last."""
    rows = []
    for number, session in enumerate(
        sessions_between("NYSE", DAYS[0] - timedelta(days=1), DAYS[1])
    ):
        level = 10.0 if number == 2 else 100.0
        for bar in range(7):
            high = 150.0 if (number, bar) in ((0, 3), (1, 4)) else level * 1.01
            start = session.open + timedelta(hours=bar)
            rows.append(("A", start, level, high, level * 0.99, level, 1e6))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(target)
    return target


def test_a_backtest_and_its_replay_tell_of_the_same_bars(tmp_path: Path) -> None:
    bars = bars_with_faults(tmp_path / "bars.parquet")
    case = Case("gate", *DAYS, bars, ("A",), SETTINGS, interval_minutes=60)
    out = tmp_path / "results"
    report = backtest(
        BacktestRequest(
            bars=bars, symbols=("A",), start=DAYS[0], end=DAYS[1], interval_minutes=60,
            settings=SETTINGS, out=out, decisions="all",
        )
    )  # fmt: skip
    replayed(case, tmp_path / "data")

    defects = report.as_dict()["defects"]
    assert isinstance(defects, dict)
    # The session that only warms up counts, and its last close is what the split is measured by.
    assert (defects["gate.spike"], defects["gate.gap"], defects["gate.jump"]) == (2, 1, 0)
    assert any("2 spike, 1 gap" in note for note in report.notes)
    told = account_status(tmp_path / "data", "replay").gate
    assert told["session"] == str(DAYS[1])
    assert told["totals"] == report.outcome.gate.counts
    assert told["counts"]["gap"] == 1
    assert "in all 2 spike, 1 gap" in gate_lines(told)[0]

    spike = sessions_between("NYSE", *DAYS)[0].open + timedelta(hours=4)
    here = signal_in_results(out, "A", spike)
    there = signal_in_ledger(tmp_path / "data", "replay", "A", spike)
    assert here.reason == there.reason == "data_gate:spike"
    lines = found_in_results(out, here)
    assert lines == found_in_ledger(tmp_path / "data", "replay", there)
    assert lines[0].endswith("A spike: open, high, low, close 100 150 99 100, volume 1e+06")

    later = spike + timedelta(days=1)
    split = signal_in_ledger(tmp_path / "data", "replay", "A", later)
    assert split.reason == "data_gate:gap"
    assert found_in_ledger(tmp_path / "data", "replay", split)[0].endswith("reference 100")
