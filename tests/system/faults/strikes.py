"""The faults that an installation meets, each with what brings it about and what ends it.

A strike returns when the fault is over. What a machine's service manager would do is part of it
(a supervisor that was killed is started again), and so is what its operator would do where the
fault was his own act. Nothing else helps a session on its way.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from tests.system.faults.faulty_clock import faulty_clock, set_clock
from tests.system.faults.installation import Installation, wait_for

HOUR_SECONDS = 3600
AGAIN_SECONDS = 5.0
# Opens a DuckDB file read-only as a viewer does: for how long, how often, all in all (seconds).
VIEWER = """
import sys, time, duckdb
path, each, pause, end = sys.argv[1], *map(float, sys.argv[2:])
until = time.monotonic() + end
while time.monotonic() < until:
    try:
        with duckdb.connect(path, read_only=True) as viewer:
            viewer.execute("SELECT count(*) FROM journal").fetchall()
            time.sleep(each)
    except duckdb.Error:
        pass
    time.sleep(pause)
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its name in the table.

    `clock_ahead_seconds` is by how much the session's clock is ahead afterwards; `is_still` says
    that it is right when no bar follows, for by its clock none is due.
    """

    name: str
    strike: Callable[[Installation], None]
    clock_ahead_seconds: int = 0
    is_still: bool = False


def _killed(name: str, *roles: str) -> Fault:
    def strike(installation: Installation) -> None:
        for role in roles:
            # One that was killed before may be on its way back.
            pids = wait_for(lambda role=role: getattr(installation, role), f"there is a {role}")
            assert installation.kill(pids)
        if not installation.supervisor:
            installation.start()

    return Fault(name, strike)


def _worker_asked(installation: Installation) -> None:
    """End the worker politely, as a service manager or an update may: it ends its flow runs."""
    worker = wait_for(lambda: installation.worker, "there is a worker")
    _send(worker, signal.SIGTERM)
    wait_for(lambda: not set(worker) & set(installation.worker), "the worker has ended")


def _kill_everything(installation: Installation) -> None:
    assert installation.kill_everything()
    installation.start()


def _forgotten(installation: Installation) -> None:
    """Kill the session and delete its run, so that nothing but its files knows of it."""
    run = installation.session_run()
    assert installation.kill(installation.session)
    installation.asked(lambda api: api._call("DELETE", f"flow_runs/{run}"))


def _stopped(seconds: float) -> Callable[[Installation], None]:
    """Return a strike that stops the session's process while others try to take its place."""

    def strike(installation: Installation) -> None:
        stopped = wait_for(lambda: installation.session, "there is a session")
        _send(stopped, signal.SIGSTOP)
        try:
            _run_again_and_again(installation, seconds, {})
        finally:
            _send(stopped, signal.SIGCONT)

    return strike


def _second_run(seconds: float, ahead_seconds: int = 0) -> Callable[[Installation], None]:
    """Return a strike that runs the account from another terminal, by its own clock or another."""

    def strike(installation: Installation) -> None:
        environment = {}
        if ahead_seconds:
            environment = faulty_clock(installation.folder / "other-clock", ahead_seconds)
        _run_again_and_again(installation, seconds, environment)

    return strike


