"""Each component of health broken in turn: said within a minute, why, since when, what to do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from blocks.account.reader import AccountReader
from blocks.copies.drill_record import DrillRecord, write_drill_record
from blocks.copies.record import note_failure
from blocks.health import machine_checks
from blocks.health.checks import Component, Level
from blocks.health.health import HealthCheck
from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import STOPPED
from blocks.process.clock_offset import forget_dates, note_date
from blocks.process.logs import get_logger
from blocks.telemetry.file import telemetry_file, telemetry_path
from blocks.telemetry.log_lines import LogStore
from tests.terminal import flows
from tests.unit.flows.session.watched_day import ACCOUNT, STEP, WatchedDay, under_its_clock
from trading.errors import StoreUnavailable

MINUTE = timedelta(seconds=60)
# The bar 00:10 was traded last. The next one is due at 00:20:05.
NOW = datetime(2025, 6, 10, 0, 16, tzinfo=UTC)
DUE = datetime(2025, 6, 10, 0, 20, 5, tzinfo=UTC)
H, D, U = Level.HEALTHY, Level.DEGRADED, Level.UNHEALTHY


@pytest.fixture(scope="module")
def traded_in_part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account in the midst of its session."""
    folder = tmp_path_factory.mktemp("part")
    day = WatchedDay(folder, 5, "2025-06-10 00:00:02")
    with pytest.MonkeyPatch.context() as patch, under_its_clock(day, patch):
        day.trade("2025-06-10 00:15")
    with DuckDBLedger(folder, ACCOUNT).changing() as connection:
        # As if its process went on.
        connection.execute("DELETE FROM meta WHERE name = ?", [STOPPED])
    (folder / ACCOUNT / "copies.json").unlink(missing_ok=True)
    (folder / "logs").mkdir()
    (folder / "logs" / "openbell.jsonl").write_text("{}\n")
    return folder


