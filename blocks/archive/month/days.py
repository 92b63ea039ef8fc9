"""What each day of each symbol came to, once more beside a large month: a look at all symbols.

Who asks which of 7,000 symbols are worth a look today needs the range and the volume of their days
and not the bars. The copy is found and forgotten as that of the openings is. What is in doubt about
a day is not decided here: its bars are read.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from blocks.archive.month.files import TIME
from blocks.archive.month.openings import STATE, is_of_month

_FOLDER = "_days"
# By symbol, feed and UTC day: the starts of the first and the last row, how many there are, their
# bar, and whether it is all that one needs to know. It is where each row is a valid bar and each
# volume a whole number, whose sums are the same in any order.
DAYS_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(), "feed": pl.String(), "day": pl.Date(),
    "first": TIME, "last": TIME, "rows": pl.UInt32(),
    "open": pl.Float64(), "high": pl.Float64(), "low": pl.Float64(), "close": pl.Float64(),
    "volume": pl.Float64(), "is_plain": pl.Boolean(),
}  # fmt: skip
_PRICES = ("open", "high", "low", "close")
# Sums of whole numbers below 2^53 are exact: those of a day's bars are, where each is below this.
_LARGEST_WHOLE = float(1 << 40)


def days_of(bars: pl.DataFrame) -> pl.DataFrame:
    """Return what the days of bars come to; `bars` are by symbol and time, prices as stored."""
    r4 = [((pl.col(name) * 10000 + 0.5).floor() / 10000).alias(name) for name in _PRICES]
    volume = pl.col("volume")
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    is_plain = (
        pl.all_horizontal(pl.col(*_PRICES).is_finite())
        & (pl.col("low") > 0)
        & (pl.col("high") >= top)
        & (pl.col("low") <= bottom)
        & (volume >= 0)
        & (volume == volume.floor())
        & (volume < _LARGEST_WHOLE)
    )
    return (
        bars.lazy()
        .select("symbol", "feed", "ts", *r4, "volume", pl.col("ts").dt.date().alias("day"))
        .with_columns(is_plain=is_plain)
        .group_by("symbol", "feed", "day", maintain_order=True)
        .agg(
            pl.col("ts").first().alias("first"),
            pl.col("ts").last().alias("last"),
            pl.len().cast(pl.UInt32).alias("rows"),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            volume.sum(),
            pl.col("is_plain").all(),
        )
        .select(list(DAYS_SCHEMA))
        .collect()
    )


def read_days(month: Path) -> pl.DataFrame | None:
    """Return what the days of a month come to, from its copy; None where it has none as it is."""
    copy = days_copy_of(month)
    try:
        if not is_of_month(pl.read_parquet_metadata(copy)[STATE], month):
            return None
        return pl.read_parquet(copy, glob=False).select(list(DAYS_SCHEMA))
    except (pl.exceptions.PolarsError, OSError, KeyError):
        return None


def days_copy_of(month: Path) -> Path:
    """Return where the copy of a month's days is."""
    return month.parent / _FOLDER / month.name
