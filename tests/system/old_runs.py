"""Runs that a server finds in its database when it starts, as after months of sessions."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

LONG_AGO, LATELY = "session of long ago", "session of last month"
BAR = "bar of "


def plant(database: Path, now: datetime | None = None) -> None:
    """Write two sessions that have ended, each with a bar below one of its tasks."""
    now = now or datetime.now(UTC)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO flow (id, name) VALUES (?, 'planted')", [_id("flow")])
        for name, days in ((LONG_AGO, 31), (LATELY, 29)):
            end = f"{now - timedelta(days=days):%Y-%m-%d %H:%M:%S.%f}"
            _run(connection, name, end, None)
            connection.execute(
                "INSERT INTO task_run (id, name, task_key, dynamic_key, flow_run_id)"
                " VALUES (?, 'bar', 'bar', '0', ?)",
                [_id(f"task of {name}"), _id(name)],
            )
            _run(connection, BAR + name, end, _id(f"task of {name}"))
            connection.execute(
                "INSERT INTO log (id, name, level, flow_run_id, message, timestamp)"
                " VALUES (?, 'planted', 20, ?, ?, ?)",
                [_id(f"log of {name}"), _id(name), f"a word of the {name}", end],
            )


def left_in(database: Path) -> set[str]:
    """Return the planted sessions, bars and words that are still there."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        runs = connection.execute("SELECT name FROM flow_run WHERE flow_id = ?", [_id("flow")])
        words = connection.execute("SELECT message FROM log WHERE name = 'planted'")
        return {name for (name,) in [*runs.fetchall(), *words.fetchall()]}


def _run(connection: sqlite3.Connection, name: str, end: str, parent_task: str | None) -> None:
    connection.execute(
        "INSERT INTO flow_run (id, name, state_type, end_time, flow_id, parent_task_run_id)"
        " VALUES (?, ?, 'COMPLETED', ?, ?, ?)",
        [_id(name), name, end, _id("flow"), parent_task],
    )


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
