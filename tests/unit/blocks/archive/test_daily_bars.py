"""What `fetch --interval 1d` brought is a file of daily bars like a user's own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.daily_bars import read_daily_bars
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import DAY_MINUTES
from tests.unit.blocks.providers.fetched import fetched, simulated
from trading.errors import BadInput
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds
from trading.market.daily_bars import days_of

# The clocks go back on November 2.
SESSIONS = sessions_between("NYSE", date(2025, 10, 20), date(2025, 11, 14))
EVENING = SESSIONS[-1].close + timedelta(hours=2)


def test_a_folder_of_daily_bars_is_read_by_date_and_feed(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, DAY_MINUTES, ReplayClock(EVENING))
    opens = np.array([to_microseconds(session.open) for session in SESSIONS])
    close = np.arange(len(opens)) + 50.0
    for symbols, source in ((("AAPL", "MSFT"), "yahoo"), (("AAPL",), "alpaca:iex")):
        for number in range(len(symbols)):
            numbers = (close, close + 2, close - 1, close + number, close * 0 + 7)
            rows = BarRows(np.full(len(opens), number), opens, *numbers)
            archive.upsert(fetched(rows, symbols, EVENING, source))
    file = read_daily_bars(tmp_path / "bars" / "1d", ["MSFT", "SPY", "AAPL"])
    assert file.bars.days.tolist() == days_of(SESSIONS).tolist()
    assert file.bars.prices.close[:, 0].tolist() == (close + 1).tolist()
    assert file.bars.prices.close[:, 2].tolist() == close.tolist()
    assert file.bars.defects.rows == 2 * len(opens)
    assert any("feeds are not mixed" in note for note in file.notes)
    assert any("none of SPY" in note for note in file.notes)


def test_a_folder_of_intraday_bars_is_none_of_daily_ones(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 5, ReplayClock(EVENING))
    archive.upsert(simulated(("AAPL",), SESSIONS[:2], EVENING))
    with pytest.raises(BadInput, match=r"daily bars: .* has bars of AAPL at 09:30 and 09:35"):
        read_daily_bars(tmp_path / "bars" / "5m", ["AAPL"])
