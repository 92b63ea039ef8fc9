"""What a user sees when Openbell reads bars from his own files."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile, date_range, read_bars, symbols_in
from trading.errors import BadInput
from trading.market.calendar import from_microseconds, sessions_between

NEW_YORK = ZoneInfo("America/New_York")
# Three ordinary sessions and one that ends at 13:00 in New York.
SESSIONS = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 5))
HALF_DAY = sessions_between("NYSE", date(2024, 7, 3), date(2024, 7, 3))[0]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bars(times: list[datetime], symbols: tuple[str, ...] = ("AAPL",)) -> pl.DataFrame:
    """Return well-formed bars, by time and then symbol; every open is another."""
    rows = [(moment, symbol) for moment in times for symbol in symbols]
    opened = [100.0 + index for index in range(len(rows))]
    return pl.DataFrame(
        {
            "ts": pl.Series([moment for moment, _ in rows], dtype=pl.Datetime("us", "UTC")),
            "symbol": [symbol for _, symbol in rows],
            "open": opened,
            "high": [value + 2 for value in opened],
            "low": [value - 2 for value in opened],
            "close": [value + 1 for value in opened],
            "volume": [1000 + index for index in range(len(rows))],
        }
    )


def starts(minutes: int = 30) -> list[datetime]:
    return [
        session.bar_start(bar, minutes)
        for session in SESSIONS
        for bar in range(session.bar_count(minutes))
    ]


def ends(minutes: int) -> list[datetime]:
    return [
        session.bar_end(bar, minutes)
        for session in SESSIONS
        for bar in range(session.bar_count(minutes))
    ]


def times_of(read: BarFile) -> list[datetime]:
    return [from_microseconds(stamp) for stamp in read.rows.start_us]


def symbols_of(read: BarFile) -> list[str]:
    return [read.symbols[code] for code in read.rows.symbol]


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def one_row(path: Path, header: str, row: str) -> Path:
    return write_csv(path, f"{header}\n{row}\n")


HEADER = "symbol,ts,open,high,low,close,volume"
ROW = "AAPL,2024-07-01T13:30:00Z,10,12,9,11,500"


# -- containers ------------------------------------------------------------------------------


def as_parquet(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_parquet(folder / "bars.parquet")
    return folder / "bars.parquet"


def as_csv(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_csv(folder / "bars.csv")
    return folder / "bars.csv"


def as_csv_gz(frame: pl.DataFrame, folder: Path) -> Path:
    (folder / "bars.csv.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    return folder / "bars.csv.gz"


def as_semicolon_csv(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_csv(folder / "bars.csv", separator=";")
    return folder / "bars.csv"


def as_tree_with_symbol_column(frame: pl.DataFrame, folder: Path) -> Path:
    for number, (_, day) in enumerate(frame.group_by(pl.col("ts").dt.date(), maintain_order=True)):
        (folder / "tree" / f"{number}").mkdir(parents=True)
        day.write_parquet(folder / "tree" / f"{number}" / "part.parquet")
    return folder / "tree"


CONTAINERS = [as_parquet, as_csv, as_csv_gz, as_semicolon_csv, as_tree_with_symbol_column]


@pytest.mark.parametrize("write", CONTAINERS)
def test_every_container_gives_the_same_rows_in_the_order_of_the_source(
    write: Callable[[pl.DataFrame, Path], Path], tmp_path: Path
) -> None:
    frame = bars(starts(), ("MSFT", "AAPL"))
    read = read_bars(write(frame, tmp_path), None)
    assert read.symbols == ("AAPL", "MSFT")
    assert symbols_of(read) == frame["symbol"].to_list()
    assert times_of(read) == frame["ts"].to_list()
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(read.rows, name).tolist() == frame[name].cast(pl.Float64).to_list()


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_folder_of_one_file_per_symbol_takes_the_symbol_from_the_file_name(
    suffix: str, tmp_path: Path
) -> None:
    for symbol in ("MSFT", "BRK.B"):
        frame = bars(starts()).drop("symbol")
        path = tmp_path / f"{symbol}{suffix}"
        if suffix == ".parquet":
            frame.write_parquet(path)
        else:
            text = frame.write_csv().encode()
            path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    read = read_bars(tmp_path, None)
    assert read.symbols == symbols_in(tmp_path) == ("BRK.B", "MSFT")
    assert np.bincount(read.rows.symbol).tolist() == [len(starts())] * 2
    assert any("file's name" in note for note in read.notes)


def test_folders_named_symbol_equals_value_give_the_symbol(tmp_path: Path) -> None:
    for symbol in ("AAPL", "MSFT"):
        (tmp_path / f"symbol={symbol}").mkdir()
        for part in ("a", "b"):
            frame = bars(starts()).drop("symbol")
            frame.write_parquet(tmp_path / f"symbol={symbol}" / f"{part}.parquet")
    read = read_bars(tmp_path, ["MSFT"])
    assert symbols_of(read) == ["MSFT"] * 2 * len(starts())


def test_hidden_files_in_a_folder_are_left_out(tmp_path: Path) -> None:
    as_parquet(bars(starts()), tmp_path)
    (tmp_path / "._bars.parquet").write_bytes(b"not parquet")
    (tmp_path / "_SUCCESS.csv").write_bytes(b"")
    assert len(read_bars(tmp_path, None).rows) == len(starts())


# -- symbols and dates -----------------------------------------------------------------------


@pytest.mark.parametrize("write", CONTAINERS)
def test_asked_symbols_alone_are_read_and_index_in_the_order_asked(
    write: Callable[[pl.DataFrame, Path], Path], tmp_path: Path
) -> None:
    path = write(bars(starts(), ("A", "B", "C")), tmp_path)
    read = read_bars(path, ["C", "A"])
    assert read.symbols == ("C", "A")
    assert symbols_of(read) == ["A", "C"] * len(starts())


def test_an_unknown_symbol_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    path = as_parquet(bars(starts(), ("AAPL", "MSFT")), tmp_path)
    with pytest.raises(BadInput, match=r"no rows of ZZZ, YYY.*It has AAPL, MSFT"):
        read_bars(path, ["ZZZ", "AAPL", "YYY"])


def test_tickers_that_look_like_values_stay_tickers(tmp_path: Path) -> None:
    names = ["TRUE", "0700", "NA", "NAN", "1E5"]
    rows = "\n".join(ROW.replace("AAPL", name) for name in names)
    read = read_bars(write_csv(tmp_path / "x.csv", f"{HEADER}\n{rows}\n"), names)
    assert symbols_of(read) == names


@pytest.mark.parametrize("write", CONTAINERS)
def test_dates_limit_the_rows_with_one_day_to_spare(
    write: Callable[[pl.DataFrame, Path], Path], tmp_path: Path
) -> None:
    path = write(bars([utc(f"2024-07-{day:02}T15:00") for day in range(1, 11)]), tmp_path)
    read = read_bars(path, ["AAPL"], start=date(2024, 7, 4), end=date(2024, 7, 5))
    assert [moment.day for moment in times_of(read)] == [3, 4, 5, 6]


def test_a_known_symbol_without_rows_between_the_dates_is_no_error(tmp_path: Path) -> None:
    path = as_parquet(bars(starts()), tmp_path)
    read = read_bars(path, ["AAPL"], start=date(2025, 1, 1))
    assert len(read.rows) == 0
    assert any("no rows" in note for note in read.notes)


def test_date_limits_hold_for_local_times_far_from_utc(tmp_path: Path) -> None:
    moments = [datetime(2024, 7, day, 1) for day in range(1, 11)]
    frame = bars(starts()[:10]).with_columns(ts=pl.Series(moments))
    path = as_parquet(frame, tmp_path)
    told = BarFileFormat(timezone="Pacific/Kiritimati")
    read = read_bars(path, None, format=told, start=date(2024, 7, 5), end=date(2024, 7, 5))
    # 01:00 there is 11:00 UTC of the date before.
    assert times_of(read) == [utc(f"2024-07-{day:02}T11:00") for day in (4, 5, 6)]


@pytest.mark.parametrize("write", CONTAINERS)
def test_date_range_is_in_utc_dates(
    write: Callable[[pl.DataFrame, Path], Path], tmp_path: Path
) -> None:
    path = write(bars([utc("2024-07-02T00:10"), utc("2024-07-01T23:50")]), tmp_path)
    assert date_range(path) == (date(2024, 7, 1), date(2024, 7, 2))


# -- columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Ticker,Datetime,Open,High,Low,Close,Volume",
        "SYM,TIMESTAMP,o,h,l,c,v",
        "instrument,t,1. open,2. high,3. low,4. close,5. volume",
        "<TICKER>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
    ],
)
def test_known_spellings_of_columns_are_found_and_noted(header: str, tmp_path: Path) -> None:
    read = read_bars(one_row(tmp_path / "x.csv", header, ROW), None)
    rows = read.rows
    values = (rows.open[0], rows.high[0], rows.low[0], rows.close[0], rows.volume[0])
    assert values == (10, 12, 9, 11, 500)
    time_column = header.split(",")[1]
    assert f"column '{time_column}' is read as ts" in read.notes


def test_our_own_names_leave_nothing_to_note(tmp_path: Path) -> None:
    assert read_bars(as_parquet(bars(starts()), tmp_path), None).notes == ()


def test_an_adjusted_close_is_never_the_close(tmp_path: Path) -> None:
    header = HEADER.replace("close", "Adj Close,Close")
    path = one_row(tmp_path / "x.csv", header, ROW.replace(",11,", ",5.5,11,"))
    assert read_bars(path, None).rows.close.tolist() == [11]
    path = one_row(tmp_path / "y.csv", HEADER.replace("close", "Adj Close"), ROW)
    with pytest.raises(BadInput, match="no column for close"):
        read_bars(path, None)


def test_all_missing_columns_are_named_with_what_is_there(tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", "symbol,when,open,top", "A,1,2,3")
    with pytest.raises(BadInput, match=r"ts, high, low, close, volume; it has .*'when'.*--column"):
        read_bars(path, None)


def test_our_own_name_wins_over_another_that_fits_and_says_so(tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", "Timestamp," + HEADER, "2020-01-01," + ROW)
    read = read_bars(path, None)
    assert times_of(read) == [utc("2024-07-01T13:30")]
    assert "column 'Timestamp' is ignored, because 'ts' is there" in read.notes


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (HEADER.replace("ts", "timestamp") + ",datetime", "--column ts=timestamp"),
        (HEADER.replace("close", "Close") + ",Close", "--column close=Close"),
        (HEADER.replace("volume", "vol") + ",v", "--column volume=vol"),
    ],
)
def test_two_columns_that_fit_equally_are_not_guessed(
    header: str, hint: str, tmp_path: Path
) -> None:
    path = one_row(tmp_path / "x.csv", header, ROW + ",7")
    with pytest.raises(BadInput, match=hint):
        read_bars(path, None)


def test_a_column_named_by_the_user_settles_it(tmp_path: Path) -> None:
    path = one_row(
        tmp_path / "x.csv", HEADER.replace("ts", "time") + ",Datetime", ROW + ",1719840600"
    )
    read = read_bars(path, None, format=BarFileFormat(columns={"ts": "datetime"}))
    assert times_of(read) == [utc("2024-07-01T13:30")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"ts": "nowhere"}, "no column 'nowhere'.*It has"), ({"stamp": "ts"}, "none of Openbell's")],
)
def test_a_wrongly_named_column_is_refused(
    columns: dict[str, str], message: str, tmp_path: Path
) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, ROW)
    with pytest.raises(BadInput, match=message):
        read_bars(path, None, format=BarFileFormat(columns=columns))


@pytest.mark.parametrize(
    "kind", [pl.Float32, pl.Int64, pl.UInt16, pl.Decimal(12, 2), pl.String], ids=str
)
def test_numbers_of_any_type_become_floats(kind: pl.DataType, tmp_path: Path) -> None:
    frame = bars(starts()).with_columns(pl.col("open", "volume").cast(kind))
    read = read_bars(as_parquet(frame, tmp_path), None)
    assert read.rows.open.dtype == read.rows.volume.dtype == np.float64
    assert read.rows.open.tolist() == bars(starts())["open"].to_list()


@pytest.mark.parametrize("kind", [pl.Categorical(), pl.Enum(["B", "A"])], ids=["cat", "enum"])
def test_symbols_may_be_dictionary_encoded(kind: pl.DataType, tmp_path: Path) -> None:
    frame = bars(starts(), ("B", "A")).with_columns(pl.col("symbol").cast(kind))
    path = as_parquet(frame, tmp_path)
    assert symbols_of(read_bars(path, None)) == ["B", "A"] * len(starts())
    assert symbols_of(read_bars(path, ["A"])) == ["A"] * len(starts())


# -- times -----------------------------------------------------------------------------------

MOMENT = utc("2024-07-01T13:30")
SUMMER = BarFileFormat(timezone="America/New_York")


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01T13:30:00Z",
        "2024-07-01 13:30:00+00:00",
        "2024-07-01T09:30:00-04:00",
        "2024-07-01T09:30:00.000000-0400",
        "2024-07-01 09:30-04",
        "2024-07-01 13:30:00 UTC",
        "20240701T133000Z",
        "1719840600",
        "1719840600.0",
        "1719840600000",
        "1719840600000000",
        "1719840600000000000",
    ],
)
def test_times_that_carry_their_zone_need_nothing_more(text: str, tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, f"AAPL,{text},10,12,9,11,500")
    # A zone for naive times must not move those that are not naive.
    for told in (BarFileFormat(), SUMMER):
        assert times_of(read_bars(path, None, format=told)) == [MOMENT]


@pytest.mark.parametrize(
    "text",
    ["20240701 09:30:00 US/Eastern", "2024-07-01T09:30:00  America/New_York"],
)
def test_the_name_of_a_zone_behind_a_time_counts_and_is_noted(text: str, tmp_path: Path) -> None:
    winter = text.replace("0701", "0105").replace("07-01", "01-05")
    path = tmp_path / "x.csv"
    write_csv(
        path, "\n".join([HEADER, *(ROW.replace(ROW.split(",")[1], t) for t in (text, winter))])
    )
    read = read_bars(path, None, format=BarFileFormat(timezone="Asia/Tokyo"))
    assert times_of(read) == [MOMENT, utc("2024-01-05T14:30")]
    assert any(text.split()[-1] in note for note in read.notes)


def test_an_unknown_zone_behind_a_time_is_refused_by_name(tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, ROW.replace("T13:30:00Z", " 09:30:00 Mars/X"))
    with pytest.raises(BadInput, match="'Mars/X' is unknown"):
        read_bars(path, None)


NAIVE = [
    "2024-07-01T09:30:00",
    "2024-07-01 09:30",
    "2024/07/01 09:30:00.000",
    "20240701 09:30:00",
    "20240701 093000",
    "20240701093000",
    "202407010930",
    "7/1/2024 9:30",
    "07/01/2024 09:30:00 AM",
]


@pytest.mark.parametrize("text", NAIVE)
def test_naive_times_are_read_in_the_zone_that_the_user_names(text: str, tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, f"AAPL,{text},10,12,9,11,500")
    assert times_of(read_bars(path, None, format=SUMMER)) == [MOMENT]


@pytest.mark.parametrize("text", NAIVE)
def test_naive_times_without_a_zone_are_refused(text: str, tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, f"AAPL,{text},10,12,9,11,500")
    with pytest.raises(BadInput, match=r"'ts' have no zone, row 1 .*--timezone America/New_York"):
        read_bars(path, None)


@pytest.mark.parametrize(
    "kind",
    [
        pl.Datetime("ms", "UTC"),
        pl.Datetime("ns", "UTC"),
        pl.Datetime("us", "America/New_York"),
        pl.Datetime("us", "Asia/Tokyo"),
    ],
    ids=str,
)
def test_parquet_times_of_any_unit_and_zone_are_the_same_moments(
    kind: pl.DataType, tmp_path: Path
) -> None:
    frame = bars(starts())
    zone = kind.time_zone  # type: ignore[attr-defined]
    path = as_parquet(
        frame.with_columns(pl.col("ts").dt.convert_time_zone(zone).cast(kind)), tmp_path
    )
    assert times_of(read_bars(path, None)) == starts()
    limited = read_bars(path, None, start=date(2024, 7, 3), end=date(2024, 7, 3))
    assert {moment.day for moment in times_of(limited)} == {2, 3}


@pytest.mark.parametrize(
    ("unit", "scale"),
    [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)],
)
def test_epoch_numbers_are_read_by_their_size_and_noted(
    unit: str, scale: int, tmp_path: Path
) -> None:
    frame = bars(starts()).with_columns(ts=pl.col("ts").dt.epoch("s") * scale)
    read = read_bars(as_parquet(frame, tmp_path), None)
    assert times_of(read) == starts()
    assert f"numbers in column 'ts' are read as {unit} since 1970 UTC" in read.notes


@pytest.mark.parametrize(
    "pair",
    [
        ("2024-07-01", "09:30"),
        ("2024-07-01", "09:30:00"),
        ("20240701", "930"),
        ("20240701", "93000"),
        ("07/01/2024", "9:30 AM"),
        (20240701, 930),
        (date(2024, 7, 1), datetime(2024, 7, 1, 9, 30).time()),
        (datetime(2024, 7, 1), "09:30"),
    ],
    ids=str,
)
def test_a_date_and_a_time_column_make_one_time(
    pair: tuple[object, object], tmp_path: Path
) -> None:
    frame = bars(starts()[:1]).drop("ts")
    frame = frame.with_columns(Date=pl.Series([pair[0]]), Time=pl.Series([pair[1]]))
    read = read_bars(as_parquet(frame, tmp_path), None, format=SUMMER)
    assert times_of(read) == [MOMENT]
    assert "columns 'Date' and 'Time' together are read as ts" in read.notes
    named = BarFileFormat("America/New_York", columns={"date": "Date", "time": "Time"})
    assert times_of(read_bars(tmp_path / "bars.parquet", None, format=named)) == [MOMENT]


def test_offsets_that_change_with_the_season_and_fractions_may_mix(tmp_path: Path) -> None:
    texts = ["2024-03-08T09:30:00-05:00", "2024-03-11T09:30:00.5-04:00", "2024-03-12 13:30Z"]
    rows = "\n".join(f"AAPL,{text},10,12,9,11,500" for text in texts)
    read = read_bars(write_csv(tmp_path / "x.csv", f"{HEADER}\n{rows}"), None)
    assert times_of(read) == [
        utc("2024-03-08T14:30"),
        utc("2024-03-11T13:30") + timedelta(seconds=0.5),
        utc("2024-03-12T13:30"),
    ]


@pytest.mark.parametrize(
    ("first", "expected", "order"),
    [
        ("07/01/2024 09:30", utc("2024-07-01T13:30"), "month/day/year"),
        ("01/07/2024 09:30", utc("2024-07-01T13:30"), "day/month/year"),
    ],
)
def test_the_order_of_day_and_month_is_found_and_noted(
    first: str, expected: datetime, order: str, tmp_path: Path
) -> None:
    second = "07/31/2024 09:30" if order == "month/day/year" else "31/07/2024 09:30"
    rows = "\n".join(f"AAPL,{text},10,12,9,11,500" for text in (first, second))
    read = read_bars(write_csv(tmp_path / "x.csv", f"{HEADER}\n{rows}"), None, format=SUMMER)
    assert times_of(read)[0] == expected
    assert any(order in note for note in read.notes)


def test_files_that_disagree_on_day_and_month_are_refused(tmp_path: Path) -> None:
    for symbol, day in (("AAPL", "31/07/2024"), ("MSFT", "07/31/2024")):
        row = ROW.replace("2024-07-01T13:30:00Z", f"{day} 09:30").replace("AAPL", symbol)
        one_row(tmp_path / f"{symbol}.csv", HEADER, row)
    with pytest.raises(BadInput, match="disagree on which of day and month"):
        read_bars(tmp_path, None, format=SUMMER)


@pytest.mark.parametrize("as_text", [False, True])
def test_clock_changes_lose_only_times_that_never_were(as_text: bool, tmp_path: Path) -> None:
    moments = [
        datetime(2024, 3, 10, 2, 30),
        datetime(2024, 11, 3, 1, 30),
        datetime(2024, 11, 4, 9, 30),
    ]
    frame = bars(starts()[:3]).with_columns(ts=pl.Series(moments))
    if as_text:
        frame = frame.with_columns(pl.col("ts").dt.to_string("%Y-%m-%d %H:%M:%S"))
    read = read_bars(as_parquet(frame, tmp_path), None, format=SUMMER)
    assert times_of(read) == [utc("2024-11-03T05:30"), utc("2024-11-04T14:30")]
    assert read.rows.open.tolist() == [101, 102]
    assert any("1 times happen twice" in note for note in read.notes)
    assert any("1 times do not exist" in note for note in read.notes)


@pytest.mark.parametrize("kind", [pl.Int32, pl.UInt32, pl.UInt64, pl.Decimal(18, 3)], ids=str)
def test_epoch_numbers_of_any_width_are_the_same_moments(kind: pl.DataType, tmp_path: Path) -> None:
    frame = bars(starts()).with_columns(ts=pl.col("ts").dt.epoch("s").cast(kind))
    assert times_of(read_bars(as_parquet(frame, tmp_path), None)) == starts()


@pytest.mark.parametrize("write", [as_parquet, as_csv])
def test_a_zone_that_is_told_and_not_used_is_noted(
    write: Callable[[pl.DataFrame, Path], Path], tmp_path: Path
) -> None:
    read = read_bars(write(bars(starts()), tmp_path), None, format=SUMMER)
    assert read.notes == (
        "times in column 'ts' carry their own zone: America/New_York is not used",
    )


def test_what_a_file_holds_reaches_a_terminal_as_text_and_in_measure(tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, ROW.replace(",11,", f",\x1b[31m{'z' * 5000},"))
    with pytest.raises(BadInput) as caught:
        read_bars(path, None)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 1500
    assert "x1b[31mzzz" in said
    assert str(path) in said


def test_a_symbol_with_spaces_at_its_end_is_found_without_them(tmp_path: Path) -> None:
    frame = bars(starts()).with_columns(symbol=pl.lit("AAPL   "))
    read = read_bars(as_parquet(frame, tmp_path), ["AAPL"])
    assert read.symbols == ("AAPL",)
    assert len(read.rows) == len(starts())


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_symbol_in_small_letters_and_with_spaces_is_the_one_in_capitals(
    suffix: str, tmp_path: Path
) -> None:
    written = [("AAPL", "aapl", " aapl ", "AAPL ")[at % 4] for at in range(len(starts()))]
    frame = bars(starts()).with_columns(symbol=pl.Series(written))
    path = tmp_path / f"x.{suffix}"
    getattr(frame, f"write_{suffix}")(path)
    for asked, called in ((None, "AAPL"), (["AAPL"], "AAPL"), (["aapl"], "aapl")):
        read = read_bars(path, asked)
        assert read.symbols == (called,)
        assert read.rows.symbol.tolist() == [0] * len(frame)


@pytest.mark.parametrize("zone", ["America/NewYork", "Mars", "", "../etc", "America"])
def test_an_unknown_zone_is_refused_by_name(zone: str, tmp_path: Path) -> None:
    path = one_row(tmp_path / "x.csv", HEADER, f"AAPL,{NAIVE[0]},10,12,9,11,500")
    with pytest.raises(BadInput, match="is unknown"):
        read_bars(path, None, format=BarFileFormat(timezone=zone))


# -- stamps ----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60])
def test_bars_named_by_their_ends_are_moved_to_starts_with_a_warning(
    minutes: int, tmp_path: Path
) -> None:
    # With 60 minutes the last bar of each day is the half hour that ends at the close.
    read = read_bars(as_parquet(bars(ends(minutes)), tmp_path), None)
    assert times_of(read) == starts(minutes)
    (note,) = read.notes
    assert note.startswith("WARNING: stamps look like bar ENDS")
    assert f"moved back by {minutes} minute" in note


@pytest.mark.parametrize("minutes", [5, 60])
def test_ends_that_the_user_declares_are_moved_without_a_warning(
    minutes: int, tmp_path: Path
) -> None:
    path = as_parquet(bars(ends(minutes)), tmp_path)
    read = read_bars(path, None, format=BarFileFormat(stamp="end", interval_minutes=minutes))
    assert times_of(read) == starts(minutes)
    assert read.notes == ()
    assert read.rows.interval_minutes == minutes


def test_declared_starts_stay_and_the_calendar_may_object(tmp_path: Path) -> None:
    path = as_parquet(bars(ends(5)), tmp_path)
    read = read_bars(path, None, format=BarFileFormat(stamp="start"))
    assert times_of(read) == ends(5)
    assert any(note.startswith("WARNING") for note in read.notes)


def test_declared_ends_that_look_like_starts_are_warned_of(tmp_path: Path) -> None:
    path = as_parquet(bars(starts(5)), tmp_path)
    read = read_bars(path, None, format=BarFileFormat(stamp="end"))
    assert times_of(read) == [start - timedelta(minutes=5) for start in starts(5)]
    assert any(note.startswith("WARNING") for note in read.notes)


def test_a_lone_print_at_the_close_does_not_make_ends(tmp_path: Path) -> None:
    prints = sorted([*starts(5), *(session.close for session in SESSIONS)])
    read = read_bars(as_parquet(bars(prints), tmp_path), None)
    assert times_of(read) == prints
    assert read.notes == ()


def test_one_session_without_its_first_bar_does_not_make_ends(tmp_path: Path) -> None:
    prints = sorted([*starts(5)[1:], *(session.close for session in SESSIONS)])
    assert times_of(read_bars(as_parquet(bars(prints), tmp_path), None)) == prints


def test_a_stray_row_does_not_set_the_interval_of_ends(tmp_path: Path) -> None:
    stray = SESSIONS[0].open + timedelta(minutes=31)
    path = as_parquet(bars(sorted([*ends(5), stray])), tmp_path)
    moved = set(times_of(read_bars(path, None)))
    assert set(starts(5)) <= moved


def test_extended_hours_are_read_as_starts_with_a_note_that_it_cannot_be_told(
    tmp_path: Path,
) -> None:
    around = [
        session.open + timedelta(minutes=5 * bar)
        for session in SESSIONS
        for bar in range(-12, session.bar_count(5) + 12)
    ]
    read = read_bars(as_parquet(bars(around), tmp_path), None)
    assert times_of(read) == around
    assert any("--stamp end" in note for note in read.notes)


def test_hours_counted_from_the_full_hour_are_refused_for_they_look_ahead(tmp_path: Path) -> None:
    # The row of 10:00 to 11:00 would lie in the bar that ends at 10:30.
    hours = [
        session.open + timedelta(minutes=30 + 60 * bar)
        for session in SESSIONS[:2]
        for bar in range(7)
    ]
    path = as_parquet(bars(hours), tmp_path)
    for told in (None, "start", "end"):
        with pytest.raises(BadInput, match="begin 30 minutes after bars of that length do"):
            read_bars(path, None, format=BarFileFormat(stamp=told))  # type: ignore[arg-type]


def test_ends_of_daily_bars_are_refused_for_want_of_an_interval(tmp_path: Path) -> None:
    path = as_parquet(bars([session.close for session in SESSIONS]), tmp_path)
    with pytest.raises(BadInput, match="no session has two rows"):
        read_bars(path, None)


def test_the_half_day_is_judged_by_its_own_close(tmp_path: Path) -> None:
    days = SESSIONS[1:3]
    assert days[1] == HALF_DAY
    moments = [day.bar_end(bar, 60) for day in days for bar in range(day.bar_count(60))]
    read = read_bars(as_parquet(bars(moments), tmp_path), None)
    first = [day.bar_start(bar, 60) for day in days for bar in range(day.bar_count(60))]
    assert times_of(read) == first


# -- what goes through -----------------------------------------------------------------------


def test_defects_of_bars_go_through_for_the_panel_to_count(tmp_path: Path) -> None:
    rows = [
        "AAPL,2024-07-01T13:35:00Z,0,1,9,-5,-1",
        "AAPL,2024-07-01T13:30:00Z,NaN,,n/a,inf,",
        "AAPL,2024-07-01T13:30:00Z,1,1,1,1,1",
    ]
    path = write_csv(tmp_path / "x.csv", "\n".join([HEADER, *rows]))
    read = read_bars(path, None).rows
    np.testing.assert_array_equal(read.open, [0, np.nan, 1])
    np.testing.assert_array_equal(read.high, [1, np.nan, 1])
    np.testing.assert_array_equal(read.low, [9, np.nan, 1])
    np.testing.assert_array_equal(read.close, [-5, np.inf, 1])
    np.testing.assert_array_equal(read.volume, [-1, np.nan, 1])
    assert np.diff(read.start_us).tolist() == [-300_000_000, 0]


def test_nulls_in_parquet_become_nan(tmp_path: Path) -> None:
    frame = bars(starts()).with_columns(close=pl.lit(None), volume=pl.lit(None, pl.Int32))
    read = read_bars(as_parquet(frame, tmp_path), None).rows
    assert np.isnan(read.close).all()
    assert np.isnan(read.volume).all()


@pytest.mark.parametrize(
    ("above", "separator"),
    [("\n  \n", ","), ("# exported; by, me\n#\n", ","), ("sep=;\r\n", ";"), ("\ufeffsep=|\n", "|")],
    ids=["blank lines", "comments", "Excel", "Excel with a mark"],
)
def test_lines_above_the_header_are_passed_over_with_a_note(
    above: str, separator: str, tmp_path: Path
) -> None:
    bad = ROW.replace(",11,", ",abc,")
    path = tmp_path / "x.csv"
    text = above + "\n".join([HEADER, ROW]).replace(",", separator)
    path.write_text(text)
    read = read_bars(path, None)
    assert read.rows.close.tolist() == [11]
    assert any("above the header" in note for note in read.notes)
    path.write_text(text + "\n" + bad.replace(",", separator))
    line = text.count("\n") + 2
    with pytest.raises(BadInput, match=rf"row 2 \(line {line}\)"):
        read_bars(path, None)


def test_a_header_that_is_written_as_a_comment_is_the_header(tmp_path: Path) -> None:
    read = read_bars(one_row(tmp_path / "x.csv", "#" + HEADER, ROW), None)
    assert read.rows.close.tolist() == [11]


def test_a_last_row_without_a_line_end_is_whole_when_it_is_as_wide(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", f"{HEADER},note\n{ROW},\n{ROW},")
    assert len(read_bars(path, None).rows) == 2


def test_blank_lines_spaces_quotes_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    row = ROW.replace("AAPL", '"AAPL"')
    text = f"\ufeff{HEADER}\r\n\r\n{row}\r\n\r\n"
    read = read_bars(write_csv(tmp_path / "x.csv", text.replace(",10,", ", 10 ,")), ["AAPL"])
    assert read.rows.open.tolist() == [10]


# -- bad input -------------------------------------------------------------------------------


def damaged_parquet(folder: Path) -> Path:
    path = as_parquet(bars(starts()), folder)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def damaged_gzip(folder: Path) -> Path:
    path = as_csv_gz(bars(starts(1)), folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def loop_of_links(folder: Path) -> Path:
    (folder / "a.csv").symlink_to(folder / "b.csv")
    (folder / "b.csv").symlink_to(folder / "a.csv")
    return folder / "a.csv"


def folder_called_csv(folder: Path) -> Path:
    (folder / "x.csv").mkdir()
    return folder / "x.csv"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "x.csv")
    return folder / "x.csv"


def empty_folder(folder: Path) -> Path:
    (folder / "readme.txt").write_text("no bars")
    return folder


def folder_with_a_bad_file(folder: Path) -> Path:
    as_parquet(bars(starts()), folder)
    (folder / "z.parquet").write_bytes(b"")
    return folder


def folder_with_a_symbol_twice(folder: Path) -> Path:
    bars(starts()).drop("symbol").write_csv(folder / "AAPL.csv")
    bars(starts()).drop("symbol").write_parquet(folder / "AAPL.parquet")
    return folder


def subfolder_without_symbols(folder: Path) -> Path:
    (folder / "mine").mkdir()
    bars(starts()).drop("symbol").write_parquet(folder / "mine" / "newest.parquet")
    return folder


def csv_bytes(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def parquet_with(**columns: pl.Expr) -> Callable[[Path], Path]:
    return lambda folder: as_parquet(bars(starts()).with_columns(**columns), folder)


SECOND = pl.int_range(pl.len()) == 1

BAD_FILES: list[tuple[str, Callable[[Path], Path], str]] = [
    ("no such path", lambda folder: folder / "gone.csv", "gone.csv does not exist"),
    ("loop of links", loop_of_links, "a.csv cannot be read"),
    ("folder without bars", empty_folder, "holds no bar files.*parquet"),
    ("folder called csv", folder_called_csv, "holds no bar files"),
    ("other suffix", written("bars.xlsx", b"PK"), "no bar file by its name.*csv"),
    ("zero bytes, csv", written("x.csv", b""), "x.csv is empty"),
    ("zero bytes, parquet", written("x.parquet", b""), "x.parquet is empty"),
    ("empty inside gzip", written("x.csv.gz", gzip.compress(b"")), "x.csv.gz has no header"),
    ("header only", written("x.csv", csv_bytes()), "header and no rows"),
    ("blank lines only", written("x.csv", csv_bytes("", "")), "header and no rows"),
    ("nothing but blank lines", written("x.csv", b"\n\r\n\n"), "no header and no rows"),
    ("nothing but comments", written("x.csv", b"# bars\n"), "no header and no rows"),
    ("no rows, parquet", lambda f: as_parquet(bars([]), f), "header and no rows"),
    ("half a parquet", damaged_parquet, "bars.parquet cannot be read.*half-written"),
    ("no parquet", written("x.parquet", csv_bytes(ROW)), "x.parquet is a text .*Call it x.csv"),
    ("half a gzip", damaged_gzip, "bars.csv.gz cannot be read.*half-written"),
    ("half a row", written("x.csv", csv_bytes(ROW, ROW[:-8])[:-1]), "x.csv stops in the middle"),
    ("pipe", pipe, "x.csv is no regular file"),
    ("pipe in a folder", lambda folder: pipe(folder).parent, "x.csv is no regular file"),
    ("no text at all", written("x.csv", b"\x01\x02\0\0ab\n"), "no text in UTF-8 or UTF-16.*CSV"),
    ("no gzip", written("x.csv.gz", csv_bytes(ROW)), "not packed by gzip.*Call it x.csv"),
    (
        "no text",
        written("x.csv", csv_bytes(ROW) + b"\xff\xfe\x00,1\n"),
        "x.csv cannot be read.*UTF-8",
    ),
    ("a field too many", written("x.csv", csv_bytes(ROW, ROW + ",1")), "line 3 of .* 8 fields"),
    (
        "a field too many below comments",
        written("x.csv", b"# mine\n\n" + csv_bytes(ROW, ROW + ",1")),
        "line 5 of .*x.csv has 8 fields, and the first row has 7",
    ),
    ("one bad file of a folder", folder_with_a_bad_file, "z.parquet is empty"),
    ("symbol in two files", folder_with_a_symbol_twice, "both claim to be AAPL"),
    ("no symbol in subfolder", subfolder_without_symbols, "newest.parquet has no symbol column"),
    (
        "text price, csv",
        written("x.csv", csv_bytes(ROW, ROW, ROW.replace(",11,", ",abc,"))),
        r"text 'abc' in column 'close', row 3 \(line 4\) of .*x.csv",
    ),
    (
        "thousands separator",
        written("x.csv", csv_bytes(ROW.replace(",500", ',"1,500"'))),
        "text '1,500' in column 'volume', row 1 ",
    ),
    (
        "text price, parquet",
        parquet_with(low=pl.when(SECOND).then(pl.lit("x")).otherwise(pl.lit("1"))),
        "text 'x' in column 'low', row 2 of .*bars.parquet",
    ),
    ("dates as prices", parquet_with(high=pl.col("ts")), "'high' of .* holds Datetime"),
    (
        "null time, parquet",
        parquet_with(ts=pl.when(~SECOND).then("ts")),
        "time missing in column 'ts', row 2 of",
    ),
    (
        "null time, csv",
        written("x.csv", csv_bytes(ROW, "AAPL,,10,12,9,11,500")),
        r"time missing in column 'ts', row 2 \(line 3\)",
    ),
    (
        "row of nulls, parquet",
        lambda f: as_parquet(pl.concat([bars(starts()), bars(starts()[:1]).clear(1)]), f),
        f"time missing in column 'ts', row {len(starts()) + 1} of",
    ),
    (
        "null symbol, parquet",
        parquet_with(symbol=pl.when(~SECOND).then("symbol")),
        "symbol missing in column 'symbol', row 2 of",
    ),
    (
        "blank symbol, csv",
        written("x.csv", csv_bytes(ROW, ROW.replace("AAPL", " "))),
        r"symbol missing in column 'symbol', row 2 \(line 3\)",
    ),
    (
        "no time",
        written("x.csv", csv_bytes(ROW, ROW.replace("2024-07-01T13:30:00Z", "yesterday"))),
        r"'yesterday' in column 'ts' is no time .*row 2 \(line 3\)",
    ),
    (
        "no such month",
        written("x.csv", csv_bytes(ROW, ROW.replace("-07-", "-13-"))),
        r"'2024-13-01T13:30:00Z' in column 'ts' is no time .*row 2 ",
    ),
    (
        "text among epochs",
        written("x.csv", csv_bytes(ROW.replace("2024-07-01T13:30:00Z", "1719840600"), ROW)),
        "'2024-07-01T13:30:00Z' in column 'ts' is no time .*row 2 ",
    ),
    (
        "dates without time, csv",
        written("x.csv", csv_bytes(ROW.replace("T13:30:00Z", ""))),
        "date without a time of day.*row 1 .*intraday",
    ),
    (
        "dates without time, parquet",
        parquet_with(ts=pl.col("ts").dt.date()),
        "dates without a time of day.*intraday",
    ),
    ("count as time", parquet_with(ts=pl.int_range(pl.len())), "0 in column 'ts' is no time"),
    (
        "two epoch units",
        parquet_with(ts=pl.col("ts").dt.epoch("s") * pl.when(SECOND).then(1000).otherwise(1)),
        "no time in seconds since 1970.*row 2 of",
    ),
    ("booleans as time", parquet_with(ts=pl.lit(value=True)), "holds Boolean, which is no time"),
    (
        "naive parquet",
        parquet_with(ts=pl.col("ts").dt.replace_time_zone(None)),
        "'ts' have no zone.*--timezone",
    ),
]


@pytest.mark.parametrize(
    ("make", "message"),
    [pytest.param(make, message, id=name) for name, make, message in BAD_FILES],
)
def test_bad_files_are_refused_in_one_line_that_says_what_and_where(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(BadInput, match=message) as caught:
        read_bars(path, None)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_missing_symbol_is_refused_even_when_others_are_asked_for(tmp_path: Path) -> None:
    path = parquet_with(symbol=pl.when(~SECOND).then("symbol"))(tmp_path)
    with pytest.raises(BadInput, match=r"symbol missing .*row 2 of"):
        read_bars(path, ["AAPL"])


def test_a_bad_price_of_another_symbol_does_not_matter(tmp_path: Path) -> None:
    bad = ROW.replace("AAPL", "MSFT").replace(",11,", ",abc,")
    path = write_csv(tmp_path / "x.csv", f"{HEADER}\n{bad}\n{ROW}")
    assert read_bars(path, ["AAPL"]).rows.close.tolist() == [11]
    with pytest.raises(BadInput, match="row 1 "):
        read_bars(path, ["AAPL", "MSFT"])


@contextmanager
def unprivileged() -> Iterator[None]:
    """Give up the rights of root, for whom no file is unreadable."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("what", ["file", "folder", "parent"])
