"""What a reader must see before any figure: simulated bars, and notes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from blocks.report.html.markup import element, items, wrap

_FEW = 4


def simulated_banner() -> str:
    """Return the banner over a page whose bars no market made."""
    words = (
        "These prices come from a random generator. No market made them, and no figure on this"
        " page says anything about one."
    )
    inside = element("strong", "SIMULATED bars") + element("span", words)
    return wrap("aside", inside, class_="simulated", aria_label="Simulated bars")


def notes(heading: str, lines: Sequence[str], name: str) -> str:
    """Return notes under a heading, those beyond the first few to be opened; empty without any."""
    if not lines:
        return ""
    inside = element("h2", heading) + wrap("ul", items(lines[:_FEW]))
    if lines[_FEW:]:
        opened = element("summary", f"{len(lines) - _FEW:,} more to read")
        inside += wrap("details", opened + wrap("ul", items(lines[_FEW:])))
    return wrap("section", inside, class_="notes", id=name)


def chart_library() -> str:
    """Return who made the charts, as the library's licence asks of a page that has them."""
    link = element(
        "a", "TradingView", href="https://www.tradingview.com/", rel="noopener noreferrer"
    )
    words = "Charts: Lightweight Charts, Copyright (c) 2026 TradingView, Inc., Apache License 2.0, "
    return wrap("span", escape(words) + link)
