"""What a comparison of runs shows on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from blocks.report.html.markup import MINUS, NOTHING
from blocks.research_report.comparison.differences import (
    COMPARED,
    Row,
    TradeDifferences,
    equity_together,
    figures_beside,
    parameters_that_differ,
    same_or_not,
    trade_sentences,
    trades_that_differ,
)
from blocks.research_report.comparison.run import ComparedRun
from flows.pages.cells import clock_time
from flows.pages.text_table import plain, table_lines
from trading.market.bars import Floats

_WIDTH = 60
_HEIGHTS = "\N{LOWER ONE EIGHTH BLOCK}▂▃▄▅▆▇█"
_PLAIN_HEIGHTS = "_.-~=+*#"
_WORDS = {"entry_price": "entry", "exit_price": "exit", "exit_time": "out", "exit_reason": "why",
          "quantity": "shares", "pnl": "P&L"}  # fmt: skip


def comparison_lines(runs: Sequence[ComparedRun], trades: int, encoding: str) -> list[str]:
    """Return the comparison line by line; at most so many trades of each kind that differ.

    `encoding` is the terminal's: one that has no blocks gets plain signs.
    """
    lines = [
        plain(f"{run.label}  {run.name}  {run.first} to {run.last}  ({run.source})") for run in runs
    ]
    lines += [plain(line) for line in same_or_not(runs)]
    differ = parameters_that_differ(runs)
    lines += ["", "Parameters that differ", *_table(runs, differ)] if differ else [
        "", "No parameter differs",
    ]  # fmt: skip
    lines += ["", "Figures", *_table(runs, figures_beside(runs))]
    lines += ["", *_equity(runs, encoding)]
    for other in runs[1:]:
        found = trades_that_differ(runs[0], other)
        lines += ["", *_trades(found, runs[0].label, other.label, trades)]
    return lines


def sparkline(values: Floats, low: float, high: float, heights: str = _HEIGHTS) -> str:
    """Return values as a line of signs from the lowest to the highest; a space for NaN."""
    ends = np.unique(np.linspace(0, len(values) - 1, min(_WIDTH, len(values))).astype(np.int64))
    span = high - low or 1.0
    steps = len(heights) - 1
    return "".join(
        " " if np.isnan(value) else heights[round(float((value - low) / span) * steps)]
        for value in values[ends]
    )


def _equity(runs: Sequence[ComparedRun], encoding: str) -> list[str]:
    days, lines = equity_together(runs)
    if not days:
        return ["No run has any equity"]
    every = np.concatenate(lines)
    low, high = float(np.nanmin(every, initial=0.0)), float(np.nanmax(every, initial=0.0))
    try:
        _HEIGHTS.encode(encoding)
        heights = _HEIGHTS
    except (UnicodeEncodeError, LookupError):
        heights = _PLAIN_HEIGHTS
    return [
        f"Equity from {days[0]} to {days[-1]}, {low * 100:+.2f} to {high * 100:+.2f} %",
        *(
            f"{run.label}  {sparkline(line, low, high, heights)}  {_last(line)}"
            for run, line in zip(runs, lines, strict=True)
        ),
    ]


def _last(line: Floats) -> str:
    known = line[~np.isnan(line)]
    return f"{known[-1] * 100:+.2f} %" if len(known) else "-"


def _trades(found: TradeDifferences, first: str, other: str, most: int) -> list[str]:
    counts, alike = trade_sentences(found, first, other)
    lines = [f"Trades of {first} and {other}, times in UTC: {counts}", alike]
    for heading, rows, written in (
        (f"only in {first}", found.only_first, _one),
        (f"only in {other}", found.only_other, _one),
        (f"in both, {first} -> {other}", found.changed, _changed),
    ):
        shown = [written(row) for row in rows.head(most).iter_rows(named=True)]
        if shown:
            lines += [f"  {heading}", *(plain(f"    {line}") for line in shown)]
            if len(rows) > most:
                lines.append(f"    and {len(rows) - most:,} more; --trades {len(rows)} shows all")
    return lines


def _one(row: dict[str, Any]) -> str:
    return (
        f"{_which(row)}  {row['quantity']:,} at {row['entry_price']:,.4f},"
        f" out {clock_time(row['exit_time'])} at {row['exit_price']:,.4f} ({row['exit_reason']}),"
        f" {row['pnl']:+,.2f} USD"
    )


def _changed(row: dict[str, Any]) -> str:
    changes = [
        f"{_WORDS[name]} {_value(row[name])} -> {_value(row[name + '_other'])}"
        for name in COMPARED
        if row[name] != row[name + "_other"]
    ]
    return f"{_which(row)}  {', '.join(changes)}"


def _which(row: dict[str, Any]) -> str:
    return f"{row['session']} {row['symbol']} {row['side']} {clock_time(row['entry_time'])}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return clock_time(value) if hasattr(value, "hour") else f"{value}"


def _table(runs: Sequence[ComparedRun], rows: Sequence[Row]) -> list[str]:
    labels = [run.label for run in runs]
    # A terminal may have none but plain signs.
    signs = str.maketrans({MINUS: "-", NOTHING: "-"})
    cells = [(row.name, *(cell.translate(signs) for cell in row.cells)) for row in rows]
    return table_lines(("", *labels), cells, labels)