def test_files_and_folders_that_may_not_be_read_are_named(what: str) -> None:
    # Not tmp_path: its parents are closed to everybody but root.
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "inner"
        folder.mkdir()
        path = as_csv(bars(starts()), folder)
        (path if what == "file" else folder).chmod(0)
        asked = folder if what == "folder" else path
        try:
            with unprivileged(), pytest.raises(BadInput, match=f"{asked.name}.*Permission denied"):
                read_bars(asked, None)
        finally:
            folder.chmod(0o700)


def test_a_path_with_wildcards_means_itself(tmp_path: Path) -> None:
    path = tmp_path / "bars[1]*.parquet"
    bars(starts()).write_parquet(path)
    assert len(read_bars(path, None).rows) == len(starts())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": []}, "no symbol was asked for"),
        ({"symbols": None, "start": date(2024, 7, 2), "end": date(2024, 7, 1)}, "before start"),
        ({"symbols": None, "exchange": "MOON"}, "'MOON' is not known"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    arguments: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = as_parquet(bars(starts()), tmp_path)
    with pytest.raises(BadInput, match=message):
        read_bars(path, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", ["9999-12-31T10:00:00Z", "0001-01-01T10:00:00Z"])
def test_a_time_that_no_market_has_seen_is_refused_with_its_place(
    moment: str, tmp_path: Path
) -> None:
    rows = f"{MOMENT.isoformat()},1,1,1,1,1\n{moment},1,1,1,1,1\n"
    path = write_csv(tmp_path / "AAPL.csv", f"ts,open,high,low,close,volume\n{rows}")
    with pytest.raises(BadInput, match=f"no time from 1980 to 2100, row 2 \\(line 3\\) of {path}"):
        read_bars(path, None)


def test_bars_of_a_long_weekend_are_read_and_lie_in_no_session(tmp_path: Path) -> None:
    rows = "2024-09-01T14:00:00Z,1,1,1,1,1\n2024-09-01T14:05:00Z,1,1,1,1,1\n"
    path = write_csv(tmp_path / "AAPL.csv", f"ts,open,high,low,close,volume\n{rows}")
    assert len(read_bars(path, None, format=BarFileFormat(stamp="end")).rows) == 2


def test_a_name_that_is_no_utf8_is_refused_before_a_library_meets_it(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.csv"))
    odd.write_text("ts,open,high,low,close,volume\n")
    for path in (odd, tmp_path):
        with pytest.raises(BadInput, match=r"b\\udcff\.csv' is not written in UTF-8"):
            read_bars(path, None)


@pytest.mark.parametrize("zone", ["+05:30", "-03:30", "Z", "GMT-5"])
def test_moments_of_parquet_in_a_zone_without_a_name_are_read(zone: str, tmp_path: Path) -> None:
    path = tmp_path / "AAPL.parquet"
    table = bars(starts()).drop("symbol").to_arrow()
    place = table.column_names.index("ts")
    kind = pa.timestamp("us", zone)
    pq.write_table(table.set_column(place, "ts", table["ts"].cast(pa.int64()).cast(kind)), path)
    assert (
        read_bars(path, None).rows.start_us.tolist() == bars(starts())["ts"].to_physical().to_list()
    )


def test_symbols_of_parquet_that_are_filled_up_with_zeros_are_found(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    bars(starts()).with_columns(symbol=pl.lit(b"AAPL\0\0\0\0")).write_parquet(path)
    assert read_bars(path, ["AAPL"]).symbols == ("AAPL",)


def test_a_length_of_time_is_no_time_of_day(tmp_path: Path) -> None:
    path = tmp_path / "AAPL.parquet"
    times = pl.col("ts")
    bars(starts()).with_columns(date=times.dt.date(), time=times - times.dt.truncate("1d")).drop(
        "ts"
    ).write_parquet(path)
    with pytest.raises(BadInput, match="which is no time of day"):
        read_bars(path, None)
