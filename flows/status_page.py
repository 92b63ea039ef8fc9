"""An account's status as a page of the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

LATEST_TRADES = 20


def print_status(status: dict[str, Any]) -> None:
    """Print equity, positions, live orders and the latest trades."""
    console = Console()
    equity = status["equity"]
    shown = "no bar yet" if equity is None else f"{equity:,.2f} USD at bar {status['last_bar']}"
    console.print(f"[bold]{status['account']}[/bold]  equity {shown}")
    for halt in status["halts"]:
        console.print(f"[red]{halt['command']}[/red] since {halt['ts']} {halt['reason']}")
    console.print(_table("Positions", status["positions"]))
    console.print(_table("Orders", status["orders"]))
    console.print(_table(f"Trades ({len(status['trades'])})", status["trades"][-LATEST_TRADES:]))


def _table(title: str, rows: list[dict[str, Any]]) -> Table | str:
    if not rows:
        return f"{title}: none"
    table = Table(title=title, title_justify="left")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    return table