class Patient:
    """A copy of the account, held as by a process that trades it, looked at every five seconds."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        self.lock = lease.lock(folder / ACCOUNT)
        self.check = HealthCheck(AccountReader(folder, ACCOUNT, 0.1), 5.0, "24/7")

    def look(self, name: str, now: datetime) -> Component | None:
        return next((c for c in self.check.look(now).components if c.name == name), None)

    def ledger(self, sql: str, *values: object) -> None:
        with DuckDBLedger(self.folder, ACCOUNT).changing() as connection:
            connection.execute(sql, list(values))


@pytest.fixture
def patient(
    traded_in_part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Patient]:
    shutil.copytree(traded_in_part, tmp_path / "my data")
    patient = Patient(tmp_path / "my data", monkeypatch)
    yield patient
    if not patient.lock.closed:
        lease.unlock(patient.lock)


def free_bytes(count: int) -> Callable[[Path], SimpleNamespace]:
    return lambda folder: SimpleNamespace(free=count)


def forget_release(patient: Patient) -> None:
    released = ("0.1", date(2001, 1, 1), True)
    patient.patch.setattr(machine_checks, "_released", lambda: released)


def leave_a_message(patient: Patient) -> None:
    patient.ledger("DELETE FROM outbox_channels")
    patient.ledger("INSERT INTO outbox_channels (channel, address) VALUES ('discord', 'abc')")
    patient.ledger("DELETE FROM outbox_sendings")
    patient.ledger("UPDATE outbox SET ts = ?", NOW - STEP)


def damage(path: Path) -> None:
    path.write_bytes(b"rubbish" * 5000)


BREAK: dict[str, tuple[str, Level, str, Callable[[Patient], object]]] = {
    "the ledger is damaged": (
        "ledger", U, "ledger.duckdb cannot be used",
        lambda p: damage(p.folder / ACCOUNT / "ledger.duckdb"),
    ),
    "telemetry is damaged": (
        "telemetry", D, "telemetry.duckdb cannot be used",
        lambda p: damage(telemetry_path(p.folder, ACCOUNT)),
    ),
    "the process that traded has died": (
        "lease", U, "session 2025-06-10 is open and nobody trades it",
        lambda p: lease.unlock(p.lock),
    ),
    "the exchange differs": (
        "exchange", U, "AAA: ledger 5, exchange 0",
        lambda p: DuckDBLedger(p.folder, ACCOUNT).remember(
            "differences", '{"AAA": "ledger 5, exchange 0"}'
        ),
    ),
    "an order has no answer": (
        "exchange", D, "1 orders without an answer",
        lambda p: p.ledger(
            "INSERT INTO orders VALUES ('x', '2025-06-10', 'AAA', 'entry', 5, 0, 1, 'unknown', '')"
        ),
    ),
    "an operator halts": (
        "trading", D, "halt since 2025-06-10 00:16 UTC (news)",
        lambda p: DuckDBLedger(p.folder, ACCOUNT).add_command("halt", "news", NOW),
    ),
    "messages do not leave": ("messages", D, "messages wait, the oldest for", leave_a_message),
    "the webhook is revoked": (
        "messages", U, "HTTP 404 Unknown Webhook",
        lambda p: p.ledger(
            "INSERT INTO outbox_channels (channel, address, refused)"
            " VALUES ('discord', 'abc', 'HTTP 404 Unknown Webhook')"
        ),
    ),
    "copies fail": (
        "copies", D, "the last copy failed, there is no good one",
        lambda p: note_failure(
            p.folder, ACCOUNT, NOW, StoreUnavailable("bucket x is away", "Look at it")
        ),
    ),
    "copies have failed for days": (
        "copies", U, "0 of 1 attempts were good): bucket x is away",
        lambda p: note_failure(
            p.folder, ACCOUNT, NOW - timedelta(days=2), StoreUnavailable("bucket x is away", "Look")
        ),
    ),
    "a copy cannot be restored": (
        "restore_drill", U, "table orders differs",
        lambda p: write_drill_record(
            p.folder, ACCOUNT, DrillRecord(NOW, is_good=False, text="table orders differs")
        ),
    ),
    "no copy was tried for long": (
        "restore_drill", D, "last tried 16 days ago",
        lambda p: write_drill_record(
            p.folder, ACCOUNT, DrillRecord(NOW - timedelta(days=16), is_good=True, text="good")
        ),
    ),
    "the disk is nearly full": (
        "disk", D, "0.5 GB free",
        lambda p: p.patch.setattr(machine_checks.shutil, "disk_usage", free_bytes(500_000_000)),
    ),
    "the disk is full": (
        "disk", U, "0.0 GB free",
        lambda p: p.patch.setattr(machine_checks.shutil, "disk_usage", free_bytes(0)),
    ),
    "the calendar is old": ("calendar", D, "newer closures are unknown", forget_release),
    "an error is logged": (
        "errors", D, "1 error was logged in the last hour, at 00:16:00 UTC: broke",
        lambda p: LogStore(telemetry_file(p.folder, ACCOUNT)).insert_log(
            "ERROR", "openbell.x", "broke", NOW
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", BREAK)
def test_what_breaks_is_said_within_a_minute_with_its_reason_and_what_to_do(
    fault: str, patient: Patient
) -> None:
    name, level, words, break_it = BREAK[fault]
    before = patient.look(name, NOW - STEP)
    assert before is None or before.level == H
    break_it(patient)
    for step in range(13):
        now = NOW + step * STEP
        found = patient.look(name, now)
        if found is not None and found.level == level:
            break
    assert found is not None
    assert found.level == level
    assert now - NOW <= MINUTE
    assert words in found.reason
    assert found.since is not None
    assert found.since <= now
    assert found.hint
    works_to_the_letter(found.hint)


def works_to_the_letter(hint: str) -> None:
    """Run the command of a hint where that changes no machine; raises where it does not work."""
    if "openbell sync" in hint or "openbell resume" in hint:
        command = hint.partition("openbell ")[2]
        words = subprocess.check_output(["sh", "-c", f'printf "%s\\n" {command}'], text=True)
        done = flows(*words.splitlines())
        assert done.returncode == 0, done.stderr
    for shell in ("tail ", "grep ", "du "):
        _, found, rest = hint.partition(f": {shell}")
        if found:
            subprocess.run(["sh", "-c", f"{shell}{rest}"], check=True, capture_output=True)


def test_a_bar_that_does_not_come_is_red_a_minute_after_it_was_due(patient: Patient) -> None:
    levels = [patient.look("last_bar", DUE + step * STEP) for step in range(13)]
    found = [component.level for component in levels if component is not None]
    assert found == [H] * 6 + [D] * 5 + [U] * 2
    last = levels[-1]
    assert last is not None
    assert last.since == DUE
    works_to_the_letter(last.hint)


def first(day: WatchedDay, name: str, level: Level) -> tuple[datetime, Component]:
    return next((now, found) for now, found in day.components(name) if found.level == level)


def test_a_source_that_falls_silent_is_red_at_the_next_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, 5, "2025-06-10 00:00:02")
    silent = day.at("2025-06-10 00:09", lambda: setattr(day, "is_silent", True))
    day.at("2025-06-10 00:16", lambda: setattr(day, "is_silent", False))
    with under_its_clock(day, monkeypatch):
        day.trade("2025-06-10 00:25")
    when, found = first(day, "data", U)
    assert silent < when <= silent + MINUTE + timedelta(seconds=10)
    assert "did not answer for the last bar" in found.reason
    assert found.hint
    assert [c.level for _, c in day.components("data")][-1] == H


def test_an_error_between_two_bars_is_counted_before_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, 5, "2025-06-10 00:00:02")
    day.tend_seconds = 10.0

    def fail() -> None:
        get_logger("session").error("what nobody foresaw")

    failed = day.at("2025-06-10 00:06", fail)
    with under_its_clock(day, monkeypatch):
        # Log lines have the machine's own time.
        monkeypatch.setattr("blocks.telemetry.log_lines.datetime", _At(day))
        day.trade("2025-06-10 00:10")
    when, found = first(day, "errors", D)
    assert failed <= when <= failed + MINUTE
    assert "what nobody foresaw" in found.reason


class _At:
    """The class datetime of a module, for lines that are of the day's present."""

    def __init__(self, day: WatchedDay) -> None:
        self._day = day

    def fromtimestamp(self, stamp: float, zone: object) -> datetime:
        return self._day.clock.now()


