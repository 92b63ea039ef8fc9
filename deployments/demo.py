"""What `make demo` runs in Prefect, and how it waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from deployments.processes.home import REPOSITORY
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from deployments.supervisor import Supervisor
from trading.errors import SourceUnavailable

REPLAYED_SESSION = "2025-06-10"
# Prefect takes up to a second for a bar's steps: a session of 26 bars shows as much as one of 78.
BAR_MINUTES = 15
BACKTEST_DATES = ("2025-06-04", "2025-08-28")
REAL_BARS = REPOSITORY.parent / "shared" / "data" / "bars_5m_extended_hours_2025_06_08.parquet"
REAL_SYMBOLS = ["AAPL", "AMZN", "GLD", "GOOGL", "MSFT", "QQQ", "SPY", "TSLA"]
SIMULATED_SYMBOLS = ["AAPL", "MSFT", "QQQ", "SPY"]
TIME_LIMIT_S = 420.0
POLL_S = 0.5
# Prefect sends a run's log in batches, and this is its last line.
LOG_LIMIT_S = 10.0
# The server's SQLite was seen to wait for itself for the 60 seconds that it waits for a lock.
SILENCE_LIMIT_S = 150.0
FINISHED = "Finished in state"
Run = tuple[str, dict[str, Any]]


def demo_bars() -> tuple[str | None, list[str]]:
    """Return the file of bars, None where they are simulated, and its symbols.

    Real bars are used where they lie beside the project; otherwise every page says that they are
    simulated.
    """
    return (str(REAL_BARS), REAL_SYMBOLS) if REAL_BARS.exists() else (None, SIMULATED_SYMBOLS)


def demo_runs(data_dir: Path) -> list[Run]:
    """Return the deployments that the demo runs, each with its parameters."""
    bars, symbols = demo_bars()
    common = {"bars": bars, "symbols": symbols, "data_dir": str(data_dir)}
    session = {
        "replay": REPLAYED_SESSION,
        "market": "simulated",
        "broker": "mock",
        "interval_minutes": BAR_MINUTES,
        "strategy": {"strategy": "orb", "range_minutes": BAR_MINUTES},
    }
    return [
        ("trade-session/replay", session | common),
        ("backtest/adhoc", {"start": BACKTEST_DATES[0], "end": BACKTEST_DATES[1], **common}),
    ]


@dataclass(slots=True)
class _Followed:
    deployment: str
    run: FlowRun
    row: TaskID
    answered_at: float

    @property
    def text(self) -> str:
        return f"{self.deployment} {self.run.name}: {self.run.state_name}"


def run_and_wait(
    supervisor: Supervisor,
    runs: list[Run],
    console: Console,
    time_limit_s: float = TIME_LIMIT_S,
) -> None:
    """Start the runs and wait, with progress, until every one is Completed.

    Raises SourceUnavailable, after the end of its log, for a run that ends otherwise, and when
    the time limit passes or a signal arrives.
    """
    deadline = time.monotonic() + time_limit_s
    api = supervisor.server.connect()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            waiting = []
            for deployment, parameters in runs:
                followed = _Followed(
                    deployment, api.start_run(deployment, parameters), TaskID(0), time.monotonic()
                )
                followed.row = progress.add_task(followed.text, total=1)
                waiting.append(followed)
            while waiting := [f for f in waiting if not _is_completed(f, api, progress, console)]:
                if supervisor.should_stop():
                    raise SourceUnavailable("the demo was stopped", "Start it again: make demo")
                if time.monotonic() > deadline:
                    raise SourceUnavailable(
                        f"{'; '.join(f.text for f in waiting)} after {time_limit_s:.0f} s",
                        f"See {supervisor.home.logs / 'flow-runs.log'}",
                    )
                supervisor.tend()
                supervisor.should_stop.pause(POLL_S)
    finally:
        api.close()


def _is_completed(
    followed: _Followed, api: PrefectApi, progress: Progress, console: Console
) -> bool:
    try:
        run = api.read_run(followed.run.id)
    except (ServerRefused, SourceUnavailable):
        # The run itself goes on without the server.
        if time.monotonic() - followed.answered_at > SILENCE_LIMIT_S:
            raise
        return False
    followed.answered_at = time.monotonic()
    if run.state_name != followed.run.state_name:
        followed.run = run
        progress.update(followed.row, description=followed.text)
        if not console.is_terminal:
            console.print(followed.text, markup=False, highlight=False)
    if not run.is_final:
        return False
    if run.state_type != "COMPLETED":
        for line in _whole_log(api, run.id):
            console.print(line, style="dim", markup=False, highlight=False)
        raise SourceUnavailable(
            f"{followed.text}: {run.message}",
            "The end of its log is above, all in logs/flow-runs.log",
        )
    progress.update(followed.row, completed=1)
    return True


def _whole_log(api: PrefectApi, flow_run_id: str) -> list[str]:
    """Return the end of a run's log, which reaches the server a little after its state."""
    deadline = time.monotonic() + LOG_LIMIT_S
    while True:
        lines = api.read_log(flow_run_id)
        if any(FINISHED in line for line in lines) or time.monotonic() > deadline:
            return lines
        time.sleep(POLL_S)
