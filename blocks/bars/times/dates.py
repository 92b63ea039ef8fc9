"""Dates in three numbers: which of day, month and year comes first, as far as digits can tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

# The pieces of a date are told apart by one of these.
NUMERIC_DATE = r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
_BEGIN = rf"^(?:[A-Za-z]{{3,9}},? )?({NUMERIC_DATE})(?:\D|$)"
# Two digits of a year count from 1969 to 2068, as strptime counts them.
_PIVOT = 69


class DateOrder(StrEnum):
    """What the first, second and third number of a date are."""

    MONTH_FIRST = "month/day/year"
    DAY_FIRST = "day/month/year"
    YEAR_FIRST = "year/month/day"

    def form(self, shown: str) -> str:
        """Return the format of a date that is written as the one shown."""
        year = "%Y" if re.search(r"\d{4}", shown) else "%y"
        mark = re.sub(r"\d", "", shown)[0]
        codes = {"month": "%m", "day": "%d", "year": year}
        return mark.join(codes[part] for part in self.value.split("/"))


@dataclass(frozen=True, slots=True)
class DateReading:
    """One way to read the dates of a column: its distinct days, in order."""

    order: DateOrder
    days: tuple[date, ...]


# Takes all ways to read a column's dates, one or more; returns one of their orders, or None.
OrderChooser = Callable[[tuple[DateReading, ...]], DateOrder | None]


@dataclass(frozen=True, slots=True)
class DateDecision:
    """The order that dates are read in, and the others that nothing speaks against."""

    order: DateOrder
    others: tuple[DateOrder, ...] = ()


def by_digits(readings: tuple[DateReading, ...]) -> DateOrder | None:
    """Return the one order that digits leave, None where they leave several."""
    return readings[0].order if len(readings) == 1 else None


def agreed(
    parts: Sequence[tuple[DateReading, ...]], choose: OrderChooser = by_digits
) -> DateDecision | None:
    """Return the order in which all parts are read, None where they disagree.

    Parts of which digits or the chooser are sure decide; where none is, the days of all together,
    and where these do not either, it is the first order that all parts can have.
    """
    sure = {readings[0].order if len(readings) == 1 else choose(readings) for readings in parts} - {
        None
    }
    possible = [reading.order for reading in parts[0]]
    common = [order for order in possible if all(_has(readings, order) for readings in parts)]
    if len(sure) > 1 or not common or not sure.issubset(common):
        return None
    order = next(iter(sure)) if sure else choose(tuple(_together(parts, one) for one in common))
    if order is not None:
        return DateDecision(order)
    return DateDecision(common[0], tuple(common[1:]))


def begins_with_numbers(value: object) -> bool:
    """Return whether a value is text that begins with a date in three numbers."""
    return isinstance(value, str) and re.match(_BEGIN, value.strip()) is not None


def numeric_dates(texts: pl.Expr) -> pl.Expr:
    """Return the dates in three numbers that texts begin with, null where one does not."""
    return texts.str.extract(_BEGIN)


def date_readings(text: pl.Series) -> tuple[DateReading, ...]:
    """Return each way to read the numeric dates that texts begin with.

    The usual one comes first. A way is left out when one of the dates is none in its order; none
    may be left.
    """
    texts = text.str.extract(_BEGIN).drop_nulls().unique().to_list()
    numbers = [_parts(written) for written in texts]
    found = []
    for order in _usual_orders(texts):
        days = {_day(order, parts) for parts in numbers}
        known = {day for day in days if day is not None}
        if known and len(known) == len(days):
            found.append(DateReading(order, tuple(sorted(known))))
    return tuple(found)


def first_odd_date(text: pl.Series) -> tuple[DateOrder, str]:
    """Return the order that most numeric dates can have, and the first that is none in it.

    At least one text begins with such a date, and no order fits all.
    """
    texts = text.str.extract(_BEGIN).drop_nulls().unique(maintain_order=True).to_list()
    odd = {
        order: [written for written in texts if _day(order, _parts(written)) is None]
        for order in DateOrder
    }
    order = min(_usual_orders(texts), key=lambda one: len(odd[one]))
    return order, odd[order][0]


def _usual_orders(texts: Sequence[str]) -> list[DateOrder]:
    # Nobody writes the month first and then a point.
    by_points = any("." in written for written in texts)
    return sorted(DateOrder, key=lambda order: by_points and order is not DateOrder.DAY_FIRST)


def _parts(written: str) -> tuple[str, ...]:
    return tuple(re.split(r"[-/.]", written))


def _day(order: DateOrder, parts: tuple[str, ...]) -> date | None:
    named = dict(zip(order.value.split("/"), parts, strict=True))
    if len(named["year"]) == 1 or len(named["day"]) > 2 or len(named["month"]) > 2:
        return None
    year = int(named["year"])
    if len(named["year"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    try:
        return date(year, int(named["month"]), int(named["day"]))
    except ValueError:
        return None


def _has(readings: tuple[DateReading, ...], order: DateOrder) -> bool:
    return any(reading.order is order for reading in readings)


def _together(parts: Sequence[tuple[DateReading, ...]], order: DateOrder) -> DateReading:
    days = {day for readings in parts for one in readings if one.order is order for day in one.days}
    return DateReading(order, tuple(sorted(days)))
