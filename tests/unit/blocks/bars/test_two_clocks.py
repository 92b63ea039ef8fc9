"""Days by another clock than the rest of their file are named, and the hint leads to their bars."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import read_bars
from tests.unit.blocks.bars.test_plausibility import MARCH, bars, local, warnings_of, written
from trading.errors import BadInput
from trading.market.calendar import sessions_between

NEW_YORK = "America/New_York"
ALL_MARCH = sessions_between("NYSE", date(2024, 3, 1), date(2024, 3, 28))
JANUARY = sessions_between("NYSE", date(2024, 1, 16), date(2024, 1, 31))


def now_and_then(frame: pl.DataFrame, share: float, seed: int = 1) -> pl.DataFrame:
    """Return a share of bars, as of a symbol that is traded now and then."""
    return frame.filter(np.random.default_rng(seed).random(len(frame)) < share)


def by_two_clocks(
    frame: pl.DataFrame, first: date, last: date, zone: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return bars of New York's clock, and those of some days by the clock of another zone."""
    is_odd = pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.date().is_between(first, last)
    return local(frame.filter(~is_odd), NEW_YORK), local(frame.filter(is_odd), zone)


HALVES = {
    "a half in UTC": (bars(MARCH), date(2024, 3, 11), date(2024, 3, 15), "UTC"),
    "nearly all in UTC, winter and summer": (
        bars(ALL_MARCH), date(2024, 3, 5), date(2024, 3, 28), "UTC",
    ),
    "the first days in Chicago": (bars(MARCH), date(2024, 3, 4), date(2024, 3, 6),
                                  "America/Chicago"),
    "a day in Los Angeles": (bars(MARCH), date(2024, 3, 12), date(2024, 3, 12),
                             "America/Los_Angeles"),
    "a half in Tokyo": (bars(MARCH), date(2024, 3, 11), date(2024, 3, 15), "Asia/Tokyo"),
    "hours before and after sessions": (
        bars(JANUARY, hours_around=4.0), date(2024, 1, 24), date(2024, 1, 31), "America/Denver",
    ),
    "a half in UTC, traded now and then": (
        now_and_then(bars(ALL_MARCH), 0.2), date(2024, 3, 14), date(2024, 3, 28), "UTC",
    ),
    "a week in Los Angeles, traded now and then": (
        now_and_then(bars(ALL_MARCH), 0.2), date(2024, 3, 18), date(2024, 3, 22),
        "America/Los_Angeles",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "first", "last", "zone"), HALVES.values(), ids=HALVES.keys())
def test_days_of_another_zone_are_refused_by_their_dates_and_read_right_as_the_hint_says(
    frame: pl.DataFrame, first: date, last: date, zone: str, tmp_path: Path
) -> None:
    fine, odd = by_two_clocks(frame, first, last, zone)
    path = written(pl.concat([fine, odd]), tmp_path)
    told = BarFileFormat(timezone=NEW_YORK)
    with pytest.raises(BadInput, match="by two clocks") as refused:
        read_bars(path, None, format=told)
    dates = f"{first}" if first == last else f"{first} to {last}"
    assert dates in str(refused.value)
    fits = re.search(r"this one with --timezone (\S+):", str(refused.value))[1]
    starts = []
    for rows, as_zone in ((fine, NEW_YORK), (odd, fits)):
        read = read_bars(written(rows, tmp_path), None, format=BarFileFormat(timezone=as_zone))
        assert not [note for note in read.notes if note.startswith("WARNING")]
        starts.extend(read.rows.start_us.tolist())
    assert sorted(starts) == frame["ts"].to_physical().to_list()


def test_one_symbol_of_two_may_be_the_one_with_days_of_another_zone(tmp_path: Path) -> None:
    fine, odd = by_two_clocks(bars(MARCH, symbol="B"), date(2024, 3, 11), date(2024, 3, 15), "UTC")
    frame = pl.concat([local(bars(MARCH, symbol="A"), NEW_YORK), fine, odd])
    with pytest.raises(BadInput, match=r"rows of B in bars\.parquet are by two clocks"):
        read_bars(written(frame, tmp_path), None, format=BarFileFormat(timezone=NEW_YORK))


def test_a_symbol_that_is_traded_now_and_then_has_one_zone_that_fills_its_sessions(
    tmp_path: Path,
) -> None:
    frame = now_and_then(bars(ALL_MARCH), 0.1)
    path = written(local(frame, "America/Chicago"), tmp_path)
    with pytest.raises(BadInput, match=r"are off by hours.* fits America/Chicago") as refused:
        read_bars(path, None, format=BarFileFormat(timezone=NEW_YORK))
    told = BarFileFormat(timezone=re.search(r"--timezone (\S+)$", str(refused.value))[1])
    read = read_bars(path, None, format=told)
    assert read.rows.start_us.tolist() == frame["ts"].to_physical().to_list()


