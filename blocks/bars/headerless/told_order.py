"""The names that a user gives the columns of a file without a header, in the file's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blocks.bars.columns import NAMEABLE
from trading.errors import BadInput
from trading.market.bars import NUMBERS

PASSED_OVER = "-"
_HINT = "Write it as --columns ts,open,high,low,close,volume, with - for a column to pass over"


def check_order(order: Sequence[str], named: Mapping[str, str]) -> None:
    """Raise BadInput unless an order has our names, each once, and all that a bar needs.

    `named` are the columns that are named by the header's words: a file has one or the other.
    """
    said = ",".join(order)
    if named:
        raise BadInput(
            "--columns names the columns of a file without a header, --column those of one with it",
            "Give one of the two",
        )
    for name in order:
        if name not in (*NAMEABLE, PASSED_OVER):
            raise BadInput(
                f"{name!r} in --columns {said} is none of Openbell's names",
                f"Use {', '.join(NAMEABLE)}, and - for a column to pass over",
            )
        if name != PASSED_OVER and order.count(name) > 1:
            raise BadInput(f"--columns {said} has {name} twice", _HINT)
    times = [name for name in ("ts", "date", "time") if name in order]
    if times not in (["ts"], ["date", "time"]):
        raise BadInput(f"--columns {said} needs ts, or date and time", _HINT)
    missing = [name for name in NUMBERS if name not in order]
    if missing:
        raise BadInput(f"--columns {said} lacks {', '.join(missing)}", _HINT)
