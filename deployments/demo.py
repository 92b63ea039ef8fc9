"""What `make demo` runs, and how it shows what came out."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from deployments.api import FlowRun, PrefectApi
from deployments.home import REPOSITORY, Home
from deployments.supervisor import Supervisor
from trading.errors import OpenbellError, SourceUnavailable

REPLAYED_SESSION = "2025-06-10"
TIME_LIMIT_S = 420.0
RESULTS_LIMIT_S = 60.0
POLL_S = 0.5
Run = tuple[str, dict[str, Any]]


def demo_runs(data_dir: Path) -> list[Run]:
    """Return the deployments that the demo runs, each with its parameters."""
    return [
        (
            "trade-session/paper",
            {
                "replay": REPLAYED_SESSION,
                "symbols": ["AAPL", "MSFT"],
                "data_dir": str(data_dir),
            },
        ),
        ("backtest/adhoc", {"data_dir": str(data_dir)}),
    ]


@dataclass(slots=True)
class _Followed:
    deployment: str
    run: FlowRun
    row: TaskID

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
    api = PrefectApi(supervisor.api_url)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            waiting = []
            for deployment, parameters in runs:
                followed = _Followed(deployment, api.start_run(deployment, parameters), TaskID(0))
                followed.row = progress.add_task(followed.text, total=1)
                waiting.append(followed)
            while waiting := [f for f in waiting if not _is_completed(f, api, progress, console)]:
                if supervisor.should_stop():
                    raise SourceUnavailable("the demo was stopped", "Start it again: make demo")
                if time.monotonic() > deadline:
                    raise SourceUnavailable(
                        f"{'; '.join(f.text for f in waiting)} after {time_limit_s:.0f} s",
                        f"See {supervisor.home.logs / 'worker.log'}",
                    )
                supervisor.tend()
                supervisor.should_stop.pause(POLL_S)
    finally:
        api.close()


def _is_completed(
    followed: _Followed, api: PrefectApi, progress: Progress, console: Console
) -> bool:
    run = api.read_run(followed.run.id)
    if run.state_name != followed.run.state_name:
        followed.run = run
        progress.update(followed.row, description=followed.text)
        if not console.is_terminal:
            console.print(followed.text, markup=False, highlight=False)
    if not run.is_final:
        return False
    if run.state_type != "COMPLETED":
        for line in api.read_log(run.id):
            console.print(line, style="dim", markup=False, highlight=False)
        raise SourceUnavailable(
            f"{followed.text}: {run.message}",
            "The end of its log is above, all in logs/worker.log",
        )
    progress.update(followed.row, completed=1)
    return True


def print_results(home: Home, console: Console) -> None:
    """Print what the bot itself says of the data folder after the runs."""
    command = [sys.executable, "-m", "flows", "show-status", "--json"]
    try:
        done = subprocess.run(
            [*command, "--data-dir", str(home.data_dir)],
            cwd=REPOSITORY,
            env=home.environment(None),
            capture_output=True,
            text=True,
            timeout=RESULTS_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(
            f"show-status took longer than {RESULTS_LIMIT_S:.0f} s",
            "Run: python -m flows show-status",
        ) from error
    if done.returncode != 0:
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise OpenbellError(f"show-status failed: {last}", "Run: python -m flows show-status")
    console.print_json(done.stdout)


def print_where_to_look(home: Home, console: Console) -> None:
    """Say what the demo has left behind and what to do next."""
    console.print(
        f"\nResults and logs are in {home.data_dir}. To trade on paper and see every run in the"
        f" Prefect UI:\n  python -m deployments up --data-dir {home.data_dir}   (or: make up)",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
