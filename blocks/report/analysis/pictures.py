"""Lines, bands and points as pictures that need no script; their words stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blocks.report.html.markup import element, number, wrap
from trading.market.bars import Floats

_WIDTH, _HEIGHT = 600.0, 200.0
_MOST_POINTS = 1500


@dataclass(frozen=True, slots=True)
class Line:
    """A line of values, NaN where there is none, and the class that gives it its colour."""

    name: str
    kind: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two lines of values."""

    name: str
    kind: str
    low: Floats
    high: Floats


def lines_picture(
    parts: Sequence[Line | Band], said: str, ends: tuple[str, str], form: str, unit: str = ""
) -> str:
    """Return lines and bands over one axis; `said` is what the picture shows, in words.

    `ends` are what the axis says at its beginning and its end; `form` and `unit` write a value.
    """
    values = np.concatenate([v for part in parts for v in _values(part)])
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    shapes = []
    if low < 0 < high:
        y = _HEIGHT * (1 - (0 - low) / span)
        shapes.append(f'<path class="zero" d="M0 {y:.1f}H{_WIDTH:.0f}"/>')
    for part in parts:
        drawn = [_points(each, low, span) for each in _values(part)]
        if isinstance(part, Band):
            way = "M" + "L".join([*drawn[0], *drawn[1][::-1]]) + "Z"
            shapes.append(f'<path class="area {part.kind}" d="{way}"/>')
        else:
            shapes.append(f'<path class="line {part.kind}" d="{_way(drawn[0])}"/>')
    picture = (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img"'
        f' aria-label="{said}">{"".join(shapes)}</svg>'
    )
    return _framed(parts, picture, (low, high), ends, form, unit)


def points_picture(
    across: Floats, up: Floats, is_good: Floats, said: str, names: tuple[str, str]
) -> str:
    """Return points, one a trade, from the least to the greatest of both; of many every n-th."""
    known = np.flatnonzero(np.isfinite(across) & np.isfinite(up))
    if not len(known):
        return ""
    known = known[:: -(-len(known) // _MOST_POINTS)]
    x, y, good = across[known], up[known], is_good[known] > 0
    left, right = float(min(x.min(), 0)), float(max(x.max(), 0))
    low, high = float(min(y.min(), 0)), float(max(y.max(), 0))
    at_x = (x - left) / (right - left or 1.0) * _WIDTH
    at_y = _HEIGHT * (1 - (y - low) / (high - low or 1.0))
    zero = _HEIGHT * (1 - (0 - low) / (high - low or 1.0))
    shapes = [f'<path class="zero" d="M0 {zero:.1f}H{_WIDTH:.0f}"/>']
    for kind, mine in (("good", good), ("bad", ~good)):
        pairs = zip(at_x[mine], at_y[mine], strict=True)
        way = "".join(f"M{a:.0f} {b:.0f}h0" for a, b in pairs)
        shapes.append(f'<path class="dots {kind}" d="{way}"/>')
    picture = (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img"'
        f' aria-label="{said}">{"".join(shapes)}</svg>'
    )
    ends = (f"{number(left, '+.1f')} R", f"{names[0]}, {number(right, '+.1f')} R")
    legend = (Line("earned", "good", y), Line("lost", "bad", y))
    return _framed(legend, picture, (low, high), ends, "+.1f", f" R {names[1]}")


def _framed(
    parts: Sequence[Line | Band],
    picture: str,
    bounds: tuple[float, float],
    ends: tuple[str, str],
    form: str,
    unit: str,
) -> str:
    legend = "".join(
        wrap("span", f'<i class="{part.kind}"></i>' + element("span", part.name)) for part in parts
    )
    low, high = (element("span", f"{number(each, form)}{unit}") for each in bounds)
    return wrap(
        "figure",
        wrap("p", legend, class_="legend")
        + wrap("p", high, class_="axis")
        + picture
        + wrap("p", low, class_="axis")
        + wrap("p", "".join(element("span", end) for end in ends), class_="axis ends"),
        class_="lines",
    )


def _values(part: Line | Band) -> tuple[Floats, ...]:
    return (part.low, part.high) if isinstance(part, Band) else (part.values,)


def _points(values: Floats, low: float, span: float) -> list[str]:
    """Return places on the picture, empty where there is no value."""
    last = max(1, len(values) - 1)
    return [
        f"{number_ / last * _WIDTH:.1f} {_HEIGHT * (1 - (value - low) / span):.1f}"
        if np.isfinite(value)
        else ""
        for number_, value in enumerate(values.tolist())
    ]


def _way(points: list[str]) -> str:
    """Return a line through points, broken where there is none."""
    way, is_broken = "", True
    for point in points:
        if point:
            way += ("M" if is_broken else "L") + point
        is_broken = not point
    return way
