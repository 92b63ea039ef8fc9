"""Splits that several providers tell of: a bar is put into new shares once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.splits import SplitFile
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import Split
from tests.unit.blocks.providers.fetched import fetched, simulated
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

BEFORE, AFTER = sessions_between("NYSE", date(2025, 10, 30), date(2025, 10, 31))
OPEN = AFTER.open


@pytest.mark.parametrize("minutes_before", [0, 570, 14 * 60])
def test_the_split_that_a_second_provider_tells_of_is_the_same(
    tmp_path: Path, minutes_before: int
) -> None:
    archive = BarArchive(tmp_path, 5, ReplayClock(AFTER.close))
    old = simulated(("AAPL", "MSFT"), [BEFORE], BEFORE.close)
    archive.upsert(old)
    new = simulated(("AAPL",), [AFTER], AFTER.close)
    first = to_microseconds(OPEN)
    second = to_microseconds(OPEN - timedelta(minutes=minutes_before))
    for us, ratio in ((first, 4.0), (second, 4.0 + 1e-12)):
        split = Split("AAPL", us, ratio)
        archive.upsert(fetched(new.rows, ("AAPL",), AFTER.close, splits=(split,)))
    assert len(SplitFile(tmp_path / "bars" / "splits.json").all()) == 1
    rows = archive.rows(("AAPL", "MSFT"), BEFORE.open, BEFORE.close)
    order = rows.symbol == 0
    assert rows.close[order].tolist() == (old.rows.close[old.rows.symbol == 0] / 4).tolist()


def test_other_splits_are_others(tmp_path: Path) -> None:
    splits = SplitFile(tmp_path / "splits.json")
    day = 86_400_000_000
    told = [
        Split("A", 0, 2.0), Split("A", day, 2.0), Split("A", 0, 3.0), Split("B", 0, 2.0),
    ]  # fmt: skip
    splits.add(told)
    assert splits.all() == told


def test_a_daily_bar_of_the_day_of_a_split_is_in_new_shares_already(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 1440, ReplayClock(AFTER.close))
    for session, at, splits in (
        (BEFORE, BEFORE.close, ()),
        (AFTER, AFTER.close, (Split("AAPL", to_microseconds(OPEN), 2.0),)),
    ):
        day = simulated(("AAPL",), [session], at).rows.take(slice(0, 1))
        archive.upsert(fetched(day, ("AAPL",), at, splits=splits))
    rows: BarRows = archive.rows(("AAPL",), BEFORE.open, AFTER.close)
    first, second = (simulated(("AAPL",), [s], s.close).rows.close[0] for s in (BEFORE, AFTER))
    assert rows.close.tolist() == [first / 2, second]
