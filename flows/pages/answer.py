"""A ledger's answer as a table of the terminal."""

from __future__ import annotations

from blocks.account.question import Answer
from flows.pages.text_table import table_lines
from trading.counted import counted


def answer_lines(answer: Answer) -> list[str]:
    """Return the heading, the rows and their count."""
    lines = table_lines(answer.columns, answer.rows)
    return [*lines, f"({counted(len(answer.rows), 'row')})"]
