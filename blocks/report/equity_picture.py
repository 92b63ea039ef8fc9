"""Equity and drawdown as a PNG, for places that show pictures."""

from __future__ import annotations

import base64
import io
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np

from trading.market.bars import Floats, Integers
from trading.market.calendar import from_microseconds


def equity_png(
    equity_us: Integers, equity: Floats, title: str, clock: ZoneInfo | None = None
) -> bytes:
    """Return equity (USD) over drawdown (percent) by bar as a PNG.

    The axis says dates in UTC, or the time of day by a `clock` where one day is shown.
    """
    # Imported here: pictures are rare, and matplotlib is slow to start.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    # Bars stand side by side: nights and weekends would stretch a time axis.
    position = np.arange(len(equity))
    top.plot(position, equity, color="#1f6f8b", linewidth=1.2)
    top.set_ylabel("equity, USD")
    top.set_title(title, loc="left", fontsize=11)
    peak = np.maximum.accumulate(equity) if len(equity) else equity
    bottom.fill_between(position, (equity / peak - 1) * 100, 0, color="#c8553d", alpha=0.6)
    bottom.set_ylabel("drawdown, %")
    ticks = np.unique(np.linspace(0, max(len(equity) - 1, 0), 7).astype(int))
    if len(equity):
        bottom.set_xticks(ticks, tick_labels(equity_us[ticks], clock))
    for axes in (top, bottom):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def tick_labels(us: Integers, clock: ZoneInfo | None) -> list[str]:
    """Return what an axis says at these times: days in UTC, or the time of day by a clock."""
    form = "%Y-%m-%d" if clock is None else "%H:%M"
    return [from_microseconds(int(at)).astimezone(clock or UTC).strftime(form) for at in us]


def as_markdown(png: bytes, alternative: str) -> str:
    """Return a PNG as an image inside markdown, without a file of its own."""
    return f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})"
