"""Lines over time as a picture that needs no script, its words at the size of the page's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from html import escape
from typing import NamedTuple

import numpy as np

from blocks.report.html.markup import element, number
from trading.market.bars import Floats

_WIDTH, _HEIGHT = 1000.0, 300.0
_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LINES_ABOUT = 5
_DATES = 4


class Curve(NamedTuple):
    """A line: the class that draws it, and its values, fractions."""

    name: str
    values: Floats


def curves(
    lines: Sequence[Curve],
    *,
    days: Sequence[date],
    said: str,
    band: tuple[Floats, Floats] | None = None,
) -> str:
    """Return lines of percent over days, each with a value a day, over a band where there is one.

    A line is not drawn where it is NaN. `said` is what is shown, for those who do not see it.
    """
    every = np.concatenate([*(line.values for line in lines), *(band or ())])
    low, high = (float(each(every, initial=0.0)) for each in (np.nanmin, np.nanmax))
    marks = _marks(low, high)
    low, high = min(low, marks[0]), max(high, marks[-1])
    span = high - low or 1.0

    def y(values: Floats) -> Floats:
        return (high - values) / span * _HEIGHT

    x = np.linspace(0.0, _WIDTH, len(days))
    parts = [
        f'<line x1="0" x2="{_WIDTH:.0f}" y1="{at:.1f}" y2="{at:.1f}"'
        f' class="{"zero" if mark == 0 else "grid"}"/>'
        for mark, at in zip(marks, y(np.array(marks)).tolist(), strict=True)
    ]
    if band is not None:
        around = np.concatenate((y(band[1]), y(band[0])[::-1]))
        there = np.concatenate((x, x[::-1]))
        parts.append(f'<polygon points="{_points(there, around)}" class="eight"/>')
    parts += [
        f'<polyline points="{_points(x, y(line.values))}" class="{line.name}"/>'
        for line in reversed(lines)
    ]
    # Of a stretched picture words would be stretched too: they lie beside it.
    words = "".join(
        element("span", f"{number(mark * 100, '+,g')} %", class_="value",
                style=f"top:{(high - mark) / span * 100:.2f}%")
        for mark in marks
    )  # fmt: skip
    stops = np.unique(np.linspace(0, len(days) - 1, _DATES).astype(np.int64)).tolist()
    words += "".join(
        element("span", days[at].isoformat(),
                class_="date" if at in (stops[0], stops[-1]) else "date inner",
                style=f"left:{at / max(1, len(days) - 1) * 100:.2f}%")
        for at in stops
    )  # fmt: skip
    picture = (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(said)}">{"".join(parts)}</svg>'
    )
    return f'<div class="curves">{picture}{words}</div>'


def _marks(low: float, high: float) -> list[float]:
    """Return round values that divide a range into about five parts, its ends inside them."""
    rough = (high - low) / _LINES_ABOUT or 0.01
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _ROUND_STEPS if each * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(at * step, 12) for at in range(first, last + 1)]


def _points(x: Floats, y: Floats) -> str:
    return " ".join(
        f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True) if b == b
    )
