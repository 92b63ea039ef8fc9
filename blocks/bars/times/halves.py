"""Many ways to write a time of day, and AM and PM, as the one that is read."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from blocks.bars.times.values import TimeSource

# What is written, and what is read in its place: browsers put a narrow space before AM and PM, some
# languages dots into them, and some programs write them behind 24 hours, where they say nothing.
_PLAINLY = (
    ("[\u00a0\u2007\u2009\u202f]", " "),
    (r"\b([AaPp])\.? ?[Mm]\.", "${1}M"),
    (r"(\d) ?([AaPp])$", "$1 ${2}M"),
    (r"\b([AaPp][Mm]) ?(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)", "$2 $1"),
    (r"(^|[ T,;_-])((?:1[3-9]|2[0-3]|00):[\d:.]+) ?[AaPp][Mm]\b", "$1$2"),
    (r"(\d),? at (\d)", "$1 $2"),
    # 20240306093000000 ends in milliseconds, and 930 is a time that has lost its zero.
    (r"^(\d{14})(\d{3})$", "$1.$2"),
    (r"^(\d{8}) (\d{3})$", "$1 0$2"),
    # Browsers' dates, and those of the C library.
    (r"(GMT[+-]\d{4}) \([A-Za-z .]+\)$", "$1"),
    (
        r"^([A-Za-z]{3}) ([A-Za-z]{3}) +(\d{1,2}) (\d{1,2}:\d{2}:\d{2})( [A-Z]{3,4})? (\d{4})$",
        "$2 $3 $6 $4$5",
    ),
    (r"\b(GMT|UTC)([+-])(\d)(:\d{2})?$", "${1}${2}0$3$4"),
    # Dots, or an h, in the time of day.
    (r"([ -])(\d{1,2})\.(\d{2})\.(\d{2})(\.\d+)?( [AaPp][Mm])?$", "$1$2:$3:$4$5$6"),
    (r"([-/.]\d{2,4}) (\d{1,2})\.(\d{2})$", "$1 $2:$3"),
    (r"(^|[ T])(\d{1,2})[hH](\d{2})$", "$1$2:$3"),
    (r"^(\d{1,2}:\d{2}(?::\d{2})?) +(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})$", "$2 $1"),
    (r"^([A-Za-z]{3,9})[-/.](\d{1,2})[-/.](\d{4})\b", "$1 $2 $3"),
    (r"\b(\d{1,2})(?:st|nd|rd|th)\b", "$1"),
    ("^(\\d{4})\u5e74(\\d{1,2})\u6708(\\d{1,2})\u65e5", "$1-$2-$3"),
)


def plainly_written(text: pl.Series, source: TimeSource) -> tuple[pl.Series, TimeSource]:
    """Return times with plain spaces, colons, and AM or PM behind them, others as they stand.

    The first time and the last one tell how all are written.
    """
    ends = [str(text[0]), str(text[-1])]
    if [plain_time(end) for end in ends] == ends:
        return text, source
    expression = source.expression.cast(pl.String)
    for written, plain in _PLAINLY:
        text = text.str.replace_all(written, plain)
        expression = expression.str.replace_all(written, plain)
    return text, replace(source, expression=expression)


def plain_time(text: str) -> str:
    """Return one time likewise."""
    for written, plain in _PLAINLY:
        text = re.sub(written, re.sub(r"\$\{?(\d)\}?", r"\\g<\1>", plain), text)
    return text
