"""A whole installation on a folder of its own, begun as `make up` does; its processes are known."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psutil

from blocks.ledger.lease import LOCK_FILE
from deployments.processes.home import REPOSITORY
from deployments.processes.marked import Marked, marked_processes
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from tests.system.faults.books import Books, read_books, wait_for_books
from tests.system.faults.observer import Observation, read_observations
from tests.system.patience import connect
from trading.errors import OpenbellError

ACCOUNT = "simulated"
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH")
# Always open, bars of a minute, and an entry whenever a symbol is outside its first minute's range
# and holds nothing: stops are tight, so that there is something to enter and to leave at each bar.
SETTINGS = {
    "EXCHANGE": "24/7",
    "SYMBOLS": ",".join(SYMBOLS),
    "PRIMARY_PROVIDER": "simulated",
    "BAR_INTERVAL": "1",
    "INITIAL_CAPITAL": "100000",
    "ORB_DURATION_MINUTES": "1",
    "ORB_BODY_PCT_FILTER": "-1",
    "ORB_STOP": "atr",
    "ORB_STOP_ATR": "0.8",
    "ORB_TARGET": "atr",
    "TAKE_PROFIT_MULTIPLIER": "0.8",
    "TRAILING": "breakeven",
    "TRAIL_TRIGGER_R": "0.5",
    "ENTRY_CUTOFF_MINUTES": "0",
    "MAX_ENTRIES": "100000",
    "MAX_POSITIONS": "8",
    "MAX_ORDERS_PER_SESSION": "1000000",
    "MAX_DAILY_LOSS_PCT": "1",
    "RISK_PER_TRADE": "0.001",
    "MAX_POSITION_SIZE": "0.1",
}
# The session of a day in UTC ends with it.
FLATTENED_BEFORE_CLOSE = timedelta(minutes=6)
SESSION_RUN = "trade-session/paper"
PATIENCE_SECONDS = 420.0
# A server of Prefect's begins with half a minute of work: a few at once, or all are late.
STARTING = threading.Semaphore(2)
T = TypeVar("T")


def wait_for(
    condition: Callable[[], T],
    what: str,
    limit_seconds: float = PATIENCE_SECONDS,
    every: float = 0.5,
) -> T:
    """Return the first true answer; generous, for a machine may be slow and others at work."""
    deadline = time.monotonic() + limit_seconds
    while not (value := condition()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {limit_seconds:.0f} s")
        time.sleep(every)
    return value


def minutes_left() -> float:
    """Return how long today's session is still traded, minutes."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return (midnight - FLATTENED_BEFORE_CLOSE - now).total_seconds() / 60


