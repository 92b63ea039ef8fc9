"""A value as people read it in a table: the same on the terminal and in Prefect's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


def cell(name: str, value: Any, zone: ZoneInfo | None = None) -> str:
    """Return a value by the name of its column; times are of the zone, UTC without one."""
    if value is None:
        return ""
    if name.endswith("_time"):
        return clock_time(value, zone)
    if name == "session":
        return str(value)[5:]
    if name == "pnl":
        return f"{value:+,.2f}"
    if name == "r_multiple":
        return f"{value:+.2f}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def clock_time(value: str | datetime, zone: ZoneInfo | None = None) -> str:
    """Return the hour and minute of an aware time, or of its text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{moment.astimezone(zone or UTC):%H:%M}"


def table(
    rows: list[dict[str, Any]], columns: Mapping[str, str], zone: ZoneInfo | None = None
) -> list[dict[str, str]]:
    """Return the chosen columns of rows, under their headings, as texts."""
    return [
        {heading: cell(name, row[name], zone) for name, heading in columns.items()} for row in rows
    ]
