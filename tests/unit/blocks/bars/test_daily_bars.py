"""Files of daily bars as users have them: their columns, their dates, and what is wrong in them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from blocks.bars.daily_bars import read_daily_bars
from trading.errors import BadInput
from trading.market.calendar import sessions_between
from trading.market.daily_bars import DailyDefects, day_number

NEW_YORK = ZoneInfo("America/New_York")
DAYS = [each.date for each in sessions_between("NYSE", date(2024, 1, 2), date(2024, 7, 31))]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(dates: list[str], header: str = "symbol,date,open,high,low,close,volume") -> str:
    bars = [f"A,{day},{i + 10},{i + 12},{i + 9},{i + 11},{1000 + i}" for i, day in enumerate(dates)]
    return "\n".join([header, *bars, ""])


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%Y-%m-%d 00:00:00"]
    + ["%Y-%m-%dT00:00:00Z", "%Y-%m-%d 16:00"],
)
def test_dates_are_read_as_they_are_written(tmp_path: Path, form: str) -> None:
    path = written(tmp_path / "daily.csv", rows([day.strftime(form) for day in DAYS]))
    file = read_daily_bars(path, ["A"])
    assert file.bars.days.tolist() == [day_number(day) for day in DAYS]
    assert file.bars.prices.close[:, 0].tolist() == [i + 11 for i in range(len(DAYS))]
    assert file.bars.defects == DailyDefects(rows=len(DAYS))
    assert file.notes == ()


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "midnight in UTC"])
def test_stamps_of_tables_are_dates_of_the_exchange(tmp_path: Path, zone: str | None) -> None:
    """Midnight in New York is 4 or 5 o'clock in UTC, and midnight in UTC the evening before."""
    midnights = [datetime(day.year, day.month, day.day) for day in DAYS]
    if zone in ("UTC", "America/New_York"):
        midnights = [each.replace(tzinfo=NEW_YORK) for each in midnights]
    ts = pl.Series("Date", midnights)
    if zone == "midnight in UTC":
        ts = ts.dt.replace_time_zone("UTC")
    elif zone is not None:
        ts = ts.dt.convert_time_zone(zone)
    numbers = {name: np.arange(len(DAYS)) + 10.0 for name in ("Open", "High", "Low", "Close")}
    frame = pl.DataFrame(
        {"Ticker": ["A"] * len(DAYS), "Date": ts, **numbers, "Volume": [5] * len(DAYS)}
    )
    frame.write_parquet(tmp_path / "daily.parquet")
    file = read_daily_bars(tmp_path / "daily.parquet", ["A"])
    assert file.bars.days.tolist() == [day_number(day) for day in DAYS]
    assert not np.isnan(file.bars.prices.close).any()


def test_dates_in_parquet_and_seconds_since_1970_are_read(tmp_path: Path) -> None:
    numbers = {name: [10.0] * len(DAYS) for name in ("open", "high", "low", "close", "volume")}
    seconds = [86_400 * day_number(day) for day in DAYS]
    for name, column in (("date", DAYS), ("t", seconds)):
        frame = pl.DataFrame({"symbol": ["A"] * len(DAYS), name: column, **numbers})
        frame.write_parquet(tmp_path / "daily.parquet")
        bars = read_daily_bars(tmp_path / "daily.parquet", ["A"]).bars
        assert bars.days.tolist() == [day_number(day) for day in DAYS]


def test_a_folder_of_files_by_symbol_is_read_and_only_what_is_asked_for(tmp_path: Path) -> None:
    days = [day.isoformat() for day in DAYS[:20]]
    for name in ("A", "BRK-B", "C"):
        text = rows(days).replace("symbol,", "").replace("\nA,", "\n")
        written(tmp_path / f"{name}.csv", text)
    file = read_daily_bars(tmp_path, ["BRK.B", "NONE", "A"])
    assert file.bars.symbols == ("BRK.B", "NONE", "A")
    assert np.isnan(file.bars.prices.close).all(axis=0).tolist() == [False, True, False]
    assert file.notes == ("WARNING: the daily bars have none of NONE: no daily value of these",)


def test_what_is_wrong_with_rows_is_counted_and_said(tmp_path: Path) -> None:
    days = ["2024-07-02", "2024-07-04", "2024-07-02", "2024-07-03", "2024-07-06"]
    text = rows(days).replace("13,15,12,14,1003", "13,12,12,14,1003")
    file = read_daily_bars(written(tmp_path / "daily.csv", text), ["A"])
    assert file.bars.defects == DailyDefects(rows=5, no_session=2, duplicate=1, invalid=1)
    assert len(file.notes) == 3
    assert "2 rows of the daily bars are of no session" in file.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,date,open,high,low,close\nA,2024-07-02,1,2,1,2\n", "has no column for volume"),
        (
            rows(["2024-07-02", "2024-13-45"]),
            "'2024-13-45' in column 'date' is no time that can be",
        ),
        (
            rows(["2024-07-02", "soon"]),
            "'soon' in column 'date' is no time that can be read, row 2",
        ),
        (rows(["2024-07-02", ""]), "time missing in column 'date', row 2 (line 3)"),
        (
            rows(["2024-07-02"]).replace(",10,", ",ten,"),
            "text 'ten' in column 'open', row 1 (line 2)",
        ),
        (rows(["2024-07-02"]).replace("A,", ","), "symbol missing"),
        (
            rows(["2024-07-02 09:30", "2024-07-02 09:35"]),
            "has bars of A at 09:30 and 09:35 of 2024-07-02",
        ),
        (rows([]), "has a header and no rows"),
        ("", "is empty (0 bytes)"),
        (rows(["1879-07-02"]), "is no time from 1980 to 2100"),
    ],
)
def test_what_is_no_file_of_daily_bars_is_one_line_that_can_be_followed(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path / "daily.csv", text)
    with pytest.raises(BadInput) as caught:
        read_daily_bars(path, ["A"])
    line = str(caught.value)
    assert line.startswith("daily bars: ")
    assert said in line
    assert "--" not in line
    assert "\n" not in line


def test_a_path_without_a_file_and_a_damaged_one_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", written(tmp_path / "half.parquet", "PAR1 and no more")):
        with pytest.raises(BadInput, match=r"^daily bars: "):
            read_daily_bars(path, ["A"])


def test_dates_that_could_be_two_are_said_to_be(tmp_path: Path) -> None:
    file = read_daily_bars(written(tmp_path / "daily.csv", rows(["08/07/2024"])), ["A"])
    assert any(
        note.startswith("WARNING: dates in column 'date' are read as") for note in file.notes
    )
