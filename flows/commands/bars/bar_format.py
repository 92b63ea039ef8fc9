"""The arguments that say how a file of bars is written, the same wherever one is read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trading.errors import BadInput

if TYPE_CHECKING:
    from blocks.bars.file_format import BarFileFormat


def add_bar_format_arguments(parser: ArgumentParser) -> None:
    """Add the arguments; each says what the reader would otherwise find out by itself."""
    parser.add_argument("--timezone", metavar="ZONE", help="zone of times that name none")
    parser.add_argument("--stamp", choices=("start", "end"), help="what a row's time is")
    parser.add_argument(
        "--time-format", metavar="FORMAT",
        help="how times are written, as strptime says it, such as '%%d.%%m.%%Y %%H:%%M'",
    )  # fmt: skip
    parser.add_argument(
        "--column", action="append", default=[], metavar="OURS=THEIRS",
        help="a column's name in the file, such as ts=Datetime",
    )  # fmt: skip
    parser.add_argument(
        "--columns", type=order_argument, default=(), metavar="A,B",
        help="the columns of a file without a header: ts,open,high,low,close,volume, - for none",
    )  # fmt: skip
    parser.add_argument(
        "--symbol", metavar="NAME", help="of all rows, whatever the files are called"
    )
    parser.add_argument(
        "--source-interval", type=int, metavar="MINUTES", help="bar length of the file"
    )
    parser.add_argument(
        "--feed", metavar="NAME",
        help="whose bars are read of an archive, such as yahoo or alpaca:sip",
    )  # fmt: skip


def bar_format_of(args: Namespace) -> BarFileFormat:
    """Return what the arguments say."""
    from blocks.bars.file_format import BarFileFormat

    return BarFileFormat(
        timezone=args.timezone,
        stamp=args.stamp,
        columns=columns_of(args.column),
        interval_minutes=args.source_interval,
        time_format=args.time_format,
        column_order=args.columns,
        symbol=args.symbol,
        feed=args.feed,
    )


def order_argument(text: str) -> tuple[str, ...]:
    """Return our names for a file's columns from `ts,open,-,...`, in that order."""
    order = tuple(name.strip() for name in text.split(","))
    if not any(order):
        raise BadInput(
            "--columns names no column", "Write it as --columns ts,open,high,low,close,volume"
        )
    return order


def columns_of(pairs: list[str]) -> dict[str, str]:
    """Return column names of the file by ours, from `ours=theirs` pairs."""
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise BadInput(
                f"--column {pair!r} is not OURS=THEIRS", "Write it as --column ts=Datetime"
            )
        columns[ours.strip()] = theirs.strip()
    return columns
