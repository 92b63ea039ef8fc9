"""The page put together: its template, styles and scripts, inlined, and the security they need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files

from blocks.report.html.document import document
from blocks.report.html.markup import element

_ASSETS = files("api") / "page" / "assets"
_REPORT = "report/assets/"
_STYLES = (f"{_REPORT}base.css", _ASSETS / "live.css")
# These ask this server, and no other, and send their form there.
_POLICY = (
    "default-src 'none'; style-src 'sha256-$style_hash'; script-src 'sha256-$script_hash';"
    " connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'"
)
_SHARED = (f"{_REPORT}elements.js", f"{_REPORT}theme.js")
_CHARTS = tuple(
    f"{_REPORT}{name}.js" for name in ("lightweight-charts", "chart_frame", "candle_chart")
)
_SCRIPTS = (
    "words.js", "tables.js", "session_candles.js", "money_curve.js", "cards.js",
    "account.js", "symbols.js", "history.js", "day.js", "feed.js", "live.js",
)  # fmt: skip


def live_document(values: Mapping[str, str]) -> bytes:
    """Return the live page; `values` are pieces of HTML by their name in the template."""
    before, after = _frame()
    for name in ("title", "session", "place", "summary"):
        before = before.replace(f"@@{name}@@", values[name])
    return (before + after).encode("utf-8", "replace")


def sign_in_page(problem: str, to: str) -> bytes:
    """Return the form that asks for the token; both are HTML, `to` a path of ours."""
    return document(
        _ASSETS / "sign_in.html",
        {"problem": problem, "to": to},
        {},
        styles=_STYLES,
        scripts=(),
        policy=_POLICY,
    )


def docs_page(content: str) -> bytes:
    """Return the page of the API's routes; `content` is HTML."""
    return document(
        _ASSETS / "docs.html",
        {"content": content},
        {},
        styles=_STYLES,
        scripts=_SHARED,
        policy=_POLICY,
    )


def results_page(title: str, origin: str, content: str) -> bytes:
    """Return a page of kept results: its title and where they lie as text, `content` is HTML."""
    return document(
        _ASSETS / "results.html",
        {
            "title": element("title", f"{title} - Openbell"),
            "heading": element("h1", title),
            "origin": escape(origin),
            "content": content,
        },
        {},
        styles=_STYLES,
        scripts=_SHARED,
        policy=_POLICY,
    )


@lru_cache(maxsize=1)
def _frame() -> tuple[str, str]:
    """Return the page with places to fill in, before and after its script, which is long."""
    page = document(
        _ASSETS / "live.html",
        {name: f"@@{name}@@" for name in ("title", "session", "place", "summary")},
        {},
        styles=_STYLES,
        scripts=(
            *_SHARED,
            *_CHARTS,
            *(_ASSETS / name for name in _SCRIPTS),
        ),
        policy=_POLICY,
    ).decode()
    place = page.index("<script>")
    return page[:place], page[place:]
