"""Small pieces of HTML, escaped, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def number(value: float | None, form: str = ",.2f") -> str:
    """Return a number in Python's format with a true minus, a dash for none or NaN."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else f"{MINUS}\N{INFINITY}"
    text = format(value, form)
    # What rounds to nothing has no sign.
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(fraction: float | None, form: str = "+,.2f") -> str:
    """Return a fraction as percent."""
    return number(None if fraction is None else fraction * 100, form) + (
        "" if fraction is None or math.isnan(fraction) else " %"
    )


def tone(value: float | None) -> str:
    """Return the class of a number: good, bad, or none."""
    if value is None or math.isnan(value) or value == 0:
        return ""
    return "good" if value > 0 else "bad"


def element(name: str, text: str, **attributes: str) -> str:
    """Return an element around text, which is escaped; `class_` writes class."""
    return wrap(name, escape(text), **attributes)


def wrap(name: str, inside: str, **attributes: str) -> str:
    """Return an element around HTML."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return f"<{name}{written}>{inside}</{name}>"


def items(lines: Iterable[str]) -> str:
    """Return lines of text as a list's items."""
    return "\n".join(element("li", line) for line in lines)


def table(
    heads: Iterable[str], rows: Iterable[str], *, caption: str = "", **attributes: str
) -> str:
    """Return a table of rows that are HTML already; over pictures nothing stands.

    The caption is for who hears the page: what is seen stands under a heading.
    """
    title = element("caption", caption, class_="unseen") if caption else ""
    head = "".join(element("th", name, scope="col") if name else "<td></td>" for name in heads)
    inside = wrap("thead", wrap("tr", head)) + wrap("tbody", "\n".join(rows))
    return wrap("table", title + inside, **attributes)


def scrolling(inside: str, words: str, class_: str = "wide", name: str = "") -> str:
    """Return a part of the page that scrolls by itself, also by keyboard; `words` name it."""
    return wrap("div", inside, class_=class_, id=name, tabindex="0", role="region",
                aria_label=words)  # fmt: skip


def bar(value: float | None, widest: float) -> str:
    """Return a cell with a bar to the right of its middle for gains, to the left for losses."""
    if value is None or not math.isfinite(value) or widest <= 0:
        return wrap("td", "", class_="bar", aria_hidden="true")
    share = min(1.0, abs(value) / widest) * 50
    left = 50.0 if value >= 0 else 50 - share
    line = f'<i class="{tone(value)}" style="left:{left:.2f}%;width:{share:.2f}%"></i>'
    return wrap("td", line, class_="bar", aria_hidden="true")