@pytest.mark.parametrize(("seconds", "words"), [(120, "ahead of"), (-120, "behind")])
def test_a_clock_two_minutes_off_is_one_line_and_red_and_the_session_goes_on(
    seconds: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, 5, "2025-06-10 00:00:02")

    def hear_the_time() -> None:
        now = day.clock.now()
        # An answer that was long on its way says nothing against one that was not.
        for late in (0, 40):
            sent = now - timedelta(seconds=seconds + late)
            note_date(format_datetime(sent, usegmt=True), now)

    for minute in (4, 9, 14):
        day.at(f"2025-06-10 00:{minute:02}", hear_the_time)
    forget_dates()
    try:
        with under_its_clock(day, monkeypatch):
            day.trade("2025-06-10 00:15")
    finally:
        forget_dates()
    when, found = first(day, "clock", U)
    assert when <= datetime(2025, 6, 10, 0, 6, tzinfo=UTC)
    assert f"120 s {words} that of web servers" in found.reason
    assert "timedatectl" in found.hint
    ledger = DuckDBLedger(tmp_path, ACCOUNT)
    told = ledger.query("SELECT payload FROM outbox WHERE payload LIKE '%web servers%'")
    assert len(told) == 1
    bars = ledger.query("SELECT count(*) AS n FROM journal WHERE kind = 'bar'")
    assert bars[0]["n"] == 3
