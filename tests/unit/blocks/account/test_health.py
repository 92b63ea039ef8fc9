"""Health: each component looked at alone, and the whole with its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from blocks.account.facts import AccountFacts, Halt, read_facts
from blocks.account.health import check_health, write_heartbeat
from blocks.account.health_checks import (
    Component,
    Level,
    check_calendar,
    check_clock,
    check_data,
    check_disk,
    check_errors,
    check_exchange,
    check_halt,
    check_last_bar,
    check_lease,
    check_outbox,
)
from blocks.ledger.open_session import OpenSession
from blocks.process.secret_mask import MASK
from blocks.records.position import Position
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.metrics import Metric, MetricType
from blocks.telemetry.telemetry import heartbeats

# A Tuesday; the session is open from 13:30 to 20:00 UTC.
OPEN = datetime(2025, 6, 10, 15, 2, tzinfo=UTC)
NIGHT = datetime(2025, 6, 10, 23, 0, tzinfo=UTC)
PLAN = {"exchange": "NYSE", "interval_minutes": 5, "symbols": ["A", "B"], "source": "test"}
FACTS = AccountFacts("paper", PLAN, "me", None, OPEN)
BEGUN = OpenSession("2025-06-10", datetime(2025, 6, 10, 20, 0, tzinfo=UTC), is_stopped=False)
STOPPED = replace(BEGUN, is_stopped=True)
NEXT_DAY = OPEN + timedelta(days=1)
H, D, U = Level.HEALTHY, Level.DEGRADED, Level.UNHEALTHY


def minutes_ago(minutes: float, now: datetime = OPEN) -> datetime:
    return now - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("held_by", "begun", "now", "account", "level", "words"),
    [
        ("python -m flows run (PID 7)", BEGUN, OPEN, "paper", H, "held by python -m flows run"),
        ("me", STOPPED, OPEN, "paper", H, "held by"),
        (None, BEGUN, OPEN, "paper", U, "session 2025-06-10 is open and nobody trades it"),
        (None, BEGUN, OPEN, "paper", U, "python -m flows run"),
        (None, None, OPEN, "paper", U, "session 2025-06-10 is open and nobody trades it"),
        (None, STOPPED, OPEN, "paper", D, "stopped by an operator, with 0 positions open"),
        (None, BEGUN, NIGHT, "paper", D, "session 2025-06-10 was never closed"),
        (None, BEGUN, NEXT_DAY, "paper", U, "session 2025-06-11 is open and nobody trades it"),
        (None, STOPPED, NEXT_DAY, "paper", U, "session 2025-06-11 is open and nobody trades it"),
        (None, None, NIGHT, "paper", H, "no session is open"),
        (None, BEGUN, OPEN, "replay", H, "a replay"),
    ],
)
def test_a_session_that_is_open_without_a_trader_is_an_alert(
    held_by: str | None,
    begun: OpenSession | None,
    now: datetime,
    account: str,
    level: Level,
    words: str,
) -> None:
    facts = replace(FACTS, account=account, held_by=held_by, open_session=begun)
    found = check_lease(facts, now)
    assert found.level == level
    assert words in found.reason


def test_a_session_that_was_stopped_is_not_called_late_too() -> None:
    facts = replace(FACTS, last_bar=None, open_session=STOPPED)
    assert check_last_bar(replace(facts, held_by=None), OPEN, 5.0).level == H
    assert check_last_bar(facts, OPEN, 5.0).level == U
    # It says nothing of the next session.
    assert check_last_bar(replace(facts, held_by=None), NEXT_DAY, 5.0).level == U


@pytest.mark.parametrize(
    ("last_bar", "now", "account", "level"),
    [
        # 15:02: the bar 14:55 ended at 15:00 and may be settled; 14:50 is one too old.
        (datetime(2025, 6, 10, 14, 55, tzinfo=UTC), OPEN, "paper", H),
        (datetime(2025, 6, 10, 14, 50, tzinfo=UTC), OPEN, "paper", H),
        (datetime(2025, 6, 10, 14, 40, tzinfo=UTC), OPEN, "paper", D),
        (datetime(2025, 6, 10, 14, 30, tzinfo=UTC), OPEN, "paper", U),
        (None, OPEN, "paper", U),
        (None, datetime(2025, 6, 10, 13, 33, tzinfo=UTC), "paper", H),
        (datetime(2025, 6, 9, 19, 55, tzinfo=UTC), datetime(2025, 6, 10, 13, 35, tzinfo=UTC),
         "paper", H),
        (datetime(2025, 6, 9, 19, 55, tzinfo=UTC), NIGHT, "paper", H),
        (datetime(2025, 6, 9, 19, 55, tzinfo=UTC), OPEN, "replay", H),
    ],
)  # fmt: skip
def test_bars_arrive_while_a_session_is_open(
    last_bar: datetime | None, now: datetime, account: str, level: Level
) -> None:
    facts = replace(FACTS, account=account, last_bar=last_bar)
    assert check_last_bar(facts, now, settle_s=5.0).level == level


@pytest.mark.parametrize(
    ("failed", "missing", "level"), [(0, 0, H), (0, 1, D), (0, 2, U), (1, 2, U)]
)
def test_a_provider_that_gives_nothing_is_not_well(
    failed: float, missing: float, level: Level
) -> None:
    values = {"fetch_failed": failed, "symbols_missing": missing, "fetch_seconds": 0.2}
    metrics = {n: Metric(MetricType.HEALTH, n, float(v), OPEN) for n, v in values.items()}
    assert check_data(FACTS, metrics).level == level
    assert check_data(FACTS, {}).level == H


@pytest.mark.parametrize(
    ("component", "level", "word"),
    [
        (check_exchange(FACTS), H, "agree"),
        (check_exchange(replace(FACTS, blocked={"AAPL": "ledger 5, exchange 0"})), U, "AAPL"),
        (check_exchange(replace(FACTS, unknown_orders=2)), D, "2 orders"),
        (check_halt(FACTS), H, "not halted"),
        (check_halt(replace(FACTS, halt=Halt(OPEN, "flatten", "news"))), D, "news"),
        (check_outbox(FACTS, OPEN), H, "nothing"),
        (check_outbox(replace(FACTS, outbox_open=3, outbox_oldest=minutes_ago(1)), OPEN), H, "3"),
        (check_outbox(replace(FACTS, outbox_open=3, outbox_oldest=minutes_ago(9)), OPEN), D, "3"),
        (check_outbox(replace(FACTS, outbox_refused="404"), OPEN), D, "404"),
        (check_clock(replace(FACTS, last_bar=minutes_ago(7)), OPEN), H, "UTC"),
        (check_clock(FACTS, OPEN - timedelta(hours=1)), U, "behind"),
        (check_calendar(FACTS, datetime.now(UTC)), H, "installed"),
        (check_calendar(FACTS, datetime.now(UTC) + timedelta(days=500)), D, "update"),
        (check_calendar(replace(FACTS, plan={"exchange": "MOON"}), OPEN), U, "MOON"),
        (check_errors(0), H, "none"),
        (check_errors(4), D, "4 errors"),
        (check_disk(Path("/")), H, "free"),
        (check_disk(Path("/nowhere/at/all")), U, "No such file"),
    ],
)
def test_each_component_says_how_it_is_and_why(
    component: Component, level: Level, word: str
) -> None:
    assert component.level == level
    assert word in component.reason


def test_the_worst_component_counts_and_reasons_come_worst_first(data_dir: Path) -> None:
    report = check_health(data_dir, "replay", datetime.now(UTC))
    assert report.level == Level.HEALTHY
    assert report.reasons == []
    bad = replace(
        report,
        components=(
            *report.components,
            Component("a", Level.DEGRADED, "slow"),
            Component("b", Level.UNHEALTHY, "gone"),
        ),
    )
    assert bad.level == Level.UNHEALTHY
    assert bad.reasons == ["b: gone", "a: slow"]


def test_a_ledger_that_cannot_be_read_is_unhealthy_and_one_that_is_not_there_yet_is_not(
    data_dir: Path, tmp_path: Path
) -> None:
    (data_dir / "replay" / "ledger.duckdb").write_bytes(b"rubbish" * 5000)
    report = check_health(data_dir, "replay", datetime.now(UTC))
    assert report.level == Level.UNHEALTHY
    assert report.reasons[0].startswith("ledger: store")
    assert report.facts is None
    nobody = check_health(tmp_path / "empty", "paper", datetime.now(UTC))
    assert nobody.level == Level.DEGRADED
    assert not (tmp_path / "empty").exists()


def test_the_heartbeat_says_how_it_was(data_dir: Path) -> None:
    report = check_health(data_dir, "replay", datetime.now(UTC))
    write_heartbeat(data_dir, report)
    when, level, reason = heartbeats(telemetry_file(data_dir, "replay"))["health"]
    assert (when, level, reason) == (report.checked_at, "healthy", "")


def test_reasons_are_masked(tmp_path: Path) -> None:
    MASK.learn(["planted-folder-secret"])
    report = check_health(tmp_path / "planted-folder-secret", "paper", datetime.now(UTC))
    assert "planted-folder-secret" not in str(report.as_dict())


def held_position(quantity: int, mark: str) -> Position:
    entered = datetime(2025, 6, 10, 14, tzinfo=UTC)
    return Position(
        symbol="AAPL",
        quantity=quantity,
        entry_time=entered,
        entry_price=Decimal("40"),
        mark=Decimal(mark),
    )


def test_the_facts_of_an_account_are_its_ledgers(data_dir: Path) -> None:
    facts = read_facts(data_dir, "replay")
    assert facts.capital == 10_000.0
    assert facts.value is not None
    assert facts.realized == pytest.approx(facts.value - 10_000.0)
    assert facts.cash == facts.value
    assert facts.buying_power == facts.value
    held = replace(
        facts,
        positions=(held_position(10, "50"), held_position(-4, "100")),
        reserved=1000.0,
    )
    assert held.gross == 900.0
    assert held.cash == facts.value - 100.0
    assert held.buying_power == facts.value - 1900.0
