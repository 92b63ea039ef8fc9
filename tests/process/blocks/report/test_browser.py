"""The report in a real browser: it draws, answers to clicks, and asks for nothing."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image

from blocks.report.page import report_page
from blocks.report.run import ReportRun
from blocks.report.trades import PAGE_COLUMNS
from blocks.results.folder import TRADES_CSV, write_results
from tests.process.blocks.report.browser import Page, browser_page, needs_chromium
from tests.unit.blocks.report.reader import floats, panel_bars, simulated
from trading.engine.tapes.trade_tape import TradeRow
from trading.reasons import EXIT_STOP

JULY_3_US = int(datetime(2025, 7, 3, tzinfo=UTC).timestamp()) * 1_000_000


def scripts(*names: str) -> str:
    return "\n".join((files("blocks") / "report/assets" / name).read_text() for name in names)


def drawn(page: Page, name: str) -> str:
    """Return the pixels of a chart, once they have been drawn."""
    return page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done("
        f"[...document.querySelectorAll('#{name} canvas')].map((c) => c.toDataURL()).join()))))"
    )


def differing(first: str, second: str) -> float:
    """Return the share of pixels that differ clearly in two drawings of a chart.

    A canvas that is read often is drawn by other means, with other edges: a few pixels always may.
    """
    a, b = (
        [
            np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGBA"), np.int16)
            for each in re.findall("base64,([^,]+)", drawing)
        ]
        for drawing in (first, second)
    )
    assert [each.shape for each in a] == [each.shape for each in b]
    changed = [(abs(x - y).max(axis=2) > 60).ravel() for x, y in zip(a, b, strict=True)]
    return float(np.concatenate(changed).mean())


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
def test_keys_and_downloads_reach_what_a_pointer_does(tmp_path: Path) -> None:
    report = simulated(("A,1", "BBB"), max_entries=3)
    run = replace(report.run(), out_of_sample_from=date(2025, 7, 3))
    address = tmp_path / "report.html"
    address.write_bytes(report_page(run))
    write_results(tmp_path / "out", report.results())

    with browser_page(tmp_path / "browser") as page:
        page.open(address.as_uri())
        csv = page.evaluate(
            "new Promise((done) => { URL.createObjectURL = (blob) => {"
            " blob.text().then(done); return '#' }; document.getElementById('download').click() })"
        )
        focus(page, "#equity")
        for name in ("Home", "ArrowRight", "+", "Enter"):
            press(page, name)
        equity = page.evaluate("document.querySelector('#equity .reading').textContent")
        first = page.evaluate("document.getElementById('day-session').selectedOptions[0].text")
        sample = page.evaluate("document.getElementById('day-trades').innerText")
        whole = drawn(page, "candles")
        focus(page, "#candles")
        for name in ("Home", "ArrowRight", "End", "ArrowLeft"):
            press(page, name)
        bar = page.evaluate("document.querySelector('#candles .reading').textContent")
        for name in ("+", "+"):
            press(page, name)
        zoomed = drawn(page, "candles")
        press(page, "Escape")
        again = drawn(page, "candles")
        focus(page, "tr.trade")
        for name in ("End", "ArrowUp", "Enter"):
            press(page, name)
        chosen = page.evaluate("document.querySelector('tr.chosen').dataset.trade")
        focused = page.evaluate("document.activeElement.dataset.trade")
        earlier = page.evaluate("document.querySelectorAll('tr.in-sample').length")
        filtered = page.evaluate(
            "(() => { const sample = document.getElementById('filter-sample'); sample.value = '1';"
            " sample.dispatchEvent(new Event('change'));"
            " return document.getElementById('trade-count').innerText })()"
        )
        complaints = page.complaints()

    assert complaints == []
    assert csv == (tmp_path / "out" / TRADES_CSV).read_text()
    assert "Mon 2025-06-16 09:35" in equity
    assert first == "Mon 2025-06-16"
    assert "In-sample" in sample
    # The half day is not the first: the bar before the last one of a whole session.
    assert "15:50 to 15:55" in bar
    assert differing(again, whole) < differing(zoomed, whole) / 5
    # The table begins with the newest trade.
    assert chosen == focused == "1"
    assert earlier > 0
    entered = TradeRow(*report.outcome.trades.T).entry_us >= JULY_3_US
    assert filtered.startswith(f"{entered.sum()} of {len(report.outcome.trades)} trades")


@needs_chromium
@pytest.mark.timeout(180)
def test_a_chart_shows_the_exchanges_clock_in_weeks_when_it_is_moved(tmp_path: Path) -> None:
    page_file = tmp_path / "chart.html"
    page_file.write_text('<meta charset="utf-8"><div id="chart"></div>')
    parts = scripts("lightweight-charts.js", "chart_frame.js", "candle_chart.js")
    zones = ("America/New_York", "Europe/London", "Australia/Lord_Howe")
    # Every half hour of the days around the spring and the autumn change of 2025.
    times = [
        int(datetime(2025, month, day, tzinfo=UTC).timestamp()) + 1800 * step
        for month, day in ((3, 8), (3, 29), (4, 4), (10, 4), (10, 25), (11, 1))
        for step in range(96)
    ]

    with browser_page(tmp_path / "browser") as page:
        page.open(page_file.as_uri())
        page.evaluate(f"{parts}; Object.assign(window, {{ CandleChart, zoneAhead }}); 0")
        ahead = {
            zone: page.evaluate(f"{json.dumps(times)}.map(zoneAhead({json.dumps(zone)}))")
            for zone in zones
        }
        # The hour that comes twice, without a pause: the chart goes on.
        shown = page.evaluate(
            "(() => { const chart = new CandleChart(document.getElementById('chart'),"
            " { label: 'Bars', zone: 'America/New_York', format: String,"
            " read: (at) => at < 0 ? '' : String(at) });"
            f" const bars = {json.dumps(times[-96:])}.map((time) =>"
            " ({ time, open: 1, high: 2, low: 1, close: 2, volume: 1 }));"
            " chart.setBars(bars.slice(0, -1)); chart.update(bars.at(-1));"
            " chart.update({ ...bars.at(-1), close: 1 }); chart.choose(95);"
            " const told = [chart.times, chart.reading.textContent, chart.bars.length];"
            " chart.remove(); return [...told, document.getElementById('chart').innerHTML] })()"
        )
        complaints = page.complaints()

    assert complaints == []
    for zone in zones:
        assert ahead[zone] == [offset(zone, time) for time in times]
    assert shown[0] == sorted(set(shown[0]))
    assert [shown[0][0], shown[0][-1]] == [
        time + offset("America/New_York", time) for time in (times[-96], times[-1])
    ]
    assert shown[1:] == ["95", 96, ""]


@needs_chromium
@pytest.mark.timeout(180)
def test_on_a_phone_nothing_but_the_tables_scrolls_sideways(tmp_path: Path) -> None:
    address = tmp_path / "report.html"
    address.write_bytes(report_page(simulated(("<script>alert(1)</script>", "BBB")).run()))

    with browser_page(tmp_path / "browser") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=360, height=780, deviceScaleFactor=1,
                  mobile=True)  # fmt: skip
        page.open(address.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        rights = page.evaluate(
            "['#by-symbol tbody td:last-child', 'tr.trade td:nth-child(10)',"
            " 'tr.trade td:last-child', '#trades thead th:last-child'].map((each) =>"
            " document.querySelector(each).getBoundingClientRect().right)"
        )
        r = page.evaluate("document.querySelector('tr.trade td:last-child').innerText")

    assert width == 360
    assert all(0 < right <= 360 for right in rights)
    assert re.fullmatch(r"[+\N{MINUS SIGN}]\d+\.\d\d", r)


@needs_chromium
@pytest.mark.timeout(180)
def test_a_first_look_fits_one_screen(tmp_path: Path) -> None:
    address = tmp_path / "report.html"
    run = simulated().run()
    address.write_bytes(report_page(replace(run, notes=tuple(f"note {n}" for n in range(9)))))

    with browser_page(tmp_path / "browser") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=1400, height=1000,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        page.open(address.as_uri())
        bottoms = page.evaluate(
            "['h1', '.verdict', '#summary', '#notes', '#equity'].map((each) =>"
            " document.querySelector(each).getBoundingClientRect().bottom)"
        )
        more = page.evaluate("document.querySelector('#notes details').innerText")
        page.call("Page.addScriptToEvaluateOnNewDocument", source="delete DecompressionStream")
        page.open(address.as_uri())
        old, complaints = page.evaluate("document.body.innerText"), page.complaints()
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.open(address.as_uri())
        plain = page.evaluate("document.body.innerText")

    assert all(0 < bottom <= 1000 for bottom in bottoms)
    assert "5 more to read" in more
    # Without its script the page has every figure, and says what it cannot draw.
    assert "Profit factor" in plain
    assert "Candles need JavaScript." in plain
    assert "Profit factor" in old and "needs a newer browser" in old and complaints == []


def focus(page: Page, selector: str) -> None:
    page.evaluate(f"document.querySelector('{selector}').focus()")


def press(page: Page, key: str) -> None:
    """Press a key where the focus is."""
    page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        f" {{ key: '{key}', bubbles: true, cancelable: true }}))"
    )


def offset(zone: str, seconds: int) -> int:
    """Return how many seconds a zone's clock is ahead of UTC."""
    at = datetime.fromtimestamp(seconds, ZoneInfo(zone)).utcoffset()
    assert at is not None
    return int(at.total_seconds())


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