class Installation:
    """One data folder with its supervisor, and an observer that reads copies of its account.

    `folder` is for logs and copies, `data_dir` is inside it unless it is a disk of its own.
    `environment` is added to that of every process.
    """

    def __init__(
        self, folder: Path, data_dir: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.data_dir = data_dir
        self.account = data_dir / ACCOUNT
        self.log = folder / "up.log"
        self._observations = folder / "observations.jsonl"
        self._environment = environment or {}
        self._port = _free_port()
        self._up: subprocess.Popen[bytes] | None = None
        self._observer: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT", "OPENBELL"))
        }
        return kept | SETTINGS | {"HEALTH_CHECK_PORT": str(self._port)} | self._environment

    # Beginning and ending

    def start(self) -> None:
        """Start the supervisor, and wait until it says that it is up."""
        with STARTING:
            self._start()

    def _start(self) -> None:
        began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "deployments", "up", "--data-dir", str(self.data_dir)],
                cwd=REPOSITORY,
                env=self.environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

        def is_up() -> bool:
            assert self._up is not None
            said = self.log.read_bytes()[began:].decode(errors="replace")
            if self._up.poll() is not None:
                raise RuntimeError(f"the supervisor ended at its start:\n{said}")
            return "Openbell is up" in said

        wait_for(is_up, "the supervisor is up")

    def observe(self) -> None:
        """Start the observer."""
        command = [sys.executable, "-m", "tests.system.faults.observer"]
        self._observer = subprocess.Popen(
            [*command, str(self.account), str(self._observations)], cwd=REPOSITORY
        )

    def stop(self) -> int:
        """Stop the supervisor as `docker stop` or a Ctrl-C does; return its exit code."""
        assert self._up is not None
        self._up.send_signal(signal.SIGTERM)
        return self._up.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """End every process of this folder, politely where there is time."""
        if self._observer is not None:
            self._observer.kill()
            self._observer.wait()
        for other in self._others:
            other.kill()
            other.wait()
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGTERM)
            try:
                self._up.wait(90)
            except subprocess.TimeoutExpired:
                self._up.kill()
                self._up.wait()
        for process in marked_processes(self.data_dir):
            _kill(process.pid)

    # Its processes

    @property
    def supervisor(self) -> list[int]:
        return [] if self._up is None or self._up.poll() is not None else [self._up.pid]

    @property
    def server(self) -> list[int]:
        return self._named("deployments.server.prefect_server")

    @property
    def worker(self) -> list[int]:
        return self._named(" worker start ")

    @property
    def api(self) -> list[int]:
        return self._named("-m api ")

    @property
    def session(self) -> list[int]:
        """Return what trades the account: whoever has its lock, which is held by living."""
        mine = {process.pid for process in marked_processes(self.data_dir)}
        mine |= {other.pid for other in self._others}
        return [pid for pid in _who_lock(self.account / LOCK_FILE) if pid in mine]

    def processes(self) -> list[Marked]:
        return marked_processes(self.data_dir)

    def _named(self, words: str) -> list[int]:
        return [p.pid for p in self.processes() if not p.flow_run_id and words in p.command]

    def kill(self, pids: Iterable[int]) -> int:
        """Kill processes at once, and wait until they are gone; return how many there were."""
        killed = [pid for pid in pids if _kill(pid)]
        for pid in killed:
            if self._up is not None and pid == self._up.pid:
                self._up.wait()
        wait_for(lambda: not any(map(_is_alive, killed)), "what was killed is gone", every=0.05)
        return len(killed)

    def kill_everything(self) -> int:
        # The supervisor first, or else it begins to mend what is being killed.
        others = [other.pid for other in self._others if other.poll() is None]
        return self.kill([*self.supervisor, *(p.pid for p in self.processes()), *others])

    def run(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start `openbell run` on this account from another terminal."""
        settings = {
            "interval": "1",
            "exchange": "24/7",
            "capital": SETTINGS["INITIAL_CAPITAL"],
            "symbols": SETTINGS["SYMBOLS"],
        }
        named = [text for name, value in settings.items() for text in (f"--{name}", value)]
        output = (self.folder / "second-run.log").open("ab")
        other = subprocess.Popen(
            [sys.executable, "-m", "flows", "run", *named, *_sets()]
            + ["--data-dir", str(self.data_dir)],
            cwd=REPOSITORY,
            env=self.environment() | environment,
            stdout=output,
            stderr=output,
        )
        output.close()
        self._others.append(other)
        return other

    def command(self, *words: str) -> str:
        """Run a command of `openbell` on this account to its end; return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "flows", *words, "--data-dir", str(self.data_dir)],
            cwd=REPOSITORY, env=self.environment(), capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    # Its session

    def prefect(self) -> PrefectApi:
        return connect(self.data_dir)

    def start_session(self) -> FlowRun:
        """Start the session's deployment as its button in the page does."""
        return self.asked(lambda api: api.start_run(SESSION_RUN, {}))

    def asked(self, question: Callable[[PrefectApi], T]) -> T:
        """Return the server's answer, asking again for as long as it is busy or on its way up."""

        def answer() -> list[T]:
            api = self.prefect()
            try:
                return [question(api)]
            except OpenbellError:
                return []
            finally:
                api.close()

        return wait_for(answer, "Prefect's server answers")[0]

    def session_run(self) -> str:
        """Return the id of the flow run that trades."""
        trading = self.session
        (run,) = {p.flow_run_id for p in self.processes() if p.pid in trading}
        assert run is not None, "the session was not begun by Prefect"
        return run

    def session_runs(self) -> list[dict[str, Any]]:
        """Return the session's runs as Prefect has them, the newest first."""
        body = {
            "flows": {"name": {"any_": ["trade-session"]}},
            "sort": "START_TIME_DESC",
            "limit": 20,
        }
        return self.asked(lambda api: api._call("POST", "flow_runs/filter", body))

    # Its account

    def observations(self) -> list[Observation]:
        return read_observations(self._observations)

    def now(self) -> Observation | None:
        found = self.observations()
        return found[-1] if found else None

    def books(self) -> Books:
        return wait_for_books(self.account, self.folder / "copies")

    def forget_account(self) -> None:
        """Throw the account's files away, and what was observed of them."""
        shutil.rmtree(self.account, ignore_errors=True)
        self._observations.write_text("")

    def books_if_quiet(self) -> Books | None:
        return read_books(self.account, self.folder / "copies")


def _sets() -> list[str]:
    """Return SETTINGS as `run` takes them, which reads no parameters from the environment."""
    named = {
        "range_minutes": "ORB_DURATION_MINUTES",
        "min_body": "ORB_BODY_PCT_FILTER",
        "stop": "ORB_STOP",
        "stop_atr": "ORB_STOP_ATR",
        "target": "ORB_TARGET",
        "target_multiple": "TAKE_PROFIT_MULTIPLIER",
        "trailing": "TRAILING",
        "trail_trigger_r": "TRAIL_TRIGGER_R",
        "entry_cutoff_minutes": "ENTRY_CUTOFF_MINUTES",
        "max_entries": "MAX_ENTRIES",
        "max_positions": "MAX_POSITIONS",
        "max_orders_per_session": "MAX_ORDERS_PER_SESSION",
        "max_daily_loss_pct": "MAX_DAILY_LOSS_PCT",
        "risk_per_trade": "RISK_PER_TRADE",
        "max_position_pct": "MAX_POSITION_SIZE",
    }
    sets = [f"{name}={SETTINGS[variable]}" for name, variable in named.items()]
    return [word for each in sets for word in ("--set", each)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _who_lock(path: Path) -> list[int]:
    """Return who holds a file's lock alone, as the kernel says."""
    try:
        inode = path.stat().st_ino
    except FileNotFoundError:
        return []
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return [
        int(words[4])
        for words in locks
        if words[1] == "FLOCK" and words[3] == "WRITE" and words[5].endswith(f":{inode}")
    ]


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