def test_a_day_that_may_be_by_either_clock_is_named(tmp_path: Path) -> None:
    fine, odd = by_two_clocks(bars(ALL_MARCH), date(2024, 3, 14), date(2024, 3, 28), "UTC")
    # Of its first day by the other clock nothing is left but what was traded in the last hours.
    odd = odd.filter((pl.col("ts").dt.date() != date(2024, 3, 14)) | (pl.col("ts").dt.hour() < 16))
    thin = now_and_then(pl.concat([fine, odd]), 0.2)
    with pytest.raises(BadInput, match=r"2024-03-15 to 2024-03-28 \(and perhaps 2024-03-14\)"):
        read_bars(written(thin, tmp_path), None, format=BarFileFormat(timezone=NEW_YORK))


def test_mornings_that_are_afternoons_by_another_clock_are_doubtful(tmp_path: Path) -> None:
    mornings = bars(ALL_MARCH).filter(pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.hour() < 12)
    fine, odd = by_two_clocks(mornings, date(2024, 3, 18), date(2024, 3, 28), "UTC")
    read = read_bars(
        written(pl.concat([fine, odd]), tmp_path), None, format=BarFileFormat(timezone=NEW_YORK)
    )
    (said,) = [note for note in read.notes if note.startswith("WARNING")]
    assert "may be by two clocks: 9 of its 20 days, 2024-03-18 to 2024-03-28, run 13:30" in said
    assert "four hours later than the others, which run 09:30 to 11:55" in said


def test_days_whose_false_zone_is_written_behind_them_are_read_past_it(tmp_path: Path) -> None:
    form = "%Y-%m-%dT%H:%M:%SZ"
    fine, odd = by_two_clocks(bars(MARCH), date(2024, 3, 11), date(2024, 3, 15), NEW_YORK)
    fine = fine.with_columns(
        pl.col("ts").dt.replace_time_zone(NEW_YORK).dt.convert_time_zone("UTC").dt.strftime(form)
    )
    odd = odd.with_columns(pl.col("ts").dt.strftime(form))
    with pytest.raises(BadInput) as refused:
        read_bars(written(pl.concat([fine, odd]), tmp_path), None)
    found = re.search(r"--time-format '(.*)' --timezone (\S+):", str(refused.value))
    told = BarFileFormat(time_format=found[1], timezone=found[2])
    read = read_bars(written(odd, tmp_path), None, format=told)
    true = bars(MARCH)["ts"].to_physical().to_list()
    assert read.rows.start_us.tolist() == true[len(fine) :]


def test_days_that_no_zone_puts_right_are_named_with_how_far_they_are_off(tmp_path: Path) -> None:
    # A clock that changed three days late: as with a vendor who follows another country's.
    late = pl.col("ts").dt.date().is_between(date(2024, 3, 11), date(2024, 3, 13))
    moved = bars(MARCH).with_columns(
        pl.when(late).then(pl.col("ts") + timedelta(hours=1)).otherwise(pl.col("ts"))
    )
    with pytest.raises(BadInput) as refused:
        read_bars(written(moved, tmp_path), None)
    said = str(refused.value)
    assert "3 of its 10 days, 2024-03-11 to 2024-03-13, run 10:30 to 16:55" in said
    assert "one hour later than the others" in said
    assert "Write the times of these days again, one hour earlier" in said


FINE = {
    # Trading was halted for an hour, and went on after the close as it does every day.
    "an hour lost": bars(MARCH, hours_around=1.0).filter(
        ~pl.col("ts").is_between(
            MARCH[2].open - timedelta(hours=1),
            MARCH[2].open + timedelta(hours=1),
            closed="left",
        )
    ),
    # A day's first and last trade are at any time, now and then an hour off both.
    "thin, with hours around": bars(ALL_MARCH, hours_around=4.0).filter(
        (pl.int_range(pl.len()) * 7919) % 31 == 0
    ),
    "thin": bars(ALL_MARCH).filter((pl.int_range(pl.len()) * 7919) % 17 == 0),
    "mornings": bars(ALL_MARCH).filter(pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.hour() < 12),
}


@pytest.mark.parametrize("frame", FINE.values(), ids=FINE.keys())
def test_days_of_odd_hours_are_by_one_clock(frame: pl.DataFrame, tmp_path: Path) -> None:
    said = " ".join(warnings_of(written(frame, tmp_path)))
    assert "off by hours" not in said
    assert "two clocks" not in said
