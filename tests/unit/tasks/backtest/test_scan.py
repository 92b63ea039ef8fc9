"""A large universe of an archive is scanned, and trades what all its bars would have traded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.month.runs import Sizes
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import FetchedBars
from tasks.backtest import scan as scanning
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.unit.trading.backtest.universe_markets import FIRST_TRADED, INTERVAL, SESSIONS, market
from trading.backtest.tables import trades_table
from trading.market.bars import BarRows
from trading.market.calendar import to_microseconds

SYMBOLS = 200
IN_PLAY = {
    "range_minutes": 30, "direction": "first_bar", "entry": "stop", "stop": "daily_atr",
    "target": "none", "select_top": 10, "min_price": 5, "min_daily_volume": 10_000,
    "leverage": 4, "max_position_pct": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an archive whose months have copies, with all that the gate knows of."""
    panel = market(4, SYMBOLS)
    row, symbol = np.nonzero(~np.isnan(panel.close))
    rows = BarRows(
        symbol, panel.grid.start_us[row], *(values[row, symbol] for values in panel.prices),
        INTERVAL,
    )  # fmt: skip
    nothing = np.zeros(len(rows), dtype=np.int64)
    end = SESSIONS[-1].close + timedelta(days=1)
    fetched_us = nothing + to_microseconds(end)
    sizes = Sizes(small=1000, at_once=5000)
    folder = tmp_path_factory.mktemp("archive")
    made = BarArchive(folder, INTERVAL, ReplayClock(end), sizes=sizes)
    made.upsert(FetchedBars(panel.symbols, rows, ("alpaca:sip",), nothing, fetched_us))
    return made.folder


@pytest.fixture
def request_of(archive: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BacktestRequest:
    """Return a request that is large enough to be scanned."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("tasks.backtest.panel.LARGE_BYTES", 0)
    monkeypatch.setattr(scanning, "SCAN_ABOVE_BARS", 0)
    monkeypatch.setattr("trading.backtest.scan.BARS_AT_A_TIME", 8 * 13 * SYMBOLS)
    return BacktestRequest(
        bars=archive, start=SESSIONS[FIRST_TRADED].date, interval_minutes=INTERVAL,
        settings=IN_PLAY, report=False,
    )  # fmt: skip


def is_scanned(report: BacktestReport) -> bool:
    return any("symbols were scanned" in note for note in report.notes)


def test_two_hundred_symbols_trade_the_same_whether_scanned_or_loaded(
    request_of: BacktestRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scanned = backtest(replace(request_of, out=tmp_path / "out"))
    monkeypatch.setattr(scanning, "SCAN_ABOVE_BARS", 10**9)
    loaded = backtest(request_of)

    assert loaded.summary.trades > 20
    assert_same(scanned, loaded)


def test_daily_bars_of_a_users_file_are_what_a_scan_judges_by(
    request_of: BacktestRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "daily.csv"
    lines = ["symbol,date,open,high,low,close,volume"]
    lines += [
        f"S{number:03d},{session.date},20,{21 + number / 50},19,20,{90_000 + number}"
        for session in SESSIONS
        for number in range(60)
    ]
    file.write_text("\n".join(lines))
    some = tuple(f"S{number:03d}" for number in range(80))
    asked = replace(request_of, daily_bars=file, symbols=some)
    scanned = backtest(asked)
    monkeypatch.setattr(scanning, "SCAN_ABOVE_BARS", 10**9)
    loaded = backtest(asked)

    assert_same(scanned, loaded)
    # The file lacks some symbols, and those have no daily values.
    assert loaded.outcome.universe is not None
    assert np.isnan(loaded.outcome.universe.daily_atr[-1, 60:]).all()
    assert not np.isnan(loaded.outcome.universe.daily_atr[-1, :60]).all()


def assert_same(scanned: BacktestReport, loaded: BacktestReport) -> None:
    """A scan traded and judged what a backtest of all bars did."""
    assert (is_scanned(scanned), is_scanned(loaded)) == (True, False)
    assert scanned.summary == loaded.summary
    for name in ("fills", "trades", "equity", "equity_us"):
        ours, theirs = getattr(scanned.outcome, name), getattr(loaded.outcome, name)
        assert ours.tobytes() == theirs.tobytes(), name
    tables = [trades_table(one.outcome, one.panel.grid, one.plan) for one in (scanned, loaded)]
    assert tables[0].equals(tables[1])
    assert scanned.outcome.universe is not None
    assert loaded.outcome.universe is not None
    for name in ("reason", "rank", "daily_atr", "daily_volume", "relative_opening_volume"):
        ours = getattr(scanned.outcome.universe, name)
        theirs = getattr(loaded.outcome.universe, name)
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"), name
    for note in loaded.notes:
        if any(words in note for words in ("warm the indicators", "of the feed", "daily values")):
            assert note in scanned.notes


@pytest.mark.parametrize(
    "settings",
    [{"range_minutes": 30}, {**IN_PLAY, "target": "atr"}],
    ids=["nothing selected", "bars of earlier sessions"],
)
def test_what_a_scan_cannot_tell_is_loaded(
    settings: dict[str, object], request_of: BacktestRequest
) -> None:
    some = tuple(f"S{number:03d}" for number in range(5))

    assert not is_scanned(backtest(replace(request_of, symbols=some, settings=settings)))


def test_a_scan_takes_the_symbols_that_are_named_in_their_order(
    request_of: BacktestRequest,
) -> None:
    some = ("S007", "S150", "S003")

    report = backtest(replace(request_of, symbols=some))

    assert is_scanned(report)
    assert report.plan.symbols == some
