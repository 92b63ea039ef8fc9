"""The live page over a real socket: its stream, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.telemetry.log_lines import LogStore
from blocks.telemetry.telemetry import telemetry_file
from tests.process.api.conftest import Start, free_port
from tests.process.blocks.report.browser import Page, browser_page, needs_chromium
from tests.repository import REPOSITORY

PATIENCE_S = 120.0


@pytest.fixture
def data_dir(traded: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(traded, folder)
    return folder


@contextmanager
def stream(url: str) -> Iterator[Iterator[str]]:
    with httpx.stream("GET", f"{url}/api/events", timeout=PATIENCE_S) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.iter_lines()


def next_event(lines: Iterator[str]) -> str:
    return next(line for line in lines if line.startswith("event: changed"))


def test_a_change_of_the_ledger_is_told_to_who_looks(data_dir: Path, start: Start) -> None:
    url = start("--data-dir", str(data_dir))
    with stream(url) as lines:
        next_event(lines)
        # Longer than a connection on which nobody asks anything is kept.
        next(line for line in lines if line.startswith("event: alive"))
        next(line for line in lines if line.startswith("event: alive"))
        DuckDBLedger(data_dir, "replay").add_command("halt", "a word", datetime.now(UTC))
        next_event(lines)
    assert httpx.get(f"{url}/api/live", timeout=PATIENCE_S).json()["halt"]["reason"] == "a word"


def test_a_stream_keeps_no_shutdown_waiting(traded: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "--data-dir", str(traded), "--port", str(port)],
        cwd=REPOSITORY,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("listening"))
        with stream(f"http://127.0.0.1:{port}") as lines:
            next_event(lines)
            process.send_signal(signal.SIGTERM)
            # Whole to its end: cut off would raise.
            assert all(not line.startswith("event: changed") for line in lines)
        # Uvicorn ends by the signal that it was told to end with, once everything is done.
        assert process.wait(PATIENCE_S) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def until(page: Page, expression: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        assert time.monotonic() < end, (expression, page.complaints())
        time.sleep(0.1)


def restore(data_dir: Path, copy: Path, bars: int) -> None:
    """Put a copy in the ledger's place that knows so many bars of the second session."""
    shutil.copytree(data_dir / "replay", copy / "replay")
    ledger = DuckDBLedger(copy, "replay")
    with ledger.changing() as connection:
        connection.execute(
            "DELETE FROM journal WHERE session = '2025-06-11' AND kind = 'bar'"
            " AND (payload->>'$.bar')::BIGINT >= ?",
            [bars],
        )
    ledger.release()
    os.replace(copy / "replay" / "ledger.duckdb", data_dir / "replay" / "ledger.duckdb")


def begin_with_other_symbols(data_dir: Path) -> None:
    """Begin another session, of two symbols that none before it traded."""
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(
            "INSERT INTO journal SELECT max(seq) + 1, NULL, '2025-06-12', 'session_started',"
            " (SELECT replace(replace(payload, 'AAPL', 'NVDA'), 'MSFT', 'AMD') FROM journal"
            " WHERE kind = 'session_started' AND session = '2025-06-11') FROM journal"
        )


def add_first_point(data_dir: Path) -> None:
    """Give that session its equity at its first bar, which is what the account began with."""
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(
            "INSERT INTO equity BY NAME SELECT * REPLACE ('2025-06-12'::DATE AS session,"
            " ts + INTERVAL 1 DAY AS ts) FROM equity ORDER BY ts DESC LIMIT 1"
        )


