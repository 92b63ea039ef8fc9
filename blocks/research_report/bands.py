"""Bands on a line, and what the marks of a picture are: HTML that needs no script."""

from __future__ import annotations

import math
from collections.abc import Sequence

from blocks.report.html.markup import element, wrap


def band(low: float, high: float, values: Sequence[float], mark: float | None, said: str) -> str:
    """Return a line from low to high: five values as whiskers, a box and its middle, and a mark.

    `said` is what the picture shows, for those who do not see it.
    """
    span = high - low or 1.0

    def at(value: float) -> float:
        return min(100.0, max(0.0, (value - low) / span * 100))

    first, lower, middle, upper, last = values
    parts = [
        f'<i class="whisker" style="left:{at(first):.2f}%;width:{at(last) - at(first):.2f}%"></i>',
        f'<i class="box" style="left:{at(lower):.2f}%;width:{at(upper) - at(lower):.2f}%"></i>',
        f'<i class="middle" style="left:{at(middle):.2f}%"></i>',
    ]
    if low < 0 < high:
        parts.insert(0, f'<i class="zero" style="left:{at(0):.2f}%"></i>')
    if mark is not None and math.isfinite(mark):
        parts.append(f'<i class="mark" style="left:{at(mark):.2f}%"></i>')
    return wrap("div", "".join(parts), class_="band", role="img", aria_label=said)


def legend(pairs: Sequence[tuple[str, str]]) -> str:
    """Return what each mark of a picture is, by the class of the mark."""
    inside = "".join(
        wrap("span", f'<i class="{name}"></i>' + element("span", words)) for name, words in pairs
    )
    return wrap("p", inside, class_="legend")
