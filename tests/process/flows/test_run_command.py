"""The run command as a user has it: a real process, stopped, killed, halted and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.ledger.ledger import DuckDBLedger
from tests.repository import REPOSITORY
from tests.terminal import flows

# Half-hour bars keep a session short; the settings make it busy.
SESSION = (
    "--replay", "2025-06-10", "--symbols", "AAA,BBB,CCC", "--interval", "30", "--seed", "11",
    "--set", "range_minutes=30", "--set", "min_body=0", "--set", "max_entries=2",
)  # fmt: skip

# Of a machine that does much else; nothing here is about how long something takes.
LIMIT_SECONDS = 300.0
# Six seconds a bar: one that is late by a whole bar counts as missed, and is not traded.
UNHURRIED = ("--speed", "300")
KILLS, KILLS_INSIDE, MOST_KILLS = 30, 10, 120


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flows", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], limit_seconds: float = LIMIT_SECONDS) -> tuple[int, str]:
    try:
        _, complaint = process.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, complaint


def run(*arguments: str) -> tuple[int, str]:
    """Run a command to its end, without a process of its own."""
    done = flows(*arguments)
    return done.returncode, done.stderr


def status(folder: Path) -> dict[str, Any]:
    done = flows("show-status", "--json", "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for(condition: Callable[[], Any], limit_seconds: float = LIMIT_SECONDS) -> Any:
    deadline = time.monotonic() + limit_seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {limit_seconds} s"
        time.sleep(0.05)
    return value


def bars_done(folder: Path, account: str = "replay") -> int:
    if not (folder / account / "ledger.duckdb").exists():
        return 0
    rows = DuckDBLedger(folder, account).query("SELECT count(*) AS bars FROM equity")
    return int(rows[0]["bars"])


def stores(folder: Path) -> list[dict[str, Any]]:
    ledger = DuckDBLedger(folder, "replay")
    found = ledger.query("SELECT * FROM trades ORDER BY session, number")
    found += ledger.query("SELECT * FROM equity ORDER BY ts")
    found += ledger.query("SELECT * FROM decisions ORDER BY bar, symbol")
    return found + ledger.query("SELECT seq, kind FROM journal ORDER BY seq")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    code, complaint = run("run", *SESSION, "--data-dir", str(folder))
    assert code == 0, complaint
    return folder


def test_status_has_the_pinned_names(undisturbed: Path) -> None:
    shown = status(undisturbed)
    names = {"account", "equity", "positions", "orders", "trades", "halts", "last_bar"}
    assert names <= set(shown)
    assert shown["trades"]
    assert {
        "session",
        "symbol",
        "side",
        "quantity",
        "entry_time",
        "entry_price",
        "exit_time",
    } <= set(shown["trades"][0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_between_bars_and_the_same_command_goes_on(
    undisturbed: Path, tmp_path: Path, number: signal.Signals
) -> None:
    # Whoever runs the tests under nohup hands on that SIGHUP is to be ignored.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        process = start("run", *SESSION, "--data-dir", str(tmp_path), *UNHURRIED)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_for(lambda: bars_done(tmp_path) >= 2)
    process.send_signal(number)
    code, complaint = finish(process)
    assert code == 0, complaint
    assert "goes on from there" in complaint
    assert 2 <= bars_done(tmp_path) < 13
    code, complaint = run("run", *SESSION, "--data-dir", str(tmp_path))
    assert code == 0, complaint
    assert stores(tmp_path) == stores(undisturbed)


@pytest.mark.soak
def test_kills_at_random_moments_change_nothing(undisturbed: Path, tmp_path: Path) -> None:
    """Each edge of the money path has its kill in tests/process/replay/test_kill_safety.py."""
    random = np.random.default_rng(10)
    expected = stores(undisturbed)
    killed_inside = 0
    # A session may be over before its kill comes: then it is tried more often.
    for number in range(MOST_KILLS):
        if number >= KILLS and killed_inside >= KILLS_INSIDE:
            break
        folder = tmp_path / str(number)
        process = start("run", *SESSION, "--data-dir", str(folder))
        bar = int(random.integers(0, 13))
        wait_for(
            lambda bar=bar, folder=folder, process=process: (
                bars_done(folder) >= bar or process.poll() == 0
            )
        )
        process.kill()
        finish(process)
        killed_inside += 0 < bars_done(folder) < 13
        code, complaint = run("run", *SESSION, "--data-dir", str(folder))
        assert code == 0, complaint
        assert stores(folder) == expected, f"kill {number} at bar {bar}"
    assert killed_inside >= KILLS_INSIDE


def test_bars_that_passed_while_nobody_ran_are_missed_but_positions_are_looked_after(
    tmp_path: Path,
) -> None:
    speed = ("--speed", "2400")
    process = start("run", *SESSION, "--data-dir", str(tmp_path), *speed)
    wait_for(lambda: bars_done(tmp_path) >= 2)
    process.kill()
    finish(process)
    done = bars_done(tmp_path)
    # Three bars of 30 minutes at 2,400 times the speed.
    resume_at = time.monotonic() + 3 * 30 * 60 / 2400
    wait_for(lambda: time.monotonic() >= resume_at)
    code, complaint = run("run", *SESSION, "--data-dir", str(tmp_path), *speed)
    assert code == 0, complaint
    assert bars_done(tmp_path) == 13
    ledger = DuckDBLedger(tmp_path, "replay")
    missed = ledger.query(
        "SELECT DISTINCT bar FROM decisions WHERE reason IN ('missed', 'position_open')"
        " ORDER BY bar"
    )
    assert missed
    assert done < 13
    assert status(tmp_path)["positions"] == []
    late = ledger.query("SELECT * FROM decisions WHERE reason = 'missed'")
    assert late, "no decision came too late, so nothing was tested"


def test_a_halt_holds_across_runs_until_it_is_resumed(tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path))
    first = ("--replay", "2025-06-09", *SESSION[2:])
    assert run("run", *first, *where)[0] == 0
    before = len(status(tmp_path)["trades"])
    assert run("halt", *where, "--reason", "news")[0] == 0
    assert status(tmp_path)["halts"][0]["reason"] == "news"
    assert run("run", *SESSION, *where)[0] == 0
    assert len(status(tmp_path)["trades"]) == before
    reasons = DuckDBLedger(tmp_path, "replay").query(
        "SELECT DISTINCT reason FROM decisions WHERE session = '2025-06-10'"
    )
    assert {"reason": "halted"} in reasons
    assert run("resume", *where)[0] == 0
    assert status(tmp_path)["halts"] == []
    assert run("run", "--replay", "2025-06-11", *SESSION[2:], *where)[0] == 0
    assert len(status(tmp_path)["trades"]) > before


def test_flatten_leaves_every_position_and_halts(tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path))
    process = start("run", *SESSION, *where, *UNHURRIED)
    held = "SELECT count(*) AS n FROM positions"
    wait_for(
        lambda: bars_done(tmp_path) and DuckDBLedger(tmp_path, "replay").query(held)[0]["n"] > 0
    )
    assert run("flatten", *where)[0] == 0
    wait_for(lambda: DuckDBLedger(tmp_path, "replay").query(held)[0]["n"] == 0)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 0
    reasons = [trade["exit_reason"] for trade in status(tmp_path)["trades"]]
    assert "operator" in reasons
    assert status(tmp_path)["halts"][0]["command"] == "flatten"


def test_waiting_for_the_next_session_ends_with_sigterm_and_gives_the_lease_back(
    tmp_path: Path,
) -> None:
    process = start("run", "--data-dir", str(tmp_path))
    ledger = tmp_path / "simulated" / "ledger.duckdb"
    wait_for(ledger.exists)
    other_code, complaint = run("run", "--data-dir", str(tmp_path))
    assert other_code == 2
    assert "traded by" in complaint
    assert len(complaint.strip().splitlines()) == 1
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 0
    epoch = DuckDBLedger(tmp_path, "simulated").acquire_lease()
    assert epoch >= 2


def test_a_dry_run_has_an_account_of_its_own_and_no_trades(tmp_path: Path) -> None:
    code, complaint = run("run", *SESSION, "--data-dir", str(tmp_path), "--dry-run")
    assert code == 0, complaint
    shown = status(tmp_path)
    assert shown["account"] == "replay-dry-run"
    assert shown["trades"] == []
    entered = DuckDBLedger(tmp_path, "replay-dry-run").query(
        "SELECT count(*) AS n FROM decisions WHERE reason LIKE 'enter%'"
    )
    assert entered[0]["n"] > 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--replay", "2025-13-01"), "is not a date"),
        (("--replay", "2025-06-14"), "no session"),
        (("--replay", "2025-06-11:2025-06-10"), "before start"),
        (("--replay", "2025-06-10", "--capital", "0"), "capital"),
        (("--replay", "2025-06-10", "--interval", "7"), "interval"),
        (("--replay", "2025-06-10", "--set", "nope=1"), "no such parameter"),
        (("--replay", "2025-06-10", "--set", "min_body=2"), "min_body"),
        (("--replay", "2025-06-10", "--speed", "0"), "speed"),
        (("--replay", "2025-06-10", "--exchange", "NOWHERE"), "NOWHERE"),
        (("--replay", "2025-06-10", "--exchange", "JPX"), "lunch"),
        (("--replay", "2025-06-10", "--bars", "/nowhere/at/all.parquet"), "/nowhere/at/all"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    folder = tmp_path / "data"
    code, said = run("run", *arguments, "--data-dir", str(folder))
    assert code == 2
    assert complaint in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert not folder.exists()


def test_another_plan_for_the_same_account_is_refused(undisturbed: Path) -> None:
    code, said = run("run", *SESSION, "--data-dir", str(undisturbed), "--capital", "5000")
    assert code == 2
    assert "capital" in said


def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, said = run("run", *SESSION, "--data-dir", str(tmp_path / "file"))
    assert code == 2
    assert "file" in said
    assert len(said.strip().splitlines()) == 1


def test_a_ledger_that_is_no_database_is_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "ledger.duckdb"
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 500)
    before = path.read_bytes()
    code, said = run("run", *SESSION, "--data-dir", str(tmp_path))
    assert code == 2
    assert str(path) in said
    assert len(said.strip().splitlines()) == 1
    assert path.read_bytes() == before


def test_a_session_that_was_late_for_all_of_its_bars_says_so(tmp_path: Path) -> None:
    # Two thousandths of a second a bar: the busier the machine, the later it is.
    code, said = run("run", *SESSION, "--speed", "1000000", "--data-dir", str(tmp_path))
    assert code == 0
    assert "bars came too late to enter by" in said
    assert "smaller --speed" in said
    shown = status(tmp_path)
    assert shown["trades"] == []
    assert shown["missed"]["late_bars"] > 0
    assert "came too late to enter by" in flows("show-status", "--data-dir", tmp_path).stdout
