"""Zones of Parquet's times that polars knows no name of, such as +05:30 and Z."""

from __future__ import annotations

import os
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

# Where it is not set, polars ends with a panic at such a name; the moments are in UTC.
_LETS_THEM_PASS = "POLARS_IGNORE_TIMEZONE_PARSE_ERROR"


def in_known_zones(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows with the moments of columns in unknown zones as those of UTC.

    The rows must be of no schema yet: from here on the process lets such names pass, for polars
    meets them again whenever the rows are read.
    """
    os.environ.setdefault(_LETS_THEM_PASS, "1")
    unknown = {
        name: kind
        for name, kind in rows.collect_schema().items()
        if isinstance(kind, pl.Datetime) and not _is_known(kind.time_zone)
    }
    return rows.with_columns(
        pl.col(name).to_physical().cast(pl.Datetime(kind.time_unit, "UTC"))
        for name, kind in unknown.items()
    )


def _is_known(zone: str | None) -> bool:
    if zone is None:
        return True
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
