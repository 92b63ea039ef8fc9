"""The report in a real browser: it draws, answers to clicks, and asks for nothing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from blocks.report.page import report_page
from blocks.report.run import ReportRun
from blocks.report.trades import PAGE_COLUMNS
from tests.process.blocks.report.browser import Page, browser_page, needs_chromium
from tests.unit.blocks.report.reader import floats, panel_bars, simulated
from trading.engine.trade_tape import TradeRow
from trading.reasons import EXIT_STOP


def scripts(*names: str) -> str:
    return "\n".join((files("blocks") / "report/assets" / name).read_text() for name in names)


def drawn(page: Page, name: str) -> str:
    """Return the pixels of a chart, once they have been drawn."""
    return page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done("
        f"[...document.querySelectorAll('#{name} canvas')].map((c) => c.toDataURL()).join()))))"
    )


@needs_chromium
@pytest.mark.timeout(180)
def test_a_browser_draws_the_day_of_a_clicked_trade_and_asks_for_nothing(tmp_path: Path) -> None:
    run = simulated(("<script>alert(1)</script>", "BBB"), max_entries=3, trailing="stepped",
                    trail_steps=[[0.5, 0], [1, 0.5]]).run()  # fmt: skip
    address = tmp_path / "report.html"
    address.write_bytes(report_page(run))

    with browser_page(tmp_path / "browser") as page:
        page.open(address.as_uri())
        before = drawn(page, "candles")
        page.evaluate("document.querySelectorAll('tr.trade')[9].click()")
        after = drawn(page, "candles")
        chosen = page.evaluate("document.querySelector('tr.chosen').innerText").split("\t")
        session = page.evaluate("document.getElementById('day-session').selectedOptions[0].text")
        told = page.evaluate("document.getElementById('day-trades').innerText")
        reasons = page.evaluate("document.querySelectorAll('#day-decisions li time').length")
        page.evaluate("document.querySelectorAll('#trades thead button')[9].click()")
        best = page.evaluate("document.querySelector('tr.trade td:nth-child(10)').innerText")
        page.evaluate(
            "(() => { const side = document.getElementById('filter-side'); side.value = '1';"
            " side.dispatchEvent(new Event('change')) })()"
        )
        count = page.evaluate("document.getElementById('trade-count').innerText")
        unpack = scripts("packed.js", "unpack.js")
        bars = page.evaluate(f"(async () => {{{unpack} return barsOf(1, 1)}})()")
        stops = page.evaluate(
            f"(async () => {{{unpack}{scripts('stop_path.js')}"
            "return Array.from(trades.entryRow, (row, t) => { const s = sessionOf(row);"
            " const first = run.firstRows[s]; const bars = barsOf(s, trades.symbol[t]);"
            " return stopPath(t, bars, row - first, trades.exitRow[t] - first).at(-1).stop }) })()"
        )
        complaints, requests = page.complaints(), page.requests()
        page.evaluate("console.error('a control that complaints are heard')")
        control = page.complaints()

    assert complaints == []
    assert len(control) == 1
    assert requests == [address.as_uri()]
    assert before != after
    assert chosen[0] in session
    assert chosen[9] in told
    assert reasons > 0
    pnl = TradeRow(*run.outcome.trades.T).pnl
    assert best == f"{pnl.max():+,.2f}"
    longs = int((TradeRow(*run.outcome.trades.T).side > 0).sum())
    assert count.startswith(f"{longs} of {len(pnl)} trades")
    expected = panel_bars(run.panel, run.outcome.first_traded + 1, 1)
    assert [tuple(bar.values()) for bar in bars] == expected
    stopped(run, stops)


@needs_chromium
@pytest.mark.timeout(180)
def test_on_a_phone_nothing_but_the_tables_scrolls_sideways(tmp_path: Path) -> None:
    address = tmp_path / "report.html"
    address.write_bytes(report_page(simulated(("<script>alert(1)</script>", "BBB")).run()))

    with browser_page(tmp_path / "browser") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1,
                  mobile=True)  # fmt: skip
        page.open(address.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        profit = page.evaluate(
            "document.querySelector('#by-symbol tbody td:last-child').getBoundingClientRect().right"
        )

    assert width == 390
    assert 0 < profit <= 390


def stopped(run: ReportRun, stops: list[float]) -> None:
    """Assert that trades left by a stop filled at the stop in force, or at a worse open."""
    names = ("symbol", "side", "exit_row", "exit_price", "exit_reason", "initial_stop")
    columns = dict(
        zip(PAGE_COLUMNS, floats(report_page(run), "trades", len(PAGE_COLUMNS)), strict=True)
    )
    symbol, side, row, price, reason, first = (columns[name] for name in names)
    hit = np.flatnonzero(reason == EXIT_STOP)
    # The page counts from the first traded bar.
    traded = int(run.panel.grid.first_row[run.outcome.first_traded])
    opened = run.panel.open[traded + row[hit].astype(int), symbol[hit].astype(int)]
    level = np.array(stops)[hit]
    worse = np.where(side[hit] > 0, np.minimum(opened, level), np.maximum(opened, level))
    assert len(hit) > 20
    assert (level != first[hit]).sum() > 10
    slipped = np.floor(worse * (1 - side[hit] * 0.0005) * 10000 + 0.5) / 10000
    assert price[hit].tolist() == slipped.tolist()
