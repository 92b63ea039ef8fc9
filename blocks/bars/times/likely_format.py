"""The format that a text which is no known time most likely has, for a hint to name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

from blocks.bars.times.dates import DateOrder
from blocks.bars.times.told_format import check_time_format
from trading.errors import BadInput

_EXAMPLE = "--time-format '%d.%m.%Y %H:%M:%S' for 31.01.2024 09:30:00"
_TOKENS = re.compile(r"\d+|[A-Za-z]+|[^\dA-Za-z]+")
_CLOCK = ("%H", "%M", "%S", "%f")
_MOST_NUMBERS = 7
# Two digits each for the year, the month and the day, in an order that nobody can tell.
_SHORT_DATE = re.compile(r"\d{6}(?P<mark>[ ;,T_-]+)\d{4}(?P<seconds>\d{2})?")
_SHORT_ORDERS = ("%y%m%d", "%d%m%y", "%m%d%y")
# Behind a space stands no second, and before a fraction of one a point.
_STRANGE = re.compile(r" %S|[^.,]%f|%M - ")


def format_hint(value: str) -> str:
    """Return the option that says how a time is written, or an example where that is no guess."""
    found = [f"'{form}'" for form in likely_formats(value)]
    return f"such as --time-format {' or '.join(found)}" if found else f"such as {_EXAMPLE}"


def likely_formats(value: str) -> tuple[str, ...]:
    """Return the formats of strptime by which a text is a time.

    Numbers are day, month and year in one of the usual orders, and then hour, minute and second.
    """
    tokens = _TOKENS.findall(value)
    numbers = [token for token in tokens if token.isdigit()]
    if short := _SHORT_DATE.fullmatch(value):
        clock = f"{short['mark']}%H%M{'%S' if short['seconds'] else ''}"
        return tuple(form for date in _SHORT_ORDERS if _reads(form := f"{date}{clock}", value))
    if "'" in value or "%" in value or not 4 <= len(numbers) <= _MOST_NUMBERS:
        return ()
    is_half = re.search(r"(?<![A-Za-z])[AaPp][Mm](?![A-Za-z])", value) is not None
    found = []
    for order, is_month_named in product(DateOrder, (False, True)):
        names = [f"%{name[0]}" for name in order.value.split("/")]
        if is_month_named:
            names.remove("%m")
        codes = iter([*names, "%I" if is_half else "%H", *_CLOCK[1:]])
        form = "".join(_code(token, codes, is_month_named=is_month_named) for token in tokens)
        if _reads(form, value) and not _STRANGE.search(form):
            found.append(form)
    return tuple(dict.fromkeys(found))


def _code(token: str, codes: Iterator[str], *, is_month_named: bool) -> str:
    if token.isdigit():
        code = next(codes, "%f")
        return "%Y" if code == "%y" and len(token) == 4 else code
    if token.lower() in ("am", "pm"):
        return "%p"
    for code in ("%B", "%b", "%A", "%a"):
        if (is_month_named or code in ("%A", "%a")) and _reads(code, token):
            return code
    return token


def _reads(form: str, value: str) -> bool:
    try:
        datetime.strptime(value, form).replace(tzinfo=UTC)
        if "%H" in form or "%I" in form:
            check_time_format(form)
    except (ValueError, re.error, BadInput):
        return False
    return True
