"""An account's status as a page of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from blocks.account.names import account_words
from blocks.account.status import AccountStatus
from blocks.records.fields import Record
from flows.pages.cells import cell
from flows.pages.text_table import table_lines
from trading.counted import counted
from trading.gate.findings import Finding
from trading.session.broker.objections import not_entered

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
    "pnl": "P&L",
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
    console = Console(highlight=False, soft_wrap=True)
    equity, last_bar = status.equity, status.last_bar
    shown = "no bar was traded yet, and there is no equity"
    if equity is not None and last_bar is not None:
        shown = f"equity {equity:,.2f} USD at the close of bar {_utc(last_bar)}"
    whose = account_words(status.account, has_simulated_bars=status.has_simulated_bars)
    console.print(f"[bold]{escape(whose)}[/bold]: {shown}")
    if status.broker is not None:
        console.print(broker_line(status.broker), highlight=False, markup=False)
    for halt in status.halts:
        why = f": {escape(halt['reason'])}" if halt["reason"] else ""
        since = _utc(datetime.fromisoformat(str(halt["ts"])))
        console.print(f"[red]HALTED[/red] by {halt['command']} since {since}{why}")
    for moved in status.transfers:
        text = f"transfer of {moved['amount']:+,.2f} USD after {moved['session']} {moved['note']}"
        console.print(text, highlight=False, markup=False)
    for change in status.plan_changes:
        text = f"plan changed on {change['session']}: {'; '.join(change['changes'])}"
        console.print(text, highlight=False, markup=False)
    for gap in status.unprotected:
        if gap["became"] != "over" or gap["seconds"] >= TOLD_SECONDS:
            console.print(gap_line(gap), highlight=False, markup=False)
    if status.missed is not None and status.missed.words:
        console.print(f"{status.missed.session}: {status.missed.words}", markup=False)
    _print_messages(console, status.messages)
    for line in gate_lines(status.gate):
        console.print(line, highlight=False, markup=False)
    held = sorted(status.positions, key=lambda position: position.unrealized_pnl)
    open_pnl = [{"pnl": float(position.unrealized_pnl)} for position in held]
    latest = status.trades[: -LATEST_TRADES - 1 : -1]
    trades = f"Trades, the newest {len(latest)} of {len(status.trades)}, times in UTC"
    lines = [
        *_table("Positions, the worst first", held, POSITION_COLUMNS, open_pnl),
        *_table("Orders", status.orders, ORDER_COLUMNS),
        *_table(trades, latest, TRADE_COLUMNS),
    ]
    for line in lines:
        console.print(line, markup=False)


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
        blocked += f"; {not_entered(symbol, why)}"
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
        console.print(f"[red]Messages are refused[/red]: {messages['refused']}")
    if messages["waiting"]:
        console.print(f"Waiting to be sent: {counted(messages['waiting'], 'message')}")
    if messages["dead"]:
        last = messages["dead"][-1]
        console.print(
            f"Not delivered: {counted(len(messages['dead']), 'message')}, the last one"
            f" {last['kind']} of {last['ts']}: {last['reason']}"
        )


def print_health(health: dict[str, Any]) -> None:
    """Print how the account is, and what is not well with it, the worst first."""
    console = Console(highlight=False, soft_wrap=True)
    colour = {"healthy": "green", "degraded": "yellow"}.get(health["status"], "red")
    console.print(f"Health: [{colour}]{health['status']}[/{colour}]")
    bad = [each for each in health["components"].items() if each[1]["status"] != "healthy"]
    for name, found in sorted(bad, key=lambda each: each[1]["status"] == "degraded"):
        begun = ""
        if found["since"] and " since " not in found["reason"]:
            begun = f" since {_utc(datetime.fromisoformat(found['since']))}"
        console.print(f"  {name}: {found['reason']}{begun}. {found['hint']}".rstrip(), markup=False)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _table(
    title: str,
    records: Sequence[Record],
    columns: dict[str, str],
    more: Sequence[dict[str, Any]] = (),
) -> list[str]:
    """Return a table that is never cut; `more` has values that no record keeps."""
    if not records:
        return [f"{title.partition(',')[0]}: none"]
    rows = [record.model_dump(mode="json") for record in records]
    for row, others in zip(rows, more, strict=False):
        row |= others
    right = [
        heading
        for name, heading in columns.items()
        if any(isinstance(row[name], int | float) for row in rows)
    ]
    cells = [[cell(name, row[name]) for name in columns] for row in rows]
    return [f"{title}:", *table_lines(list(columns.values()), cells, right), ""]
