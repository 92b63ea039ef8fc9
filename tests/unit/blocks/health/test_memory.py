"""Since when something is as it is outlives whoever looked, and who trades is not kept waiting."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blocks.account.reader import AccountReader
from blocks.account_files import HEALTH_FILE
from blocks.health.checks import Component, Level
from blocks.health.health import HealthCheck, HealthReport, check_health, remember
from blocks.health.memory import HealthMemory, read_memory
from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.file_lock import lock_path
from blocks.telemetry.file import telemetry_file, telemetry_path
from blocks.telemetry.log_lines import LogStore

NOW = datetime(2025, 6, 14, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def since(report: HealthReport, name: str) -> datetime | None:
    return next(c.since for c in report.components if c.name == name)


def test_since_when_it_is_so_is_kept_over_restarts_and_changes_with_the_level(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = check_health(data_dir, "replay", NOW)
    remember(data_dir, first)
    path = data_dir / "replay" / "exchange-mock.duckdb"
    assert path.exists()
    ledger = DuckDBLedger(data_dir, "replay")
    ledger.remember("differences", '{"AAA": "ledger 5, exchange 0"}')
    broken = check_health(data_dir, "replay", NOW + MINUTE)
    assert (since(broken, "exchange"), since(broken, "ledger")) == (NOW + MINUTE, NOW)
    remember(data_dir, broken)
    # Another process, later, and other words for the same trouble.
    ledger.remember("differences", '{"AAA": "ledger 5, exchange 1"}')
    later = check_health(data_dir, "replay", NOW + 30 * MINUTE)
    assert since(later, "exchange") == NOW + MINUTE
    assert all(c.since is not None for c in later.components)
    remember(data_dir, later)
    ledger.remember("differences", "{}")
    assert since(check_health(data_dir, "replay", NOW + 40 * MINUTE), "exchange") == (
        NOW + 40 * MINUTE
    )
    # A clock that was set back makes nothing begin in the future.
    earlier = check_health(data_dir, "replay", NOW - MINUTE)
    assert all(c.since is None or c.since <= NOW - MINUTE for c in earlier.components)


def test_the_memory_is_written_when_it_says_something_else_and_each_minute() -> None:
    well = [Component("disk", Level.HEALTHY, "")]
    ill = [Component("disk", Level.DEGRADED, "")]
    written = HealthMemory().after(well, NOW, is_held=True)
    second = timedelta(seconds=1)
    assert written.is_worth_writing(HealthMemory())
    assert not written.after(well, NOW + 59 * second, is_held=True).is_worth_writing(written)
    assert written.after(ill, NOW + second, is_held=True).is_worth_writing(written)
    assert written.after(well, NOW + 60 * second, is_held=True).is_worth_writing(written)
    assert written.after(well, NOW - second, is_held=True).is_worth_writing(written)
    assert written.after(well, NOW + MINUTE, is_held=False).held_at == NOW


@pytest.mark.parametrize("content", [b"", b"rubbish", b"[1]", b'{"components": 5}'])
def test_a_damaged_memory_is_none_and_is_written_anew(data_dir: Path, content: bytes) -> None:
    path = data_dir / "replay" / HEALTH_FILE
    path.write_bytes(content)
    assert read_memory(data_dir, "replay") == HealthMemory()
    report = check_health(data_dir, "replay", NOW)
    remember(data_dir, report)
    assert read_memory(data_dir, "replay").seen_at == NOW


def test_nothing_is_remembered_of_an_account_that_is_not_there(tmp_path: Path) -> None:
    remember(tmp_path, check_health(tmp_path, "paper", NOW))
    assert list(tmp_path.iterdir()) == []


def open_times(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each time that health opens a store."""
    opened: list[str] = []
    from blocks.account import reader

    facts, telemetry = reader.read_facts, reader.read_telemetry

    def count(name: str, ask: object) -> object:
        def asked(*arguments: object) -> object:
            opened.append(name)
            return ask(*arguments)  # type: ignore[operator]

        return asked

    monkeypatch.setattr(reader, "read_facts", count("ledger", facts))
    monkeypatch.setattr(reader, "read_telemetry", count("telemetry", telemetry))
    return opened


def settle(data_dir: Path, names: str = "*.duckdb*") -> None:
    """Make stores look as if they were written a while ago."""
    for path in (data_dir / "replay").glob(names):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))


def test_a_store_is_opened_only_when_it_was_written(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_times(monkeypatch)
    settle(data_dir)
    check = HealthCheck(AccountReader(data_dir, "replay"))
    for second in range(5):
        check.look(NOW + timedelta(seconds=second))
    assert opened == ["ledger", "telemetry"]
    DuckDBLedger(data_dir, "replay").add_command("halt", "news", NOW)
    settle(data_dir, "ledger.duckdb*")
    report = check.look(NOW + MINUTE)
    assert opened == ["ledger", "telemetry", "ledger"]
    assert "trading: halt since" in report.reasons[0]
    LogStore(telemetry_file(data_dir, "replay")).insert_log("ERROR", "openbell.x", "broke", NOW)
    assert check.look(NOW + MINUTE).errors == 1
    assert check.look(NOW + 61 * MINUTE).errors == 0


def test_what_was_written_this_very_moment_is_not_trusted_to_be_the_last(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_times(monkeypatch)
    monkeypatch.setattr("blocks.account.reader.UNTOLD_SECONDS", 1e9)
    check = HealthCheck(AccountReader(data_dir, "replay"))
    check.look(NOW)
    check.look(NOW)
    assert opened == ["ledger", "telemetry"] * 2


def test_who_has_the_stores_is_not_asked_for_them_between_two_bars(data_dir: Path) -> None:
    settle(data_dir)
    check = HealthCheck(AccountReader(data_dir, "replay", 0.001))
    assert check.look(NOW).level == Level.HEALTHY
    with (
        open(lock_path(data_dir / "replay" / "ledger.duckdb"), "w") as ledger,
        open(lock_path(telemetry_path(data_dir, "replay")), "w") as telemetry,
    ):
        fcntl.flock(ledger, fcntl.LOCK_EX)
        fcntl.flock(telemetry, fcntl.LOCK_EX)
        assert check.look(NOW + MINUTE).level == Level.HEALTHY
        # Only a new look is kept out, and says so.
        shut_out = HealthCheck(AccountReader(data_dir, "replay", 0.001)).look(NOW + MINUTE)
        assert "ledger: store" in shut_out.reasons[0]
