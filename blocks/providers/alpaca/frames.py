"""What Alpaca's pages hold: rows on the calendar's bars, made of finer ones where need be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from blocks.providers.alpaca.failures import another_shape
from blocks.providers.fetched_bars import Spans
from trading.market.bars import BarRows, Integers

DAY_US = 86_400_000_000
COLUMNS = ("o", "h", "l", "c", "v")


def rows_of_page(
    answer: Mapping[str, Any], number: Mapping[str, int], wanted: Spans, *, are_daily: bool
) -> BarRows:
    """Return the rows of a page that lie inside the wanted bars and have prices.

    `number` says by Alpaca's name of a symbol which one it is; other symbols are left out. Daily
    rows, which bear midnight in New York, get their session's open. Raises BadAnswer for a page
    of another shape.
    """
    bars = answer.get("bars")
    if bars is None and "bars" in answer:
        bars = {}
    if not isinstance(bars, dict):
        raise another_shape("bars")
    try:
        named = [(number[name], items) for name, items in bars.items() if name in number]
        code = np.repeat(
            np.array([symbol for symbol, _ in named], dtype=np.int64),
            [len(items) for _, items in named],
        )
        start_us = _times([item["t"] for _, items in named for item in items])
        opened, high, low, close, volume = (
            np.array([item[name] for _, items in named for item in items], dtype=np.float64)
            for name in COLUMNS
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise another_shape("bars") from error
    if are_daily:
        start_us = _opens_of(start_us, wanted)
    bar = np.searchsorted(wanted.start_us, start_us, side="right") - 1
    inside = (bar >= 0) & (start_us < wanted.end_us[bar])
    # A null becomes no number; a bar without prices is no bar.
    kept = inside & np.isfinite(opened + high + low + close)
    return BarRows(code, start_us, opened, high, low, close, volume).take(kept)


def whole_bars(rows: BarRows, wanted: Spans, interval_minutes: int) -> tuple[BarRows, Integers]:
    """Return rows as the wanted bars that they lie in, and the place of each bar's last row.

    Of rows with the same symbol and start the last one counts, for pages may overlap.
    """
    place = np.lexsort((np.arange(len(rows)), rows.start_us, rows.symbol))
    kept = np.ones(len(rows), dtype=np.bool_)
    again = (np.diff(rows.start_us[place]) == 0) & (np.diff(rows.symbol[place]) == 0)
    kept[:-1] = ~again
    place = place[kept]
    rows = rows.take(place)
    bar = np.searchsorted(wanted.start_us, rows.start_us, side="right") - 1
    begins = np.ones(len(rows), dtype=np.bool_)
    begins[1:] = (np.diff(bar) != 0) | (np.diff(rows.symbol) != 0)
    first = np.flatnonzero(begins)
    if not len(first):
        return replace(rows, interval_minutes=interval_minutes), place
    last = np.append(first[1:], len(rows)) - 1
    made = BarRows(
        rows.symbol[first],
        wanted.start_us[bar[first]],
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[last],
        np.add.reduceat(rows.volume, first),
        interval_minutes,
    )
    return made, place[last]


def _opens_of(start_us: Integers, wanted: Spans) -> Integers:
    """Return by day the open of its session; a day without one stays as it is."""
    day, days = start_us // DAY_US, wanted.start_us // DAY_US
    at = np.minimum(np.searchsorted(days, day), len(days) - 1)
    return np.where(days[at] == day, wanted.start_us[at], start_us)


def _times(texts: list[str]) -> Integers:
    """Return times such as 2024-03-04T14:30:00Z as microseconds since 1970 UTC."""
    if not all(text.endswith("Z") for text in texts):
        raise ValueError("a time without Z")
    return np.array([text[:-1] for text in texts], dtype="datetime64[us]").astype(np.int64)
