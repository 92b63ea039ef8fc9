"""What the Prefect UI shows of a run: pictures and tables as artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)

from blocks.account.names import account_words
from blocks.account.status import account_status, plain
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.transfers import EARNED_EQUITY
from blocks.report.equity_picture import as_markdown, equity_png
from blocks.results.served import page_of
from flows.pages.artifact_keys import artifact_key
from flows.pages.backtest_figures import figures
from flows.pages.cells import cell, table
from flows.pages.live_page import LivePage
from flows.pages.status import TRADE_COLUMNS, broker_line
from flows.session.request import SessionRequest
from tasks.backtest.report import BacktestReport
from tasks.masked import without_secrets_in_errors
from trading.counted import counted
from trading.market.calendar import exchange_timezone, to_microseconds

MOST_SYMBOLS = 8
MOST_TRADES = 500
DAY_COLUMNS = {name: text for name, text in TRADE_COLUMNS.items() if name != "session"}
# A backtest may be years long.
BACKTEST_COLUMNS = {"day": "session", **DAY_COLUMNS}


@without_secrets_in_errors
async def publish_backtest(report: BacktestReport, folder: Path, live_page: LivePage) -> None:
    """Show a backtest's figures, picture and trades, and where its results are."""
    results = report.results()
    source = Path(report.source).name
    symbols = ", ".join(report.plan.symbols[:MOST_SYMBOLS])
    if report.is_simulated:
        symbols += " (SIMULATED bars)"
    first, last = report.sessions[0].date, report.sessions[-1].date
    picture = equity_png(report.outcome.equity_us, report.outcome.equity, source)
    address = live_page.of_results(folder, page_of(folder))
    lines = [
        f"# Backtest of {symbols}",
        f"{first} to {last}, bars: {source}",
        as_markdown(picture, "equity and drawdown"),
        f"Results: [{address}]({address}), in {folder.resolve()}",
        "\n".join(f"- {note}" for note in report.notes),
        markdown_table(
            [{"figure": name, "value": value} for name, value in figures(report.summary)]
        ),
    ]
    what = f"backtest of {symbols}, {first} to {last}"
    await acreate_markdown_artifact(
        "\n\n".join(line for line in lines if line), key="backtest", description=what
    )
    trades = [
        plain(row) | {"day": str(row["session"])}
        for row in results.trades.tail(MOST_TRADES).to_dicts()
    ]
    await acreate_table_artifact(
        table(trades, BACKTEST_COLUMNS),
        key="backtest-trades",
        description=f"The last {counted(len(trades), 'trade')} of the {what}, times in UTC."
        f" [Results]({address})",
    )
    await acreate_link_artifact(
        address, link_text=f"Results of the {what}", key="backtest-results", description=address
    )


@without_secrets_in_errors
async def publish_session(request: SessionRequest, live_page: LivePage) -> None:
    """Show the last session's equity by the exchange's clock, and an account's latest trades."""
    account = request.account
    status = account_status(request.data_dir, account)
    ledger = DuckDBLedger(request.data_dir, account)
    points = ledger.query(f"{EARNED_EQUITY} ORDER BY ts")
    if not points:
        return
    zone = exchange_timezone(request.exchange)
    whose = account_words(account, has_simulated_bars=status.has_simulated_bars)
    day = points[-1]["session"]
    trades = [plain(trade) for trade in status.trades if trade.session == day]
    of_the_day = [point for point in points if point["session"] == day]
    lines = [
        f"# Account {whose}, {day}",
        as_markdown(_picture(of_the_day, f"account {whose}, {day}", zone), "the day"),
        f"Equity {cell('equity', status.equity)} USD; {counted(len(trades), 'trade')} that day,"
        f" {len(status.trades)} in all. Times of {zone.key}.",
        *([] if status.broker is None else [broker_line(status.broker) + "."]),
        live_page.links(account, day),
        markdown_table(table(trades, DAY_COLUMNS, zone)),
        *(
            f"The plan changed with this session: {'; '.join(change['changes'])}."
            for change in status.plan_changes
            if change["session"] == str(day)
        ),
    ]
    if len(of_the_day) < len(points):
        lines.append(as_markdown(_picture(points, f"account {whose}"), "the account"))
    await acreate_markdown_artifact(
        "\n\n".join(line for line in lines if line),
        key=artifact_key(account, "daily-summary"),
        description=f"Account {whose}, session {day}",
    )


def session_message(request: SessionRequest, closed: int) -> str:
    """Return what a run's end says of its account: what came of the day, and where it is kept."""
    status = account_status(request.data_dir, request.account)
    whose = account_words(request.account, has_simulated_bars=status.has_simulated_bars)
    sessions = f"{counted(closed, 'session')} of account {whose} closed"
    if status.last_bar is None:
        return sessions
    day = DuckDBLedger(request.data_dir, request.account).query(
        "SELECT max(session) AS day FROM equity"
    )[0]["day"]
    trades = [trade for trade in status.trades if trade.session == day]
    profit = cell("pnl", float(sum(trade.pnl or 0 for trade in trades)))
    return (
        f"{sessions}; {day}: {counted(len(trades), 'trade')}, {profit} USD, equity"
        f" {cell('equity', status.equity)} USD;"
        f" kept in {(request.data_dir / request.account).resolve().as_uri()}"
    )


def _picture(points: list[dict[str, Any]], title: str, clock: ZoneInfo | None = None) -> bytes:
    equity = np.array([float(point["equity"]) for point in points])
    us = np.array([to_microseconds(point["ts"]) for point in points], dtype=np.int64)
    return equity_png(us, equity, title, clock)


def markdown_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a table of markdown."""
    if not rows:
        return "Nothing to show."
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)
