"""What a session's indicators leave to the next one, JSON-ready: by study and by symbol."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from trading.indicators.declared import atr, mean_volume
from trading.indicators.indicator import Kind
from trading.indicators.studies import FROM_DAY, NO_VOLUME, Studies, names_of, rows_by_study
from trading.indicators.volumes import is_whole
from trading.market.bars import Floats

# A study's rows of each symbol, NaN as None; None for a symbol that has seen nothing.
Column = list[float | None] | None
Left = dict[str, list[Column]]
# What earlier versions left, arrays by symbol, and the studies that they are now.
_FIRST_EDITION = "previous_close"
_ATR_BARS, _VOLUME_BARS = 14, 20


def studies_to_json(studies: Studies, state: Floats) -> Left:
    """Return what an ended session leaves, by the text of each study, such as `ema(20)@15`."""
    content: Left = {}
    for name, rows in zip(names_of(studies), rows_by_study(studies), strict=True):
        if name != Kind.VWAP:
            columns = [*state[rows], state[FROM_DAY]] if name == Kind.DAILY else state[rows]
            content[name] = [_to_json(column) for column in np.transpose(columns).tolist()]
    return content


def take_studies(
    studies: Studies,
    state: Floats,
    content: Mapping[str, Sequence[Column]],
    stored: Sequence[str],
    symbols: Sequence[str],
) -> frozenset[str]:
    """Write what was left of symbols, `stored` in their order then, into a state of these symbols.

    Returns the symbols of which some study was not known: that begins with nothing.
    """
    place = {symbol: s for s, symbol in enumerate(stored)}
    unknown = set()
    for name, rows in zip(names_of(studies), rows_by_study(studies), strict=True):
        if name == Kind.VWAP:
            continue
        columns = content.get(name, ())
        for s, symbol in enumerate(symbols):
            before = place.get(symbol, len(columns))
            column = columns[before] if before < len(columns) else None
            if column is None:
                unknown.add(symbol)
                continue
            values = [math.nan if value is None else value for value in column]
            if name == Kind.DAILY:
                state[FROM_DAY, s] = values.pop()
            state[rows, s] = values
    return frozenset(unknown)


def carried_studies(
    content: Mapping[str, Sequence[Column]], stored: Sequence[str], symbols: Iterable[str]
) -> Left:
    """Return what was left, for these symbols in their order; what is new has seen nothing."""
    place = {symbol: s for s, symbol in enumerate(stored)}
    wanted = [place.get(symbol) for symbol in symbols]
    return {
        name: [None if s is None or s >= len(columns) else columns[s] for s in wanted]
        for name, columns in content.items()
    }


def upgraded(content: Mapping[str, Any], interval_minutes: int) -> Left:
    """Return what is left by text of a study, also of what earlier versions left.

    Those had an ATR of 14 bars and a mean of 20 volumes, of bars of the session's interval.
    """
    if _FIRST_EDITION not in content:
        return dict(content)
    atrs = zip(
        content["atr"],
        content["previous_close"],
        [min(seen, _ATR_BARS) for seen in content["true_ranges"]],
        content["true_range_sum"],
        strict=True,
    )
    means = zip(content["volumes"], content["volume_count"], strict=True)
    return {
        str(atr(_ATR_BARS, minutes=interval_minutes)): [list(column) for column in atrs],
        str(mean_volume(_VOLUME_BARS, minutes=interval_minutes)): [
            _mean_of_ring(ring, seen) for ring, seen in means
        ],
    }


def _mean_of_ring(ring: list[float], seen: int) -> Column:
    total = sum(ring) if all(map(is_whole, ring)) else None
    known = [volume if place < seen else NO_VOLUME for place, volume in enumerate(ring)]
    return [None, total, float(seen % _VOLUME_BARS), *known]


def _to_json(column: list[float]) -> Column:
    return [None if math.isnan(value) else value for value in column]
