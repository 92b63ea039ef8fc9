"""The many ways to write AM and PM, and what stands around them, as the one that is read."""

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
)


def plainly_written(text: pl.Series, source: TimeSource) -> tuple[pl.Series, TimeSource]:
    """Return times with plain spaces and with AM or PM behind them, others as they stand.

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
