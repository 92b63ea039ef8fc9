"""Whoever fetches bars hears what a backtest of them would warn of, and they are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import FetchedBars
from tasks.history.fetch import HistoryRequest
from tasks.history.findings import notes_on_fetched
from tests.unit.blocks.providers.fetched import simulated
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between

DAYS = sessions_between("NYSE", date(2025, 10, 27), date(2025, 11, 4))
EVENING = DAYS[-1].close + timedelta(hours=2)


def without_volume(rows: BarRows) -> BarRows:
    return replace(rows, volume=np.zeros(len(rows)))


def in_units(rows: BarRows) -> BarRows:
    prices = {name: np.rint(rows.number(name) * 1e9) for name in ("open", "high", "low", "close")}
    return replace(rows, **prices)


@pytest.mark.parametrize(
    ("change", "said"),
    [(without_volume, "has volume 0"), (in_units, "units of 1e-9"), (lambda rows: rows, None)],
    ids=["no volume", "small units", "sound"],
)
def test_findings_about_fetched_bars_are_warnings(
    change: object, said: str | None, tmp_path: Path
) -> None:
    fetched: FetchedBars = simulated(("AAPL",), DAYS, EVENING, "yahoo")
    assert callable(change)
    clock = ReplayClock(EVENING)
    BarArchive(tmp_path, 5, clock).upsert(replace(fetched, rows=change(fetched.rows)))
    asked = HistoryRequest(
        ("AAPL",), DAYS[0].date, DAYS[-1].date, "NYSE", 5, provider="yahoo", data_dir=tmp_path
    )
    notes = notes_on_fetched(asked, clock)
    assert [note.startswith("WARNING") for note in notes] == [True] * (said is not None)
    assert said is None or said in notes[0]
