"""What is asked of a table, put together from the questions that were asked."""

from __future__ import annotations

from datetime import datetime

from trading.errors import BadInput


def condition(*asked: tuple[str, object | None]) -> tuple[str, list[object]]:
    """Return a WHERE clause and its values; what is asked with None is not asked.

    Each question has one mark, and is text of ours. Raises BadInput for a time without a zone:
    which hours it means would depend on the machine.
    """
    wanted = [(question, value) for question, value in asked if value is not None]
    for _, value in wanted:
        if isinstance(value, datetime) and value.tzinfo is None:
            raise BadInput(f"the time {value} has no zone", f"Write it as {value.isoformat()}Z")
    if not wanted:
        return "", []
    return f"WHERE {' AND '.join(q for q, _ in wanted)}", [value for _, value in wanted]
