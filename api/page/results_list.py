"""Kept results as pages of links: all there are, and the files of one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from blocks.report.html.markup import element, number, percent, scrolling, table, tone, wrap
from blocks.results.kept_run import KeptRun, read_run
from blocks.results.served import BACKTESTS, SWEEPS, WALKS, ServedFile, files_in, names_in, page_of
from trading.errors import OpenbellError

MOST_SHOWN = 200
MOST_SYMBOLS = 3
HEADS = (
    "Run", "Written (UTC)", "Strategy", "Symbols", "First", "Last", "Profit, USD", "Return",
    "Max drawdown", "Trades",
)  # fmt: skip
OTHERS = {SWEEPS: "Sweeps", WALKS: "Walk-forward tests"}


def everything(data_dir: Path) -> str:
    """Return what is kept in a data folder, the newest first; raises StoreUnavailable."""
    names = names_in(data_dir, BACKTESTS)
    rows = [_row(data_dir / BACKTESTS / name, name) for name in names[:MOST_SHOWN]]
    shown = (
        scrolling(table(HEADS, rows, caption="Backtests"), "Backtests")
        if rows
        else wrap("p", "None is kept. Keep one with " + element("code", "openbell backtest --out"
                  f" {data_dir / BACKTESTS}/NAME"))
    )  # fmt: skip
    parts = [element("h2", "Backtests"), shown, _left_out(len(names))]
    for kind, title in OTHERS.items():
        found = names_in(data_dir, kind)
        links = [wrap("li", _link(kind, data_dir / kind / name, name)) for name in found]
        if links:
            parts += [element("h2", title), wrap("ul", "".join(links[:MOST_SHOWN]))]
            parts.append(_left_out(len(found)))
    return wrap("section", "".join(parts))


def one(folder: Path, address: str) -> str:
    """Return the files of a result; `address` is its own on this page, with a slash at its end.

    Raises StoreUnavailable.
    """
    found = files_in(folder)
    if not found:
        return element("p", "Nothing in it can be shown.")
    return wrap("section", table(("File", "Bytes"), _files(found, address), caption="Files"))


def _files(found: Iterable[ServedFile], address: str) -> list[str]:
    return [
        wrap(
            "tr",
            wrap("td", element("a", file.name, href=address + quote(file.name)))
            + element("td", f"{file.size_bytes:,}", class_="number"),
        )
        for file in found
    ]


def _row(folder: Path, name: str) -> str:
    link = wrap("td", _link(BACKTESTS, folder, name))
    try:
        run = read_run(folder)
    except OpenbellError as error:
        return wrap("tr", link + element("td", str(error), colspan=str(len(HEADS) - 1)))
    profit, drawdown = run.figure("total_pnl"), run.figure("max_drawdown")
    trades = run.figure("trades")
    return wrap(
        "tr",
        link
        + element("td", f"{run.written:%Y-%m-%d %H:%M}")
        + element("td", run.kind)
        + element("td", _symbols(run))
        + element("td", run.first.isoformat())
        + element("td", run.last.isoformat())
        + element("td", number(profit, "+,.2f"), class_=f"number {tone(profit)}")
        + element("td", percent(run.figure("total_return")), class_="number")
        + element("td", percent(drawdown), class_="number")
        + element("td", number(trades, ",.0f"), class_="number"),
    )


def _symbols(run: KeptRun) -> str:
    more = len(run.symbols) - MOST_SYMBOLS
    return ", ".join(run.symbols[:MOST_SYMBOLS]) + (f" and {more} more" if more > 0 else "")


def _link(kind: str, folder: Path, name: str) -> str:
    """Return a link to the page of a result, and one to its files."""
    files = f"/{kind}/{quote(name)}/"
    page = page_of(folder)
    if page is None:
        return element("a", name, href=files)
    return element("a", name, href=files + quote(page)) + " " + element("a", "files", href=files)


def _left_out(count: int) -> str:
    more = count - MOST_SHOWN
    return element("p", f"{more:,} older ones are not shown.") if more > 0 else ""
