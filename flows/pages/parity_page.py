"""What replays of sessions found, as tables: the same in the terminal and in Prefect's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blocks.ledger.parity.tables import DifferenceRow, FillRow, ParityRow
from flows.pages.text_table import folded_lines
from trading.counted import counted

Cells = dict[str, Any]


def parity_lines(account: str, rows: Sequence[ParityRow]) -> list[str]:
    """Return the terminal's page of sessions, the newest first."""
    if not rows:
        return [f"{account}: no session is closed yet"]
    told = f"{account}: {verdict_text(rows)}"
    notes = [f"{row.session}: {row.note}" for row in rows if row.note]
    return [told, *_lines([session_cells(row) for row in rows]), *notes]


def detail_lines(differences: Sequence[DifferenceRow], fills: Sequence[FillRow]) -> list[str]:
    """Return the terminal's page of one session's differences and fills; times are in UTC."""
    lines: list[str] = []
    if differences:
        lines += ["", "Differences", *_lines([difference_cells(each) for each in differences])]
    if fills:
        lines += ["", "Fills", *_lines([fill_cells(fill) for fill in fills])]
    return lines


def verdict_text(rows: Sequence[ParityRow]) -> str:
    """Return in one line whether the journals follow from their bars, and what execution cost."""
    words = {"agrees": "agree", "differs": "DIFFER", "not_kept": "were not kept"}
    counts = {word: sum(row.verdict == verdict for row in rows) for verdict, word in words.items()}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    text = f"of {counted(len(rows), 'session')} {told}"
    if len(rows) == 1:
        text = f"{rows[0].session} {_one(rows[0])}"
    usd, priced = sum(row.shortfall_usd for row in rows), sum(row.fills_priced for row in rows)
    return f"{text}; shortfall {usd:+,.2f} USD over {counted(priced, 'fill')}"


def _one(row: ParityRow) -> str:
    if row.verdict == "not_kept":
        return f"{row.verdict}: too little is known of what it consumed"
    compared = f"{counted(row.decisions, 'decision')} and {counted(row.intents, 'intent')}"
    if row.verdict == "agrees":
        return f"agrees: {compared} come again"
    return f"DIFFERS: {counted(row.differences, 'difference')} in {compared}"


def session_cells(row: ParityRow) -> Cells:
    """Return a session's row under its headings."""
    return {
        "session": str(row.session),
        "as consumed": row.verdict,
        "decisions": row.decisions,
        "intents": row.intents,
        "differ": row.differences,
        "final bars": row.final_bars,
        "late": row.late,
        "revised": row.revised,
        "missing": row.missing,
        "gate": row.gate,
        "decisions changed": row.decisions_changed,
        "trades changed": row.trades_changed,
        "fills": f"{row.fills_priced}/{row.fills}",
        "bps": _rounded(row.shortfall_bps),
        "USD": _rounded(row.shortfall_usd),
    }


def difference_cells(each: DifferenceRow) -> Cells:
    """Return a difference under its headings."""
    return {
        "what": each.kind,
        "cause": each.cause,
        "bar": f"{each.bar:%H:%M}" if each.bar else "",
        "symbol": each.symbol,
        "kept": each.kept,
        "replayed": each.replayed,
    }


def fill_cells(fill: FillRow) -> Cells:
    """Return a fill under its headings."""
    return {
        "bar": f"{fill.ts:%H:%M}",
        "symbol": fill.symbol,
        "leg": fill.leg,
        "quantity": fill.quantity,
        "price": fill.price,
        "model": fill.model_price,
        "bps": _rounded(fill.shortfall_bps),
        "USD": _rounded(fill.shortfall_usd),
    }


def _rounded(value: float | None) -> float | None:
    # Of what is nearly nothing no sign is left.
    return None if value is None else round(value, 2) + 0.0


def _lines(cells: Sequence[Cells]) -> list[str]:
    rows = tuple(tuple(row.values()) for row in cells)
    return folded_lines(tuple(cells[0]), rows)
