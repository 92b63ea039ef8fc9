"""Daily bars behind a path: those that `fetch --interval 1d` brought, or files of the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from blocks.archive.bar_source import archive_at
from blocks.archive.feeds import notes_of_feeds
from blocks.archive.month.files import rows_of
from blocks.bars import daily_bars
from blocks.bars.daily_bars import DailyFile, daily_file, of_daily_bars
from blocks.bars.times.days import on_clock_of
from trading.market.calendar import exchange_timezone

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def read_daily_bars(path: Path, symbols: Sequence[str], exchange: str = "NYSE") -> DailyFile:
    """Return the daily bars of an archive's folder, such as `data/bars/1d`, or of a user's files.

    Arguments are those of `blocks.bars.daily_bars.read_daily_bars`. Raises BadInput.
    """
    with of_daily_bars():
        archive = archive_at(path)
    if archive is None:
        return daily_bars.read_daily_bars(path, symbols, exchange)
    found, damaged = archive.readable(symbols, _EARLIEST, _LATEST)
    frame, choices = archive.chosen(found)
    rows = rows_of(frame, tuple(symbols), None)
    stamps = pl.Series(rows.start_us, dtype=pl.Int64)
    local_us = on_clock_of(str(exchange_timezone(exchange)), stamps).to_numpy()
    notes = (
        *(f"WARNING: {line}" for line in damaged),
        *(f"daily {note}" for note in notes_of_feeds(choices)),
    )
    with of_daily_bars():
        return daily_file(path, replace(rows, start_us=local_us), tuple(symbols), exchange, notes)
