"""Health: each component looked at alone, and the whole with its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path

import pytest

from blocks.account.facts import AccountFacts, Halt, read_facts
from blocks.account.reader import AccountReader
from blocks.account.telemetry_facts import LoggedError, TelemetryFacts
from blocks.health import machine_checks
from blocks.health.checks import (
    Component,
    Level,
    Place,
    check_errors,
    check_exchange,
    check_halt,
    check_messages,
)
from blocks.health.health import HealthCheck, check_health, write_heartbeat
from blocks.health.machine_checks import (
    CALENDAR_PACKAGE,
    CALENDAR_RELEASES,
    check_calendar,
    check_clock,
    check_disk,
)
from blocks.health.session_checks import check_data, check_last_bar, check_lease, check_settings
from blocks.ledger.open_session import OpenSession
from blocks.process.clock_offset import NOTED
from blocks.process.secret_mask import MASK
from blocks.records.position import Position
from blocks.stores.file_lock import locked
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.metrics import Metric, MetricType
from blocks.telemetry.telemetry import heartbeats
from tests.repository import REPOSITORY

# A Tuesday; the session is open from 13:30 to 20:00 UTC.
OPEN = datetime(2025, 6, 10, 15, 2, tzinfo=UTC)
NIGHT = datetime(2025, 6, 10, 23, 0, tzinfo=UTC)
SATURDAY = datetime(2025, 6, 14, 15, 2, tzinfo=UTC)
PLAN = {"exchange": "NYSE", "interval_minutes": 5, "symbols": ["A", "B"], "source": "test"}
LAST_BAR = datetime(2025, 6, 10, 14, 55, tzinfo=UTC)
FACTS = AccountFacts("paper", PLAN, "me", None, None, LAST_BAR)
BEGUN = OpenSession("2025-06-10", datetime(2025, 6, 10, 20, 0, tzinfo=UTC), is_stopped=False)
STOPPED = replace(BEGUN, is_stopped=True)
NEXT_DAY = OPEN + timedelta(days=1)
PLACE = Place(Path("my data"), "paper")
H, D, U = Level.HEALTHY, Level.DEGRADED, Level.UNHEALTHY


def at(hour: int, minute: int, second: int = 0, day: int = 10) -> datetime:
    return datetime(2025, 6, day, hour, minute, second, tzinfo=UTC)


def minutes_ago(minutes: float, now: datetime = OPEN) -> datetime:
    return now - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("held_by", "begun", "now", "account", "level", "words"),
    [
        ("openbell run (PID 7)", BEGUN, OPEN, "paper", H, "held by openbell run"),
        ("me", STOPPED, OPEN, "paper", H, "held by"),
        (None, BEGUN, OPEN, "paper", U, "session 2025-06-10 is open and nobody trades it"),
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
    found = check_lease(facts, now, PLACE)
    assert found.level == level
    assert words in found.reason


@pytest.mark.parametrize(
    ("begun", "last_sign", "now", "level"),
    [
        # At midnight of a market that never closes, and at an open, another process takes it up.
        (None, at(13, 20), at(13, 30, 44), H),
        (None, at(13, 20), at(13, 30, 45), U),
        (None, at(13, 30, 40), at(13, 31, 20), H),
        # In mid-session somebody has died: it is said at once, and is red within a minute.
        (BEGUN, at(15, 1, 30), at(15, 1, 35), D),
        (BEGUN, at(15, 1, 30), at(15, 2, 14), D),
        (BEGUN, at(15, 1, 30), at(15, 2, 15), U),
        # What comes out of the future is believed by nobody.
        (BEGUN, at(16, 0), at(15, 2, 15), U),
    ],
)
def test_a_hand_over_is_no_alert_and_a_death_is_one(
    begun: OpenSession | None, last_sign: datetime, now: datetime, level: Level
) -> None:
    facts = replace(FACTS, held_by=None, open_session=begun)
    found = check_lease(facts, now, PLACE, last_sign)
    assert found.level == level
    if level != H:
        assert found.since == (last_sign if last_sign <= now and begun else at(13, 30))
        assert "openbell up --data-dir 'my data'" in found.hint
        # One that was begun is taken up by itself, one that was not has to be begun by somebody.
        assert ("is taken up within half a minute" in found.hint) == (begun is not None)
        assert ("quick run of trade-session/paper" in found.hint) == (begun is None)


def bar_at(
    now: datetime,
    last_bar: datetime | None,
    arrived: datetime | None = None,
    facts: AccountFacts = FACTS,
) -> Component:
    return check_last_bar(replace(facts, last_bar=last_bar), now, 5.0, arrived, PLACE)


def test_who_took_the_account_a_moment_ago_and_had_a_bar_since_is_late_like_anybody() -> None:
    taken = replace(FACTS, taken_at=at(15, 4, 30))
    # Warming up, until the first bar has come: then the next one is due as always.
    assert bar_at(at(15, 6), at(14, 55), at(15, 0, 6), taken).level == H
    assert bar_at(at(15, 6), at(14, 55), at(15, 4, 40), taken).level == U
    # Bars that are caught up with come one after another.
    assert bar_at(at(15, 6), at(14, 50), at(15, 5, 50), taken).level == H


def test_a_session_that_was_stopped_is_not_called_late_too() -> None:
    facts = replace(FACTS, open_session=STOPPED)
    assert bar_at(OPEN, None, facts=replace(facts, held_by=None)).level == H
    assert bar_at(OPEN, None, facts=facts).level == U
    # It says nothing of the next session.
    assert bar_at(NEXT_DAY, None, facts=replace(facts, held_by=None)).level == U


@pytest.mark.parametrize(
    ("last_bar", "now", "level"),
    [
        # The bar 15:00 ends at 15:05 and has settled at 15:05:05.
        (at(14, 55), OPEN, H),
        (at(14, 55), at(15, 5, 34), H),
        (at(14, 55), at(15, 5, 35), D),
        (at(14, 55), at(15, 6), U),
        (at(14, 50), OPEN, U),
        (None, at(13, 35, 34), H),
        (None, at(13, 36), U),
        (at(19, 55, day=9), at(13, 30), H),
        (at(19, 55, day=9), at(13, 35), H),
        (at(19, 55, day=9), at(13, 36), U),
        # The last one of a day is followed by none, and at night nobody waits for one.
        (at(19, 55), at(19, 59, 59), H),
        (at(19, 50), at(20, 0), H),
        (at(19, 55, day=9), NIGHT, H),
        (at(19, 55, day=9), SATURDAY, H),
    ],
)
def test_a_bar_is_late_by_its_own_due_time(
    last_bar: datetime | None, now: datetime, level: Level
) -> None:
    found = bar_at(now, last_bar)
    assert found.level == level
    if level == H:
        assert found.hint == ""
    else:
        assert found.hint.endswith("tail 'my data/logs/openbell.jsonl'")
        assert "due at" in found.reason
    assert bar_at(now, last_bar, facts=replace(FACTS, account="replay")).level == H


def test_bars_that_are_caught_up_with_are_as_old_as_their_arrival() -> None:
    assert bar_at(OPEN, at(13, 40), arrived=OPEN - timedelta(seconds=3)).level == H
    late = bar_at(OPEN, at(13, 40), arrived=OPEN - timedelta(seconds=60))
    assert (late.level, late.since) == (U, OPEN - timedelta(seconds=60))
    # What came between the beginning of the look and its reading is no bar of the future.
    assert bar_at(OPEN, at(13, 40), arrived=OPEN + timedelta(seconds=2)).level == H
    assert bar_at(OPEN, at(13, 40), arrived=OPEN + timedelta(hours=1)).level == U
    # Whoever has just taken the account may first warm up.
    taken = replace(FACTS, taken_at=OPEN - timedelta(seconds=20))
    assert bar_at(OPEN, at(13, 40), facts=taken).level == H
    assert bar_at(OPEN, at(13, 40), facts=replace(taken, held_by=None)).level == U


def fetched(moment: datetime, **values: float) -> TelemetryFacts:
    return TelemetryFacts(
        {name: Metric(MetricType.HEALTH, name, value, moment) for name, value in values.items()}
    )


@pytest.mark.parametrize(
    ("failed", "missing", "level"), [(0, 0, H), (0, 1, D), (0, 2, U), (1, 2, U)]
)
def test_a_provider_that_gives_nothing_is_not_well(
    failed: float, missing: float, level: Level
) -> None:
    values = {"fetch_failed": failed, "symbols_missing": missing, "fetch_seconds": 0.2}
    telemetry = fetched(OPEN, **values)
    found = check_data(FACTS, telemetry, OPEN, PLACE)
    assert found.level == level
    assert bool(found.hint) == (level != H)
    assert check_data(FACTS, TelemetryFacts(), OPEN, PLACE).level == H
    # A last bar without data makes no red night, no red weekend and no red morning.
    for later in (NIGHT, SATURDAY, NEXT_DAY):
        assert check_data(FACTS, telemetry, later, PLACE).level == H


def waiting(minutes: float) -> AccountFacts:
    oldest = OPEN - timedelta(minutes=minutes)
    return replace(FACTS, outbox_open=3, outbox_oldest=oldest)


ERRORS = [LoggedError(OPEN, "newest"), LoggedError(minutes_ago(9), "oldest")]


@pytest.mark.parametrize(
    ("component", "level", "word"),
    [
        (check_exchange(FACTS, PLACE), H, "agree"),
        (check_exchange(replace(FACTS, blocked={"AAPL": "ledger 5, exchange 0"}), PLACE), U, "5"),
        (check_exchange(replace(FACTS, unknown_orders=2), PLACE), D, "2 orders"),
        (check_halt(FACTS, PLACE), H, "not halted"),
        (check_halt(replace(FACTS, halt=Halt(OPEN, "flatten", "news")), PLACE), D, "news"),
        (check_messages(FACTS, OPEN, PLACE), H, "nothing"),
        (check_messages(waiting(0.9), OPEN, PLACE), H, "3"),
        (check_messages(waiting(1), OPEN, PLACE), D, "the oldest for 60 s"),
        (check_messages(waiting(31), OPEN, PLACE), U, "3"),
        (check_messages(replace(waiting(31), account="replay"), OPEN, PLACE), H, "3"),
        (check_messages(replace(FACTS, outbox_refused="404"), OPEN, PLACE), U, "404"),
        (check_messages(replace(FACTS, outbox_lost="outbox"), OPEN, PLACE), U, "its table outbox"),
        (check_clock(FACTS, OPEN, TelemetryFacts()), H, "UTC"),
        (check_clock(FACTS, OPEN - timedelta(hours=1), TelemetryFacts()), U, "behind"),
        (check_clock(FACTS, OPEN, TelemetryFacts(arrived=minutes_ago(-1))), U, "60 s behind"),
        (check_clock(FACTS, OPEN, fetched(OPEN, **{NOTED: 120.4})), U, "120 s ahead of that of"),
        (check_clock(FACTS, OPEN, fetched(OPEN, **{NOTED: -120.4})), U, "120 s behind that of"),
        (check_clock(FACTS, OPEN, fetched(OPEN, **{NOTED: 8.0})), D, "8 s"),
        (check_clock(FACTS, OPEN, fetched(OPEN, **{NOTED: 1.2})), H, "1 s"),
        (check_clock(FACTS, OPEN, fetched(minutes_ago(61), **{NOTED: 120.0})), H, "120 s"),
        (check_calendar(FACTS, datetime(2026, 11, 29, tzinfo=UTC)), H, "released 55 days ago"),
        (check_calendar(FACTS, datetime(2027, 11, 29, tzinfo=UTC)), D, "closures are unknown"),
        (check_errors([], PLACE), H, "none"),
        (check_errors(ERRORS, PLACE), D, "2 errors were logged in the last hour, at 15:02:00"),
        (check_disk(Path("/"), PLACE), H, "free"),
        (check_disk(Path("/nowhere/at/all"), PLACE), U, "No such file"),
    ],
)
def test_each_component_says_how_it_is_and_why(
    component: Component, level: Level, word: str
) -> None:
    assert component.level == level
    assert word in component.reason
    assert (component.level == H) == (component.hint == "") or component.name == "disk"


def test_what_is_known_to_have_begun_at_a_moment_says_so() -> None:
    assert check_halt(replace(FACTS, halt=Halt(OPEN, "halt", "")), PLACE).since == OPEN
    assert check_messages(waiting(9), OPEN, PLACE).since == OPEN - timedelta(minutes=9)
    assert check_errors(ERRORS, PLACE).since == OPEN - timedelta(minutes=9)


def test_the_calendars_release_is_known_and_another_ones_age_is_its_installations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    locked = [
        line.partition("==")[2].split()[0]
        for line in (REPOSITORY / "requirements.lock").read_text().splitlines()
        if line.startswith(f"{CALENDAR_PACKAGE}==")
    ]
    # A new version in the lock comes with the day of its release: see the dates in its wheel.
    assert locked
    assert set(locked) <= set(CALENDAR_RELEASES)
    monkeypatch.setattr(machine_checks, "CALENDAR_RELEASES", {"0.1": date(2001, 1, 1)})
    machine_checks._released.cache_clear()
    try:
        found = check_calendar(FACTS, datetime.now(UTC))
    finally:
        machine_checks._released.cache_clear()
    assert found.reason.startswith(f"{CALENDAR_PACKAGE} {distribution(CALENDAR_PACKAGE).version}")
    assert "installed" in found.reason


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


def test_a_ledger_that_cannot_be_read_is_unhealthy(data_dir: Path) -> None:
    (data_dir / "replay" / "ledger.duckdb").write_bytes(b"rubbish" * 5000)
    report = check_health(data_dir, "replay", datetime.now(UTC))
    assert report.level == Level.UNHEALTHY
    assert report.reasons[0].startswith("ledger: store")
    assert report.bad[0].hint
    assert report.facts is None


def test_a_ledger_that_is_written_to_is_red_once_that_takes_long(data_dir: Path) -> None:
    check = HealthCheck(AccountReader(data_dir, "replay", 0.05), 5.0)

    def ledger(after_s: float) -> Component:
        return check.look(OPEN + timedelta(seconds=after_s)).components[0]

    assert ledger(0).level == H
    path = data_dir / "replay" / "ledger.duckdb"
    with locked(path):
        path.touch()
        found = ledger(5)
        assert (found.level, found.since) == (D, OPEN)
        assert "locked by another process" in found.reason
        assert ledger(44).level == D
        assert ledger(45).level == U
        # Who looks once does not know for how long.
        assert check_health(data_dir, "replay", OPEN, wait_s=0.05).components[0].level == U
    assert ledger(50).level == H


def test_a_folder_in_a_ledgers_place_is_a_component_with_the_whole_way_out(tmp_path: Path) -> None:
    (tmp_path / "paper" / "ledger.duckdb").mkdir(parents=True)
    ledger = check_health(tmp_path, "paper", OPEN).components[0]
    assert (ledger.name, ledger.level) == ("ledger", Level.UNHEALTHY)
    assert "Is a directory" in ledger.reason
    (tmp_path / "paper" / "ledger.duckdb").rmdir()
    (tmp_path / "paper" / "ledger.duckdb").write_text("no database, " * 2_000)
    ledger = check_health(tmp_path, "paper", OPEN).components[0]
    assert ledger.hint.endswith(f"openbell restore --data-dir {tmp_path} --account paper")


def test_before_the_first_session_all_is_well_until_somebody_should_have_begun_one(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "empty"

    def level(now: datetime, began: datetime | None) -> Level:
        return HealthCheck(AccountReader(folder, "paper"), 5.0, "NYSE", began).look(now).level

    assert check_health(folder, "paper", OPEN).level == H
    # `up` was started on Friday evening, on a Saturday, or a moment ago.
    assert level(SATURDAY, at(20, 30, day=13)) == H
    assert level(at(13, 20, day=16), SATURDAY) == H
    assert level(OPEN, OPEN - timedelta(seconds=170)) == H
    # Monday's session is open and nothing has begun it.
    assert level(at(13, 30, 30, day=16), SATURDAY) == H
    assert level(at(13, 31, day=16), SATURDAY) == U
    assert not folder.exists()


def test_a_calendar_that_knows_the_exchange_no_more_is_a_component_not_an_end(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = AccountReader(data_dir, "replay")
    lost = replace(reader.facts(), account="paper", plan={**PLAN, "exchange": "MOON"})
    monkeypatch.setattr(reader, "facts", lambda: lost)
    found = {c.name: c for c in HealthCheck(reader).look(OPEN).components}
    for name in ("lease", "last_bar", "data", "calendar"):
        assert found[name].level == U
        assert "MOON" in found[name].reason
        assert found[name].hint


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
    doubled = replace(held, plan={**facts.plan, "risk": {"leverage": 2.0}})
    assert doubled.buying_power == 2 * facts.value - 1900.0


@pytest.mark.parametrize(
    ("account", "asked", "level"),
    [
        ("paper", "NYSE", Level.HEALTHY),
        ("paper", "LSE", Level.UNHEALTHY),
        # Who trades may have been told by an argument, and a replay follows no settings.
        ("paper", None, Level.HEALTHY),
        ("replay", "LSE", Level.HEALTHY),
    ],
)
def test_settings_that_begin_no_further_session_are_red_before_its_time_comes(
    account: str, asked: str | None, level: Level
) -> None:
    found = check_settings(replace(FACTS, account=account), asked)
    assert found.level == level
    if level == Level.UNHEALTHY:
        assert "begun on exchange NYSE and not on LSE: its next session is refused" in found.reason
        assert "EXCHANGE=NYSE" in found.hint