@needs_chromium
def test_a_browser_shows_the_day_draws_its_candles_and_follows_a_change(
    data_dir: Path, start: Start, tmp_path: Path
) -> None:
    url = start("--data-dir", str(data_dir))
    ledger = DuckDBLedger(data_dir, "replay")
    (last,) = ledger.query("SELECT equity FROM equity ORDER BY ts DESC LIMIT 1")
    logs = LogStore(telemetry_file(data_dir, "replay"))
    logs.insert_log("INFO", "openbell.session", "only told who asks for everything")
    logs.insert_log("WARNING", "openbell.session", "the first line\nthe second line")
    with browser_page(tmp_path / "browser") as page:
        page.open(url)
        text = "document.querySelector('#card-equity strong')?.textContent"
        until(page, f"{text} === '{float(last['equity']):,.2f} USD'")
        page.evaluate("document.querySelector('#symbols').scrollIntoView()")
        until(page, "document.querySelectorAll('#symbols canvas').length > 0")
        # What a pointer reads of a bar, keys read too.
        page.evaluate(
            "document.querySelector('#symbols .framed').dispatchEvent("
            "new KeyboardEvent('keydown', { key: 'Home' }))"
        )
        reading = "document.querySelector('#symbols .reading').textContent"
        until(page, f"{reading}.startsWith('Wed 11 Jun, 09:30   open ')")
        until(page, "document.querySelectorAll('#calendar td a').length === 2")
        ledger.add_command("halt", "seen by a browser", datetime.now(UTC))
        until(page, "document.body.innerText.includes('seen by a browser')")
        ledger.release()
        restore(data_dir, tmp_path / "copy", bars=6)
        told = "document.querySelector('#symbol-charts .chart > p')?.textContent"
        until(page, f"{told}.startsWith('6 bars')")
        begin_with_other_symbols(data_dir)
        until(page, "document.querySelector('#symbol-charts h3')?.textContent === 'NVDA'")
        # It has no bar yet; its first one has to be drawn on the page that showed the day before.
        until(page, "document.querySelector('#equity').innerText.includes('No bar of a session')")
        add_first_point(data_dir)
        until(page, "document.querySelector('#equity canvas') !== null")
        until(page, "document.querySelector('#banner-problem') === null")
        phone = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        page.call("Emulation.setDeviceMetricsOverride", **phone)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.open(f"{url}/sessions/2025-06-10")
        until(page, "document.querySelectorAll('#story li').length > 0")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # Somebody else has the ledger open: of an account that was not read nothing is said.
        place = data_dir / "replay" / "ledger.duckdb"
        with duckdb.connect(str(place)):
            os.utime(place)
            page.open(url)
            until(page, "document.querySelector('h1').textContent.includes('cannot be read now')")
            assert "is open elsewhere" in page.evaluate("document.body.innerText")
            assert page.evaluate("document.querySelector('#card-equity, #positions')") is None
        os.utime(place)
        until(page, "document.querySelector('#card-equity strong') !== null")
        page.evaluate("document.querySelector('#account').scrollIntoView()")
        until(page, "document.querySelector('#table-by-symbol tbody th') !== null")
        # The third session earned nothing: what the first two did is what there is so far.
        earned = sum(Decimal(str(day["pnl"])) for day in httpx.get(f"{url}/api/days").json())
        words = "document.querySelector('#sessions-curve-words').textContent"
        until(page, f"{words}.startsWith('P&L of 3 sessions')")
        assert f": {earned:+,.2f} USD so far".replace("-", "\u2212") in page.evaluate(words)
        page.evaluate("document.querySelector('#log').scrollIntoView()")
        shown = "document.querySelector('#log').innerText"
        until(page, f"{shown}.includes('the first line\\nthe second line')")
        assert not page.evaluate(f"{shown}.includes('only told')")
        page.evaluate(
            "document.querySelector('#log-kinds').value = 'INFO';"
            "document.querySelector('#log-kinds').dispatchEvent(new Event('change'))"
        )
        until(page, f"{shown}.includes('only told who asks for everything')")
        # Another account that goes before this one takes its place, and nothing stays of this one.
        shutil.copytree(data_dir / "replay", tmp_path / "copied")
        os.replace(tmp_path / "copied", data_dir / "simulated")
        name = "account simulated (SIMULATED bars)"
        until(page, f"document.querySelector('#kind')?.textContent === 'Openbell, {name}'")
        until(page, "document.body.innerText.includes('it goes before replay')")
        # The one before is a click away, and what is asked for there is its own.
        page.evaluate("document.querySelector('#others a[href=\"/accounts/replay/\"]').click()")
        replay = "Openbell, account replay (SIMULATED bars)"
        until(page, f"document.querySelector('#kind')?.textContent === '{replay}'")
        until(
            page,
            "document.querySelector('#calendar td a')?.pathname.startsWith('/accounts/replay/')",
        )
        until(
            page,
            "document.querySelector('#others [aria-current]').textContent.startsWith('replay')",
        )
        assert page.complaints() == []
        assert all(address.startswith((url, "data:")) for address in page.requests())
