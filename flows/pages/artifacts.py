"""What the Prefect UI shows of a run: pictures and tables as artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from blocks.records.fields import Record
from blocks.report.equity_picture import as_markdown, equity_png
from flows.session.request import SessionRequest
from tasks.backtest.run import BacktestReport
from tasks.masked import without_secrets_in_errors
from trading.market.calendar import to_microseconds

MOST_TRADES = 500


@without_secrets_in_errors
async def publish_backtest(report: BacktestReport, folder: Path) -> None:
    """Show a backtest's figures, picture and trades."""
    results = report.results()
    source = Path(report.source).name
    picture = equity_png(report.outcome.equity_us, report.outcome.equity, source)
    lines = [
        f"# Backtest of {', '.join(report.plan.symbols[:8])}",
        f"Bars: {source}",
        as_markdown(picture, "equity and drawdown"),
        f"Results are in `{folder}`.",
        *(f"- {note}" for note in report.notes),
        "",
        markdown_table(_figures(report.summary.as_dict())),
    ]
    await acreate_markdown_artifact(
        "\n\n".join(lines[:4]) + "\n" + "\n".join(lines[4:]), key="backtest"
    )
    await acreate_table_artifact(
        _rows(results.trades.tail(MOST_TRADES).to_dicts()),
        key="backtest-trades",
        description=f"The last {min(MOST_TRADES, results.trades.height)} trades",
    )


@without_secrets_in_errors
async def publish_session(request: SessionRequest) -> None:
    """Show an account's equity, trades and positions after a session."""
    status = account_status(request.data_dir, request.account)
    ledger = DuckDBLedger(request.data_dir, request.account)
    points = ledger.query("SELECT ts, equity FROM equity ORDER BY ts")
    if not points:
        return
    equity = np.array([float(point["equity"]) for point in points])
    us = np.array([to_microseconds(point["ts"]) for point in points], dtype=np.int64)
    label = " (SIMULATED bars)" if ledger.has_simulated_bars() else ""
    picture = equity_png(us, equity, f"account {request.account}{label}")
    text = (
        f"# Account {request.account}{label}\n\n{as_markdown(picture, 'equity and drawdown')}\n\n"
        f"Equity {equity[-1]:,.2f} USD after {len(status.trades)} trades.\n\n"
        + markdown_table(_rows(_dumped(status.trades[-50:])))
    )
    await acreate_markdown_artifact(text, key="daily-summary")
    await acreate_table_artifact(_rows(_dumped(status.positions)), key="positions")


def markdown_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a table of markdown."""
    if not rows:
        return "Nothing to show."
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _figures(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"figure": name.replace("_", " "), "value": _short(value)}
        for name, value in summary.items()
        if not isinstance(value, dict | list)
    ]


def _dumped(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [record.model_dump(mode="json") for record in records]


def _rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _short(value) for name, value in row.items()} for row in rows]


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return "" if value is None else value if isinstance(value, int | str) else str(value)
