"""Kills a session at chosen edges of the money path and runs it again; a process of its own.

It forks for each run and touches neither DuckDB nor polars before a fork: both have threads, and
threads do not survive one. Usage: python -m tests.process.replay.kill_worker JOBS.json
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from blocks.bars.files import read_bars  # noqa: F401  (imported before the forks)
from blocks.process import failpoints
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest, replayed_sessions
from flows.session.run_account import run_account
from tasks.session.runtime import RUNTIMES
from trading.engine.book import OPEN_POSITIONS, PENDING_ENTRIES, WAITING_EXITS
from trading.market.calendar import sessions_between

Job = dict[str, Any]
IDENTITIES = ("identity", "stream", "place")


def request_of(job: Job) -> SessionRequest:
    return SessionRequest(
        PlainParts(Path(job["data_dir"]), Path(job["bars"])),
        replay=job["replay"],
        symbols=tuple(job["symbols"]),
        interval_minutes=job["interval_minutes"],
        capital=job["capital"],
        settings=job["settings"],
    )


def situation() -> list[str]:
    """Say what the bot holds at this moment, as a user would name it."""
    if not RUNTIMES:
        return ["between sessions"]
    state = next(iter(RUNTIMES.values())).state
    flags, found = state.book.flags, []
    if flags[OPEN_POSITIONS]:
        found.append("holding a position")
    if flags[PENDING_ENTRIES]:
        found.append("a pending entry")
    if any(
        o.is_live and o.leg == "entry" and o.order_type != "market" for o in state.orders.values()
    ):
        found.append("a resting entry")
    if flags[WAITING_EXITS] and "signal" in {state.exit_reason(s) for s in state.index}:
        found.append("leaving by a signal")
    if any(o.is_live and o.leg == "stop" and o.status == "working" for o in state.orders.values()):
        found.append("a resting stop")
    if flags[WAITING_EXITS] and "flatten" in {state.exit_reason(s) for s in state.index}:
        found.append("in mid-flatten")
    return found or ["flat"]


def in_child(work: Callable[[], None], time_limit_seconds: int = 600) -> int:
    """Run work in a forked process; return its wait status, a kill included."""
    child = os.fork()
    if child == 0:
        signal.alarm(time_limit_seconds)
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def trace_run(job: Job) -> None:
    """Run undisturbed and write every edge that is reached, with the situation there."""
    reached: list[list[Any]] = []
    failpoints.on_reach(lambda edge: reached.append([edge, situation()]))
    asyncio.run(run_account(request_of(job)))
    failpoints.on_reach(None)
    Path(job["trace"]).write_text(json.dumps(reached))


def killed_run(job: Job) -> None:
    """Run until an edge is reached for the n-th time, and die there as by kill -9."""
    left = job["kill_at"]

    def count(edge: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    failpoints.on_reach(count)
    asyncio.run(run_account(request_of(job)))


def dump_stores(job: Job) -> dict[str, str]:
    """Return every table of both stores as a hash.

    Left out is what differs by chance: wall times, lease epochs, the identity of a store.
    """
    import duckdb

    folder = Path(job["data_dir"]) / "replay"
    found: dict[str, str] = {}
    for name in ("ledger.duckdb", "exchange-mock.duckdb"):
        with duckdb.connect(str(folder / name), read_only=True) as connection:
            connection.execute("SET TimeZone='UTC'")
            for (table,) in connection.execute("SHOW TABLES").fetchall():
                if table == "lease":
                    continue
                rows = connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
                rows = [row for row in rows if row[0] not in IDENTITIES]
                text = "\n".join(_row_text(row) for row in rows)
                found[f"{name}/{table}"] = hashlib.sha256(text.encode()).hexdigest()
                if "keep" in job:
                    Path(job["keep"], f"{name}-{table}.txt").write_text(text)
    return found


def _row_text(row: tuple[Any, ...]) -> str:
    cells = []
    for cell in row:
        if isinstance(cell, str) and cell.startswith("{"):
            content = json.loads(cell)
            content.pop("epoch", None)
            cell = json.dumps(content, sort_keys=True)
        cells.append(str(cell))
    return "|".join(cells)


def warm(job: Job) -> None:
    """Ask for the calendar's answers once, which takes a third of a short session."""
    replayed_sessions(request_of(job))
    day = date.fromisoformat(job["replay"])
    sessions_between("NYSE", day - timedelta(days=1), day + timedelta(days=1))


def main(path: str) -> int:
    jobs = json.loads(Path(path).read_text())
    warm(jobs[0])
    for job in jobs:
        result: dict[str, Any] = {"kill_at": job.get("kill_at")}
        if "trace" in job:
            result["traced"] = in_child(lambda job=job: trace_run(job))
        else:
            status = in_child(lambda job=job: killed_run(job))
            result["killed"] = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            resumed = {**job, "kill_at": -1}
            result["resumed"] = in_child(lambda job=resumed: killed_run(job))
        out = Path(job["data_dir"]) / "dump.json"
        in_child(lambda job=job, out=out: out.write_text(json.dumps(dump_stores(job))))
        result["stores"] = json.loads(out.read_text()) if out.exists() else None
        print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
