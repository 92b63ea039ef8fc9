"""An account's status as a page of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from blocks.account.status import AccountStatus
from blocks.records.fields import Record
from flows.pages.cells import cell
from trading.gate.findings import Finding

LATEST_TRADES = 20
# What is shorter lies between two requests; JSON has it.
TOLD_SECONDS = 1.0
LATEST_FINDINGS = 10
POSITION_COLUMNS = {
    "symbol": "symbol",
    "quantity": "quantity",
    "entry_price": "entry",
    "mark": "mark",
    "stop": "stop",
    "target": "target",
}
ORDER_COLUMNS = {
    "symbol": "symbol",
    "leg": "leg",
    "quantity": "quantity",
    "price": "price",
    "status": "status",
}
TRADE_COLUMNS = {
    "session": "session",
    "symbol": "symbol",
    "side": "side",
    "quantity": "qty",
    "entry_time": "in",
    "entry_price": "entry",
    "exit_time": "out",
    "exit_price": "exit",
    "exit_reason": "why",
    "pnl": "P&L",
    "r_multiple": "R",
}


def print_status(status: AccountStatus) -> None:
    """Print equity, positions, live orders and the latest trades."""
    console = Console()
    equity, last_bar = status.equity, status.last_bar
    shown = "no bar yet"
    if equity is not None and last_bar is not None:
        shown = f"{equity:,.2f} USD at bar {last_bar.isoformat()}"
    console.print(f"[bold]{status.account}[/bold]  equity {shown}")
    if status.broker is not None:
        console.print(broker_line(status.broker), highlight=False, markup=False)
    for halt in status.halts:
        console.print(f"[red]{halt['command']}[/red] since {halt['ts']} {halt['reason']}")
    for moved in status.transfers:
        text = f"transfer of {moved['amount']:+,.2f} USD after {moved['session']} {moved['note']}"
        console.print(text, highlight=False, markup=False)
    for change in status.plan_changes:
        text = f"plan changed on {change['session']}: {'; '.join(change['changes'])}"
        console.print(text, highlight=False, markup=False)
    for gap in status.unprotected:
        if gap["became"] != "over" or gap["seconds"] >= TOLD_SECONDS:
            console.print(gap_line(gap), highlight=False, markup=False)
    _print_messages(console, status.messages)
    for line in gate_lines(status.gate):
        console.print(line, highlight=False, markup=False)
    console.print(_table("Positions", status.positions, POSITION_COLUMNS))
    console.print(_table("Orders", status.orders, ORDER_COLUMNS))
    latest = status.trades[-LATEST_TRADES:]
    console.print(_table(f"Trades ({len(status.trades)}), times in UTC", latest, TRADE_COLUMNS))


def gap_line(gap: dict[str, Any]) -> str:
    """Return for how long a position had no resting stop, and what became of it."""
    became = {"left": "left at market", "stuck": "NOT LEFT"}.get(gap["became"], "")
    why = f"; {became}: {gap['reason']}" if became else ""
    return (
        f"{gap['session']}: {gap['shares']} {gap['symbol']} had no resting stop for"
        f" {gap['seconds']:.1f} s{why}"
    )


def broker_line(broker: dict[str, Any]) -> str:
    """Return how the account looked at its broker when it was asked last."""
    held = ", ".join(f"{symbol} {shares:+d}" for symbol, shares in broker["positions"].items())
    blocked = f"; BLOCKED: {broker['blocked']}" if broker["blocked"] else ""
    for symbol, why in broker["not_entered"].items():
        blocked += f"; {symbol} is not entered: {why}"
    return (
        f"{broker['name']} {broker['account']}: equity {broker['equity']:,.2f}, cash"
        f" {broker['cash']:,.2f}, buying power {broker['buying_power']:,.2f}"
        f" {broker['currency']}; holds {held or 'nothing'}; {len(broker['open_orders'])} open"
        f" orders; as of {broker['as_of']}{blocked}"
    )


def gate_lines(gate: dict[str, Any]) -> list[str]:
    """Return what the data gate found in the newest session with any, and in all."""
    if not gate:
        return []
    counts, totals = (
        ", ".join(f"{count:,} {check}" for check, count in gate[name].items() if count) or "nothing"
        for name in ("counts", "totals")
    )
    lines = [f"data gate: on {gate['session']} {counts}; in all {totals}"]
    shown = [Finding.of(each).line for each in gate["findings"][-LATEST_FINDINGS:]]
    others = gate["others"] + len(gate["findings"]) - len(shown)
    return [*lines, *(f"  {line}" for line in shown), *([f"  and {others} more"] if others else [])]


def _print_messages(console: Console, messages: dict[str, Any]) -> None:
    if messages["refused"]:
        console.print(f"[red]Discord refuses the webhook[/red]: {messages['refused']}")
    if messages["waiting"]:
        console.print(f"{messages['waiting']} messages wait to be sent to Discord")
    if messages["dead"]:
        last = messages["dead"][-1]
        console.print(
            f"{len(messages['dead'])} messages were not delivered, the last one"
            f" {last['kind']} of {last['ts']}: {last['reason']}"
        )


def print_health(health: dict[str, Any]) -> None:
    """Print how the account is, and what is not well with it."""
    console = Console()
    colour = {"healthy": "green", "degraded": "yellow"}.get(health["status"], "red")
    console.print(f"Health: [{colour}]{health['status']}[/{colour}]")
    for name, found in health["components"].items():
        if found["status"] != "healthy":
            since = datetime.fromisoformat(found["since"]) if found["since"] else None
            begun = f" (since {since:%Y-%m-%d %H:%M:%S} UTC)" if since else ""
            text = f"  {name}: {found['reason']}{begun}. {found['hint']}"
            console.print(text.rstrip(), markup=False, highlight=False)


def _table(title: str, records: Sequence[Record], columns: dict[str, str]) -> Table | str:
    if not records:
        return f"{title}: none"
    rows = [record.model_dump(mode="json") for record in records]
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for name, heading in columns.items():
        is_number = isinstance(rows[0][name], int | float)
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(cell(name, row[name]) for name in columns))
    return table
