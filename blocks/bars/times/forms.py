"""The forms in which a text can be a time, each as the format that reads it."""

from __future__ import annotations

import re
from typing import NamedTuple

from blocks.bars.times.dates import NUMERIC_DATE, DateOrder

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
TEXT = re.compile(
    r"(?P<weekday>[A-Za-z]{3,9},? )?"
    rf"(?P<date>\d{{4}}(?P<mark>[-/.])\d{{1,2}}(?P=mark)\d{{1,2}}|\d{{8}}|(?P<numeric>{NUMERIC_DATE})"
    rf"|(?P<named>\d{{1,2}}[-/. ]?{_MONTH}[-/. ]?(?:\d{{4}}|\d{{2}})"
    rf"|{_MONTH} \d{{1,2}},? \d{{4}}|\d{{4}}[-/. ]?{_MONTH}[-/. ]?\d{{1,2}}))"
    r"(?:(?P<separator>T| *[;,_] *| *- *|:| +)"
    r"(?P<time>\d{1,2}:\d{2}:\d{2}(?:\.\d+|,(?:\d{3}){1,3})?|\d{1,2}:\d{2}|\d{1,2}\.\d{2}\.\d{2}"
    r"|\d{6}(?:\.\d+)?|\d{4})"
    r"(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?|UTC|GMT))?"
    r"(?P<letters> ?\(?[A-Za-z]{2,5}\)?)?)?",
    re.IGNORECASE,
)


class Form(NamedTuple):
    """A format in chrono's words, and whether its texts carry their own zone."""

    text: str
    has_zone: bool


def matched(text: str) -> re.Match[str] | None:
    """Return the parts of a text that is a time or a date, None for others."""
    return TEXT.fullmatch(re.sub(r"^(\d{8})(\d{4}(?:\d{2}(?:\.\d+)?)?)$", r"\1 \2", text))


def form_of(match: re.Match[str], order: DateOrder | None) -> Form:
    """Return the format that fits a text."""
    form = "%A" + re.sub("[A-Za-z]", "", match["weekday"]) if match["weekday"] else ""
    form += _date_form(match, order)
    form += match["separator"]
    clock = match["time"]
    hours = "%I" if match["half"] else "%H"
    digits = len(re.split("[.,]", clock)[0])
    if ":" in clock:
        form += f"{hours}:%M:%S" if clock.count(":") == 2 else f"{hours}:%M"
    elif re.fullmatch(r"\d+\.\d+\.\d+", clock):
        form += f"{hours}.%M.%S"
    else:
        form += f"{hours}%M%S" if digits == 6 else f"{hours}%M"
    if "," in clock:
        # Three, six or nine digits, padded by whoever wrote them.
        form += f",%{len(clock.split(',')[1])}f"
    elif form.endswith("%S") and (":" in clock or re.fullmatch(r"\d{6}\.\d+", clock)):
        form += "%.f"
    if match["half"]:
        form += re.sub("[AaPp][Mm]", "%p", match["half"])
    zone = match["zone"] or ""
    word = re.sub("[^UTCGMutcgm]", "", zone)
    if zone and re.search(r"[+-]\d|[zZ]$", zone):
        form += " " * zone.startswith(" ") + word + "%#z"
    else:
        form += zone
    return Form(form, bool(zone))


def _date_form(match: re.Match[str], order: DateOrder | None) -> str:
    shown = match["date"]
    if match["named"]:
        form = re.sub("[A-Za-z]+", "%B", shown)
        form = re.sub(r"\d{4}", "%Y", form)
        # Of two short numbers the first is the day.
        form = re.sub(r"\d{1,2}", "%d", form, count=1)
        return re.sub(r"(?<!%)\d{2}", "%y", form)
    if match["numeric"] and order is not None:
        return order.form(shown)
    mark = match["mark"]
    return f"%Y{mark}%m{mark}%d" if mark else "%Y%m%d"
