"""The process worker that starts flow runs on this machine."""

from __future__ import annotations

import socket
import sys

from deployments.processes.child import Child
from deployments.processes.home import Home

WORK_POOL = "openbell"
# Served by the supervisor itself: the process of a flow run would begin after 5 s or more.
CONTROL_POOL = "openbell-control"
# How many runs of a queue may be under way at once. Not a deployment's concurrency limit: for
# that one a run renews a lease every 225 s, and Prefect cancels it when the server is away then.
# Nothing holds up a live session: of two the lease of the account lets one trade.
# A sweep takes every processor.
SESSIONS = "sessions"
WORK_QUEUES = {SESSIONS: None, "replays": 2, "backtests": 2, "sweeps": 1, "operations": 3}
STOP_GRACE_S = 15.0


def worker_name(home: Home) -> str:
    """Return the name by which a server knows this folder's worker, and whose runs are ours."""
    return f"{WORK_POOL}-{socket.gethostname()}-{home.identity}"


def start_worker(home: Home, api_url: str, work_pool: str = WORK_POOL) -> Child:
    """Start a worker on a work pool, which it creates if it is missing."""
    environment = home.environment(api_url)
    # An ad-hoc run starts after 5 s instead of 10 to 19; 30 s is Prefect's shortest heartbeat.
    environment.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")
    environment.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    return Child.start(
        [
            *(sys.executable, "-m", "deployments.server.prefect_worker", "worker", "start"),
            *("--pool", work_pool, "--type", "process", "--install-policy", "never"),
            *("--name", worker_name(home)),
        ],
        environment,
        home.logs / "worker.log",
    )
