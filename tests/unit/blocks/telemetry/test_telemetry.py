"""Stores of telemetry, and a session that goes on without them."""

from __future__ import annotations

import asyncio
import fcntl
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from blocks.account.telemetry_facts import read_telemetry
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.clock_offset import forget_dates
from blocks.process.stop_request import StopRequest
from blocks.records.fields import Side
from blocks.records.trade import TradeStatus
from blocks.stores.duckdb_file import DuckDBFile
from blocks.telemetry.closed_trades import ClosedTrade
from blocks.telemetry.file import telemetry_file, telemetry_path
from blocks.telemetry.log_lines import LogStore
from blocks.telemetry.metrics import (
    Aggregation,
    Metric,
    MetricsStore,
    MetricType,
    insert_metrics,
)
from blocks.telemetry.telemetry import BarFigures, SessionTelemetry, beat, heartbeats
from blocks.telemetry.trades import TradeStore
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.errors import BadInput, StoreUnavailable
from trading.market.calendar import Session

NOW = datetime(2025, 6, 10, 15, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> DuckDBFile:
    return telemetry_file(tmp_path, "paper")


LOST = ClosedTrade(0, "AAPL", Side.LONG, "stop", -12.5, -0.01, None, 300.0)
BREATH = timedelta(microseconds=1)


class CountedStatements:
    """A connection that counts what it is asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.statements = self.values = 0

    def execute(self, sql: str, values: list[object]) -> duckdb.DuckDBPyConnection:
        self.statements += 1
        self.values += len(values)
        return self._connection.execute(sql, values)


def replay(folder: Path) -> list[dict[str, object]]:
    request = SessionRequest(
        PlainParts(folder), replay="2025-06-10", symbols=("AAA", "BBB"), interval_minutes=30,
        settings={"range_minutes": 30, "min_body": 0.0},
    )  # fmt: skip
    asyncio.run(run_account(request))
    return traded_in(folder)


def traded_in(folder: Path) -> list[dict[str, object]]:
    return DuckDBLedger(folder, "replay").query("SELECT * FROM trades ORDER BY number")


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that nothing troubled; not to be written to."""
    folder = tmp_path_factory.mktemp("well")
    # Servers that other tests asked have told this process the time.
    forget_dates()
    replay(folder)
    return folder


def test_metrics_are_summed_up_as_one_number_and_by_period(file: DuckDBFile) -> None:
    store = MetricsStore(file)
    for minute, value in ((0, 1.0), (10, 3.0), (70, 5.0)):
        at = NOW + timedelta(minutes=minute)
        store.record_metric(MetricType.HEALTH, "fetch_seconds", value, {"bar": minute}, at)
    # Another type, and another name: neither is counted.
    store.record_metric(MetricType.TRADE, "fetch_seconds", 100.0, timestamp=NOW)
    store.record_metric(MetricType.HEALTH, "other", 100.0, timestamp=NOW)
    asked, hour = (MetricType.HEALTH, "fetch_seconds"), timedelta(hours=1)
    expected = {
        Aggregation.MEAN: (3.0, 2.0, [2.0, 5.0]),
        Aggregation.SUM: (9.0, 4.0, [4.0, 5.0]),
        Aggregation.COUNT: (3.0, 2.0, [2.0, 1.0]),
        Aggregation.LOWEST: (1.0, 1.0, [1.0, 5.0]),
        Aggregation.HIGHEST: (5.0, 3.0, [3.0, 5.0]),
        Aggregation.LAST: (5.0, 3.0, [3.0, 5.0]),
    }
    for how, (whole, first_hour, values) in expected.items():
        assert store.aggregate_metrics(*asked, how) == whole
        # Both ends are included.
        assert store.aggregate_metrics(*asked, how, NOW, NOW + timedelta(minutes=10)) == first_hour
        periods = store.aggregate_by_period(*asked, hour, how, NOW, NOW + 3 * hour)
        assert [period.value for period in periods] == values
        assert [period.start for period in periods] == [NOW, NOW + hour]
    stats = store.get_metric_stats(*asked)
    assert stats is not None
    assert (stats.count, stats.total, stats.mean, stats.median) == (3, 9.0, 3.0, 3.0)
    assert (stats.last, stats.last_at) == (5.0, NOW + timedelta(minutes=70))
    assert [m.value for m in store.get_metrics(*asked, limit=2)] == [5.0, 3.0]
    assert [m.value for m in store.get_metrics(*asked, end_time=NOW)] == [1.0]
    assert store.latest()["fetch_seconds"].dimensions == {"bar": 70}
    assert store.cleanup_old_metrics(NOW + timedelta(days=1, minutes=30), days=1.0) == 4
    assert [m.value for m in store.latest().values()] == [5.0]


def test_of_metrics_that_are_not_there_there_is_nothing_but_their_count(file: DuckDBFile) -> None:
    store = MetricsStore(file)
    asked = (MetricType.PERFORMANCE, "nothing")
    assert store.get_metric_stats(*asked) is None
    for how in (Aggregation.SUM, Aggregation.LAST):
        assert store.aggregate_metrics(*asked, how) is None
    assert store.aggregate_metrics(*asked, Aggregation.COUNT) == 0.0
    with pytest.raises(BadInput, match="no length"):
        store.aggregate_by_period(*asked, timedelta(0), Aggregation.SUM, NOW, NOW)
    with pytest.raises(BadInput, match="no zone"):
        store.aggregate_metrics(*asked, start_time=datetime(2025, 6, 10))


def test_many_metrics_are_few_statements_and_keep_every_bit(
    file: DuckDBFile,
) -> None:
    at = NOW.astimezone(timezone(timedelta(hours=-4)))
    metrics = [
        Metric(MetricType.TRADE, f"m{n % 7}", n / 3, at + n * BREATH, {"n": n}) for n in range(5000)
    ]
    with file.transaction() as connection:
        counted = CountedStatements(connection)
        insert_metrics(counted, metrics)  # type: ignore[arg-type]
    # One for each would take a second and more, in which the file is kept from health.
    assert counted.statements == 1
    assert counted.values < 10
    assert MetricsStore(file).get_metrics(limit=5000)[::-1] == metrics


def test_log_lines_are_found_by_level_part_time_and_word_and_go_after_three_days(
    file: DuckDBFile,
) -> None:
    store = LogStore(file)
    store.insert_log("INFO", "openbell.a", "began", NOW - timedelta(days=4))
    store.insert_log("ERROR", "openbell.a", "broke", NOW, symbol="AAPL")
    store.insert_log("WARNING", "openbell.b", "slow", NOW + timedelta(minutes=1))
    store.insert_log("CRITICAL", "openbell.b.c", "gone", NOW + timedelta(minutes=2))

    def found(**asked: Any) -> list[str]:
        return [line.message for line in store.get_logs(**asked)]

    assert found() == ["gone", "slow", "broke", "began"]
    assert found(level="error") == ["broke"]
    assert found(least="WARNING") == ["gone", "slow", "broke"]
    assert found(logger="openbell.b") == found(logger="b") == ["gone", "slow"]
    assert found(logger="b.c") == ["gone"]
    assert found(limit=1) == ["gone"]
    assert found(search="RO") == ["broke"]
    # What a person looks for is text, and no pattern.
    assert found(search="%") == []
    assert store.get_logs(search="rok")[0].context == {"symbol": "AAPL"}
    assert found(start_time=NOW, end_time=NOW + timedelta(minutes=1)) == ["slow", "broke"]
    assert (store.count_logs(), store.count_logs("INFO"), store.count_logs(logger="b")) == (4, 1, 2)
    for wrong in ({"level": "LOUD"}, {"least": ""}, {"start_time": datetime(2025, 6, 10)}):
        with pytest.raises(BadInput):
            store.get_logs(**wrong)
    assert store.cleanup_old_logs(NOW) == 1
    assert len(store.get_logs()) == 3


def test_a_heartbeat_replaces_the_one_before(file: DuckDBFile) -> None:
    beat(file, "health", NOW, "healthy", "")
    beat(file, "health", NOW + timedelta(minutes=5), "degraded", "disk")
    assert heartbeats(file) == {"health": (NOW + timedelta(minutes=5), "degraded", "disk")}


def test_a_session_notes_each_bar_its_log_and_each_trade(well: Path) -> None:
    trades = traded_in(well)
    assert trades
    file = telemetry_file(well, "replay")
    stats = MetricsStore(file).get_metric_stats(MetricType.PERFORMANCE, "equity_usd")
    assert stats is not None
    assert stats.count == 13
    assert set(MetricsStore(file).latest()) == {
        "bar_latency_seconds", "fetch_seconds", "fetch_failed", "symbols_missing",
        "symbols_blocked", "unprotected_seconds", "equity_usd", "positions",
        "pnl_usd", "pnl_pct", "r_multiple", "held_seconds",
    }  # fmt: skip
    earned = MetricsStore(file).get_metrics(MetricType.TRADE, "pnl_usd")
    assert sorted((m.dimensions["symbol"], round(m.value, 6)) for m in earned) == sorted(
        (trade["symbol"], float(str(trade["pnl"]))) for trade in trades
    )
    assert heartbeats(file)["session"][2] == "bar 12"
    store = TradeStore(DuckDBLedger(well, "replay"), file)
    found = store.get_trades(status=TradeStatus.CLOSED)
    assert len(found) == len(trades)
    assert any(trade.seen_at is not None for trade in found)


@pytest.mark.parametrize("trouble", ["corrupt", "locked"])
def test_a_session_trades_the_same_when_its_telemetry_cannot_be_written(
    well: Path, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blocks.telemetry.file.WAIT_SECONDS", 0.01)
    expected = traded_in(well)
    path = telemetry_path(tmp_path / "ill", "replay")
    path.parent.mkdir(parents=True)
    if trouble == "corrupt":
        path.write_bytes(b"no database" * 1000)
        assert replay(tmp_path / "ill") == expected
        return
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(
            "blocks.telemetry.telemetry.telemetry_file",
            lambda folder, account, hold: telemetry_file(folder, account, hold, 0.01),
        )
        assert replay(tmp_path / "ill") == expected


def test_a_session_that_waits_for_its_next_bar_lets_health_read_its_telemetry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blocks.telemetry.telemetry.HOLD_SECONDS", 3600.0)
    read: list[int] = []

    def look(session: Session, bar: int, bars: int) -> None:
        read.append(len(read_telemetry(tmp_path, "replay", datetime.now(UTC)).metrics))
        should_stop.requested = True

    should_stop = StopRequest()
    request = SessionRequest(
        PlainParts(tmp_path), replay="2025-06-10", symbols=("AAA",), speed=20_000.0
    )
    asyncio.run(run_account(request, should_stop=should_stop, progress=look))
    assert read
    assert read[0] > 0


def test_what_could_not_be_written_is_written_with_the_next_bar(tmp_path: Path) -> None:
    telemetry = SessionTelemetry(tmp_path, "paper")
    figures = BarFigures(date(2025, 6, 10), 1, 0.5, 0.1, True, 0, 0, 1, 10_000.0, (LOST,))
    path = telemetry_path(tmp_path, "paper")
    path.parent.mkdir(parents=True)
    path.mkdir()
    with pytest.raises(StoreUnavailable):
        telemetry.record_bar(figures)
    path.rmdir()
    telemetry.record_bar(figures)
    # The same trade told of twice stays as it was noted first, and is counted once.
    telemetry.record_bar(figures)
    telemetry.close()
    with telemetry_file(tmp_path, "paper").transaction() as connection:
        assert connection.execute("SELECT count(*) FROM trade_notes").fetchall() == [(1,)]
    store = MetricsStore(telemetry_file(tmp_path, "paper"))
    assert [m.value for m in store.get_metrics(MetricType.TRADE, "pnl_usd")] == [-12.5]
    # Nothing was at risk that it could be measured by.
    assert store.get_metrics(MetricType.TRADE, "r_multiple") == []


def test_trades_are_the_ledgers_and_notes_never_change_their_numbers(data_dir: Path) -> None:
    ledger = DuckDBLedger(data_dir, "replay")
    store = TradeStore(ledger, telemetry_file(data_dir, "replay"))
    rows = ledger.query("SELECT * FROM trades ORDER BY session DESC, exit_time DESC, number DESC")
    assert len(rows) > 2
    found = store.get_trades()
    assert [(t.session, t.symbol, t.pnl) for t in found] == [
        (row["session"], row["symbol"], row["pnl"]) for row in rows
    ]
    assert store.get_trades(limit=1, offset=1) == found[1:2]
    assert {t.symbol for t in store.get_trades(symbol="AAPL")} == {"AAPL"}
    assert store.get_trades(strategy="orb") == found
    assert store.get_trades(strategy="another") == []
    assert store.get_trade_by_id(found[0].trade_id) == found[0]
    assert store.count_trades() == store.count_trades(status=TradeStatus.CLOSED) == len(rows)
    assert store.count_trades("AAPL") < len(rows)
    before = ledger.query("SELECT * FROM trades")
    store.update_trade(found[0].trade_id, "first words")
    store.update_trade(found[0].trade_id, "second thoughts")
    assert store.get_trades(limit=1)[0].note == "second thoughts"
    assert store.get_trades(limit=1)[0].model_copy(update={"note": None}) == found[0]
    assert ledger.query("SELECT * FROM trades") == before
    for wrong in ("2025-06-10/99", "nonsense", "open/AAPL"):
        with pytest.raises(BadInput):
            store.update_trade(wrong, "x")
    stats = store.get_pnl_stats()
    pnl = [float(row["pnl"]) for row in rows]
    assert stats.trades == len(pnl)
    assert stats.total_pnl == pytest.approx(sum(pnl))
    assert stats.wins == sum(value > 0 for value in pnl)
    assert store.get_pnl_stats(symbol="AAPL").trades < stats.trades
    assert store.get_pnl_stats(since=datetime(2030, 1, 1, tzinfo=UTC)).win_rate is None