def _run_again_and_again(
    installation: Installation, seconds: float, environment: dict[str, str]
) -> None:
    """Run the account, and start it again when it is refused, as an impatient operator does.

    One that had got in is killed, as by a terminal's end: asked to leave it would do as a wish.
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        other = installation.run(environment)
        with suppress(subprocess.TimeoutExpired):
            other.wait(left)
        if other.poll() is None:
            other.kill()
            other.wait()
        time.sleep(max(0.0, min(AGAIN_SECONDS, until - time.monotonic())))


def _locked(seconds: float) -> Callable[[Installation], None]:
    def strike(installation: Installation) -> None:
        descriptor = os.open(f"{installation.account / 'ledger.duckdb'}.lock", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            time.sleep(seconds)
        finally:
            os.close(descriptor)

    return strike


def _viewed(each: float, pause: float, end: float) -> Callable[[Installation], None]:
    def strike(installation: Installation) -> None:
        ledger = str(installation.account / "ledger.duckdb")
        subprocess.run(
            [sys.executable, "-c", VIEWER, ledger, *map(str, (each, pause, end))],
            check=True,
            timeout=end + 300,
        )

    return strike


def _full_disk(seconds: float) -> Callable[[Installation], None]:
    def strike(installation: Installation) -> None:
        filler = installation.data_dir / "filler"
        until = time.monotonic() + seconds
        try:
            with filler.open("ab", buffering=0) as file:
                while time.monotonic() < until:
                    # What others give back is taken too.
                    with suppress(OSError):
                        while True:
                            file.write(bytes(4096))
                    time.sleep(0.2)
        finally:
            filler.unlink()

    return strike


def _server_stopped(seconds: float) -> Callable[[Installation], None]:
    def strike(installation: Installation) -> None:
        stopped = wait_for(lambda: installation.server, "there is a server")
        _send(stopped, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            _send(stopped, signal.SIGCONT)

    return strike


def _server_gone(seconds: float) -> Callable[[Installation], None]:
    """Return a strike that kills the server while its supervisor, who would mend it, is stopped."""

    def strike(installation: Installation) -> None:
        supervisor = installation.supervisor
        _send(supervisor, signal.SIGSTOP)
        try:
            assert installation.kill(installation.server)
            time.sleep(seconds)
        finally:
            _send(supervisor, signal.SIGCONT)

    return strike


def _cancelled(installation: Installation) -> None:
    """Cancel the session as the button in the page does, and start it again when it has ended."""
    run = installation.session_run()
    assert installation.asked(lambda api: api.cancel(run))
    wait_for(
        lambda: installation.asked(lambda api: api.read_run(run)).is_final,
        "the cancelled run has ended",
    )
    wait_for(lambda: not installation.session, "its process is gone")
    installation.start_session()


def _restarted(installation: Installation) -> None:
    """Stop everything and start it again, as `make up` with a Ctrl-C between."""
    installation.stop()
    installation.start()


def _clock_set(seconds: int) -> Callable[[Installation], None]:
    def strike(installation: Installation) -> None:
        set_clock(installation.folder, seconds)

    return strike


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


WORKER = _killed("kill -9 worker", "worker")
SESSION = _killed("kill -9 session", "session")
SERVER = _killed("kill -9 server", "server")
SUPERVISOR = _killed("kill -9 supervisor", "supervisor")
API = _killed("kill -9 api", "api")
EVERYTHING = Fault("kill -9 everything", _kill_everything)
FORGOTTEN = Fault("kill -9 session, run deleted", _forgotten)
KILLS = (WORKER, SESSION, SERVER, SUPERVISOR, API, EVERYTHING)

WORKER_ASKED = Fault("SIGTERM to the worker", _worker_asked)
STOPPED = Fault("session stopped 3 min, 2nd run", _stopped(180))
LOCKED = Fault("ledger locked 40 s", _locked(40))
LOCKED_LONG = Fault("ledger locked 5 min", _locked(300))
VIEWED_OFTEN = Fault("viewer 20 ms, twice a second", _viewed(0.02, 0.48, 75))
VIEWED_LONG = Fault("viewer open 40 s", _viewed(40, 0, 40))
FULL_DISK = Fault("disk full 75 s", _full_disk(75))
SERVER_STOPPED = Fault("server stopped 5 min", _server_stopped(300))
SERVER_GONE = Fault("server away 5 min", _server_gone(300))
TWO_RUNS = Fault("2nd run for 75 s", _second_run(75))
RUN_AHEAD = Fault("2nd run, clock +1 h", _second_run(75, HOUR_SECONDS))
RUN_BEHIND = Fault("2nd run, clock -1 h", _second_run(75, -HOUR_SECONDS))
CLOCK_AHEAD = Fault("clock set +1 h", _clock_set(HOUR_SECONDS), HOUR_SECONDS)
CLOCK_BACK = Fault("clock set back 1 h", _clock_set(0), is_still=True)
CANCELLED = Fault("cancelled in the page, started", _cancelled)
RESTARTED = Fault("make up restarted", _restarted)
