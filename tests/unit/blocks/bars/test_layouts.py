"""Bars come out of files in the layouts, folders and under the names that vendors give them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yfinance
from yfinance.base import TickerBase

from blocks.bars import lazy_columns
from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile, date_range, read_bars, symbols_in
from blocks.bars.sources import packed as packed_files
from blocks.markets.file_market import FileMarket
from trading.errors import BadInput
from trading.market.calendar import sessions_between

SESSIONS = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 3))
STARTS = [
    session.bar_start(bar, 30) for session in SESSIONS for bar in range(session.bar_count(30))
]
FIRST_PRICE = {"QXA": 100.0, "ZYB": 50.0, "BRK.B": 400.0}
NUMBERS = ("open", "high", "low", "close", "volume")


def bars(symbol: str = "QXA", rows: slice = slice(None)) -> pl.DataFrame:
    """Return well-formed bars; every price tells whose and when it is."""
    opened = FIRST_PRICE[symbol] + np.arange(len(STARTS)) / 4
    return pl.DataFrame(
        {
            "ts": [start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for start in STARTS],
            "open": opened,
            "high": opened + 2,
            "low": opened - 2,
            "close": opened + 1,
            "volume": 1000 + np.arange(len(STARTS)),
        }
    )[rows]


FIRST, LAST = slice(0, 14), slice(13, None)
# The two slices share a row.
SHARED_ROWS = 1


def csv(symbol: str = "QXA", rows: slice = slice(None)) -> str:
    return bars(symbol, rows).write_csv()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refused(path: Path, symbols: list[str] | None = None, symbol: str | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        read_bars(path, symbols, format=BarFileFormat(symbol=symbol))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_whole(read: BarFile, **symbols: str) -> None:
    """Assert that a source holds whole bars, of the symbols named by whose bars they are."""
    assert read.symbols == tuple(symbols)
    rows = read.rows
    for code, (name, whose) in enumerate(symbols.items()):
        mine = rows.take(np.flatnonzero(rows.symbol == code))
        order = np.unique(mine.start_us, return_index=True)[1]
        expected = bars(whose)
        assert len(order) == len(expected), name
        for number in NUMBERS:
            got = getattr(mine, number)[order]
            np.testing.assert_allclose(got, expected[number].to_numpy(), err_msg=f"{name} {number}")


# -- tables with symbols side by side --------------------------------------------------------


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let yfinance make its own table of bars that it need not ask for."""

    def history(ticker: TickerBase, **asked: object) -> pd.DataFrame:
        frame = bars(ticker.ticker).to_pandas()
        frame.columns = ["Datetime", "Open", "High", "Low", "Close", "Volume"]
        if not asked["auto_adjust"]:
            frame.insert(4, "Adj Close", frame["Close"] / 2)
        frame.index = pd.DatetimeIndex(frame.pop("Datetime")).tz_convert("America/New_York")
        return frame

    monkeypatch.setattr(TickerBase, "history", history)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("tickers", [["QXA"], ["QXA", "ZYB"]], ids="-".join)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_yfinance_writes_is_read_however_it_was_asked(
    tickers: list[str], suffix: str, yahoo: None, tmp_path: Path
) -> None:
    for number in range(8):
        frame = yfinance.download(
            tickers,
            interval="30m",
            multi_level_index=bool(number & 1),
            group_by="ticker" if number & 2 else "column",
            auto_adjust=bool(number & 4),
            progress=False,
            threads=False,
        )
        path = tmp_path / f"{number}" / f"QXA.{suffix}"
        path.parent.mkdir()
        getattr(frame, f"to_{suffix}")(path)
        assert_whole(read_bars(path, None), **{ticker: ticker for ticker in tickers})


def two_levels(frame: dict[str, pl.DataFrame]) -> pd.DataFrame:
    columns = {
        (number.title(), symbol): table[number].to_numpy()
        for number in NUMBERS
        for symbol, table in frame.items()
    }
    index = pd.DatetimeIndex(bars()["ts"].to_list())
    return pd.DataFrame(columns, index=index)


def flat(join: Callable[[str, str], str]) -> Callable[[pd.DataFrame], str]:
    def written(frame: pd.DataFrame) -> str:
        frame.columns = pd.Index([join(number, symbol) for number, symbol in frame.columns])
        return frame.to_csv(index_label="Datetime")

    return written


def with_levels(*names: str | None, index: str | None = None) -> Callable[[pd.DataFrame], str]:
    def written(frame: pd.DataFrame) -> str:
        frame.columns.names = list(names)
        frame.index.name = index
        return frame.to_csv()

    return written


def read_and_written_again(**how: object) -> Callable[[pd.DataFrame], str]:
    def written(frame: pd.DataFrame) -> str:
        frame.index.name = "Date"
        again = pd.read_csv(io.StringIO(frame.to_csv()), dtype=str, **how)  # type: ignore[call-overload]
        return str(again.to_csv(index=False))

    return written


def with_lines_numbered(frame: pd.DataFrame) -> str:
    """Return what pandas writes of a table that it has read as if it had one line of names."""
    frame.columns.names, frame.index.name = ["Price", "Ticker"], "Datetime"
    again = pd.read_csv(io.StringIO(frame.to_csv()), dtype=str)
    return str(again.to_csv())


def spreadsheet(frame: pd.DataFrame) -> str:
    """Return a table in which a symbol stands once, above the first of its columns."""
    frame = frame.swaplevel(axis=1).sort_index(axis=1)
    lines = frame.to_csv(index_label="Date").splitlines()
    symbols = lines[0].split(",")
    once = [
        name if name != before else ""
        for before, name in zip(["", *symbols], symbols, strict=False)
    ]
    once[0] = ""
    header = ["Date", *lines[1].split(",")[1:]]
    return "\n".join([",".join(once), ",".join(header), *lines[3:], ""])


WIDE: dict[str, Callable[[pd.DataFrame], str]] = {
    "Close_QXA": flat(lambda number, symbol: f"{number}_{symbol}"),
    "QXA_close": flat(lambda number, symbol: f"{symbol}_{number.lower()}"),
    "QXA Close": flat(lambda number, symbol: f"{symbol} {number}"),
    "Close QXA": flat(lambda number, symbol: f"{number} {symbol}"),
    "QXA.Close": flat(lambda number, symbol: f"{symbol}.{number}"),
    "close-QXA": flat(lambda number, symbol: f"{number.lower()}-{symbol}"),
    "tuples": flat(lambda number, symbol: str((number, symbol))),
    "tuples, symbol first": flat(lambda number, symbol: str((symbol, number))),
    "levels without names": with_levels(None, None),
    "levels with names, no index": with_levels("Price", "Ticker"),
    "older pandas": with_levels("Attributes", "Symbols", index="Date"),
    "index named in a third line": with_levels(None, None, index="Date"),
    "index made a column": lambda frame: (
        frame.rename_axis(index="Date").reset_index().to_csv(index=False)
    ),
    "read and written again": read_and_written_again(),
    "read with two levels and written again": read_and_written_again(header=[0, 1]),
    "read and written again, lines numbered": with_lines_numbered,
    "semicolons": lambda frame: with_levels("Price", "Ticker", index="Date")(frame).replace(
        ",", ";"
    ),
    "spreadsheet": spreadsheet,
}


@pytest.mark.parametrize("layout", WIDE)
def test_symbols_side_by_side_are_told_apart_by_the_names_of_columns(
    layout: str, tmp_path: Path
) -> None:
    frames = {symbol: bars(symbol) for symbol in ("QXA", "ZYB")}
    path = write(tmp_path / "download.csv", WIDE[layout](two_levels(frames)))
    read = read_bars(path, None)
    assert_whole(read, QXA="QXA", ZYB="ZYB")
    assert any("side by side" in note for note in read.notes)
    assert_whole(read_bars(path, ["ZYB"]), ZYB="ZYB")
    assert symbols_in(path) == ("QXA", "ZYB")


def test_a_large_table_of_symbols_side_by_side_is_read_as_a_small_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_columns, "LATE_FROM_BYTES", 1)
    two_levels({symbol: bars(symbol) for symbol in ("QXA", "ZYB")}).to_parquet(tmp_path / "x.pq")
    assert_whole(read_bars(tmp_path / "x.pq", None), QXA="QXA", ZYB="ZYB")


@pytest.mark.parametrize("ticker", ["LOW", "OPEN", "C", "BRK B"])
def test_a_ticker_that_is_a_word_for_a_price_is_a_ticker_all_the_same(
    ticker: str, tmp_path: Path
) -> None:
    table = two_levels({ticker: bars()})
    for join in (lambda n, s: f"{n}_{s}", lambda n, s: f"{s}_{n}"):
        path = write(tmp_path / "x.csv", flat(join)(table.copy()))
        read = read_bars(path, None)
        assert read.symbols == (ticker,)
        np.testing.assert_array_equal(read.rows.low, bars()["low"])


def test_a_symbol_without_a_bar_has_no_row_where_others_have_one(tmp_path: Path) -> None:
    table = two_levels({"QXA": bars(), "ZYB": bars("ZYB"), "GONE": bars()}).astype(float)
    table.loc[table.index[3], (slice(None), "ZYB")] = np.nan
    table.loc[:, (slice(None), "GONE")] = np.nan
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"x.{suffix}"
        getattr(table, f"to_{suffix}")(path)
        read = read_bars(path, None)
        # What a download did not get is no symbol with invalid bars.
        assert read.symbols == symbols_in(path) == ("QXA", "ZYB")
        assert np.bincount(read.rows.symbol).tolist() == [len(STARTS), len(STARTS) - 1]
        assert not np.isnan(read.rows.close).any()
        assert "no rows of GONE" in refused(path, ["GONE"])


def test_a_symbol_that_lacks_a_column_is_left_out_by_name(tmp_path: Path) -> None:
    table = two_levels({"QXA": bars(), "ZYB": bars("ZYB")}).drop(columns=[("Volume", "ZYB")])
    read = read_bars(write(tmp_path / "x.csv", table.to_csv()), None)
    assert read.symbols == ("QXA",)
    assert any("WARNING: ZYB" in note and "left out" in note for note in read.notes)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("ts,close_QXA,close_ZYB", "no column for open"),
        ("ts,bid_open,bid_high,bid_low,bid_close,bid_volume", "no column for open"),
        (
            "ts,Open_QXA,High_QXA,Low_QXA,Close_QXA,close QXA,Volume_QXA",
            "could both be close of QXA",
        ),
    ],
)
def test_columns_that_are_no_whole_bars_of_a_symbol_are_refused(
    header: str, says: str, tmp_path: Path
) -> None:
    row = ",".join(["2024-07-01T13:30:00Z", *["1"] * header.count(",")])
    assert says in refused(write(tmp_path / "x.csv", f"{header}\n{row}\n"))


def test_a_line_of_units_or_a_first_row_without_prices_is_no_line_of_symbols(
    tmp_path: Path,
) -> None:
    head, *rows = csv().splitlines()
    empty = "2024-07-01T13:00:00Z,,,,,"
    read = read_bars(write(tmp_path / "QXA.csv", "\n".join([head, empty, *rows])), None)
    assert read.symbols == ("QXA",)
    assert len(read.rows) == len(rows) + 1
    units = ",USD,USD,USD,USD,shares"
    assert "line 2" in refused(write(tmp_path / "QXA.csv", "\n".join([head, units, *rows])))


def test_the_line_of_a_bad_price_counts_every_line_of_the_header(tmp_path: Path) -> None:
    text = with_levels("Price", "Ticker", index="Date")(two_levels({"QXA": bars()}))
    lines = text.splitlines()
    lines[4] = lines[4].replace("100.25", "abc")
    assert "row 2 (line 5)" in refused(write(tmp_path / "x.csv", "\n".join(lines)))


# -- folders ---------------------------------------------------------------------------------


def zipped(path: Path, **members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return path


def files(**texts: str) -> Callable[[Path], Path]:
    """Return what writes files of these names, in which `__` stands for a folder's end."""

    def written(folder: Path) -> Path:
        for name, text in texts.items():
            write(folder / name.replace("__", "/"), text)
        return folder

    return written


def packed(**members: str) -> Callable[[Path], Path]:
    return lambda folder: zipped(folder / "download.zip", **members)


A, B = csv("QXA", FIRST), csv("QXA", LAST)

ONE_SYMBOL: list[tuple[str, Callable[[Path], Path]]] = [
    ("years", files(**{"QXA_2023.csv": A, "QXA_2024.csv": B})),
    ("months", files(**{"QXA-2024-06.csv": A, "QXA-2024-07.csv": B})),
    ("names of months", files(**{"QXA_Jun2024.csv": A, "QXA_Jul2024.csv": B})),
    ("quarters", files(**{"QXA_2024Q2.csv": A, "QXA_2024Q3.csv": B})),
    ("halves of a month", files(**{"QXA_2024-07a.csv": A, "QXA_2024-07b.csv": B})),
    ("dates", files(**{"QXA_20240701.csv": A, "QXA_20240702.csv": B})),
    ("dates behind the symbol", files(**{"QXA20240701.csv": A, "QXA20240702.csv": B})),
    ("dates first", files(**{"2024-07-01_QXA.csv": A, "2024-07-02_QXA.csv": B})),
    ("from and to", files(**{"QXA_20240101_20240630.csv": A, "QXA_20240701_20241231.csv": B})),
    ("parts", files(**{"QXA_part1.csv": A, "QXA_part2.csv": B})),
    ("short dates", files(**{"QXA_240306.csv": A, "QXA_240307.csv": B})),
    (
        "spans of dates",
        files(**{"QXA_2024-03-06_to_2024-03-06.csv": A, "QXA_2024-03-07_to_2024-03-07.csv": B}),
    ),
    ("times", files(**{"QXA_2024-03-06T09-30.csv": A, "QXA_2024-03-07T09-30.csv": B})),
    ("counts", files(**{"QXA_1709735400.csv": A, "QXA_1709821800.csv": B})),
    ("two suffixes", files(**{"QXA_2023.csv.txt": A, "QXA_2024.csv.txt": B})),
    ("numbers", files(**{"QXA_1.csv": A, "QXA_2.csv": B})),
    ("padded numbers", files(**{"QXA-0003.csv": A, "QXA-0007.csv": B})),
    ("a browser's second", files(**{"QXA.csv": A, "QXA (1).csv": B})),
    ("the rest of a file", files(**{"QXA.csv": A, "QXA_2024.csv": B})),
    ("dates in a folder", files(**{"QXA__2024-07-01.csv": A, "QXA__2024-07-02.csv": B})),
    ("months in years", files(**{"QXA__2023__12.csv": A, "QXA__2024__01.csv": B})),
    ("months by name", files(**{"QXA__January.csv": A, "QXA__February.csv": B})),
    ("short names in years", files(**{"QXA__2024__jan.csv": A, "QXA__2024__feb.csv": B})),
    ("years as folders", files(**{"2023__QXA.csv": A, "2024__QXA.csv": B})),
    ("keys of dates", files(**{"date=2024-07-01__QXA.csv": A, "date=2024-07-02__QXA.csv": B})),
    (
        "parts of a table",
        files(**{"QXA__month=3__data_0.csv": A, "QXA__month=4__data_0.csv": B}),
    ),
    ("key of a symbol", files(**{"symbol=QXA__a.csv": A, "symbol=QXA__b.csv": B})),
    ("vendor's words", files(**{"QXA__bars_2023.csv": A, "QXA__bars_2024.csv": B})),
    ("texts", files(**{"QXA_2023.txt": A, "QXA_2024.txt": B})),
    ("parts in a zip", packed(**{"QXA_2023.csv": A, "QXA_2024.csv": B})),
    ("folder in a zip", packed(**{"QXA__2024-07-01.csv": A, "QXA__2024-07-02.csv": B})),
    (
        "zip named by the symbol",
        lambda folder: zipped(folder / "QXA.zip", **{"2023.csv": A, "2024.csv": B}),
    ),
    (
        "folder named by the symbol itself",
        lambda folder: files(**{"2024-07-01.csv": A, "2024-07-02.csv": B})(folder / "QXA"),
    ),
]


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ONE_SYMBOL])
def test_one_symbol_in_many_files_is_one_symbol_and_told_so(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    read = read_bars(path, None)
    assert_whole(read, QXA="QXA")
    assert len(read.rows) == len(STARTS) + SHARED_ROWS
    assert symbols_in(path) == ("QXA",)
    assert date_range(path) == (date(2024, 7, 1), date(2024, 7, 3))
    if "symbol=QXA" not in str(list(path.iterdir() if path.is_dir() else [])):
        assert any("names look like parts of one symbol: QXA" in note for note in read.notes)


def test_two_symbols_in_parts_stay_two(tmp_path: Path) -> None:
    for symbol in ("QXA", "ZYB"):
        write(tmp_path / f"{symbol}_2023.csv", csv(symbol, FIRST))
        write(tmp_path / f"{symbol}_2024.csv", csv(symbol, LAST))
    assert_whole(read_bars(tmp_path, None), QXA="QXA", ZYB="ZYB")


@pytest.mark.parametrize(
    "names",
    [
        ("0005", "0700"),
        ("2024", "6758"),
        ("QXA_5", "QXA_15"),
        ("QXA, 5", "QXA, 15"),
        ("ES=F", "NQ=F"),
        ("BRK-A", "BRK-B"),
        ("MAY", "DEC"),
        ("JANX", "MARA"),
    ],
    ids="-".join,
)
def test_names_that_only_resemble_dates_and_parts_are_symbols(
    names: tuple[str, str], tmp_path: Path
) -> None:
    for name in names:
        write(tmp_path / f"{name}.csv", csv())
    assert set(read_bars(tmp_path, None).symbols) == set(names)


def test_files_asked_for_by_their_whole_names_are_kept_apart(tmp_path: Path) -> None:
    files(**{"QXA_2023.csv": csv(), "QXA_2024.csv": csv("ZYB")})(tmp_path)
    read = read_bars(tmp_path, ["QXA_2024", "QXA_2023"])
    assert_whole(read, QXA_2024="ZYB", QXA_2023="QXA")


@pytest.mark.parametrize(
    "names",
    [
        ("QXA_1min_2023", "QXA_5min_2023"),
        ("a__QXA", "b__QXA"),
        ("QXA__1min__2024", "QXA__5min__2024"),
        ("QXA", "QXA.zip"),
        ("QXA", "QXA - Copy"),
        ("QXA - Copy", "QXA - Copy (2)"),
        ("QXA", "QXA copy 2"),
        ("QXA", "QXA (another copy)"),
        ("QXA", "QXA (3rd copy)"),
        ("QXA", "Copy of QXA"),
        ("QXA", "QXA - Kopie"),
        ("QXA", "QXA_old"),
        ("QXA", "QXA.backup"),
        ("QXA_2024", "QXA_2024 - Copy"),
    ],
    ids="-".join,
)
def test_files_of_one_symbol_that_are_no_parts_of_it_are_refused(
    names: tuple[str, str], tmp_path: Path
) -> None:
    for name in names:
        if name.endswith(".zip"):
            zipped(tmp_path / name, **{"QXA.csv": csv()})
        else:
            write(tmp_path / f"{name.replace('__', '/')}.csv", csv())
    assert "both claim to be QXA" in refused(tmp_path, ["QXA"])


@pytest.mark.parametrize("name", ["QXA - Copy", "Copy of QXA", "QXA (copy)", "QXA_old"])
def test_a_copy_alone_is_of_the_symbol_of_its_original(name: str, tmp_path: Path) -> None:
    read = read_bars(write(tmp_path / f"{name}.csv", csv()), None)
    assert read.symbols == ("QXA",)
    assert any(f"{name}.csv is read as QXA" in note for note in read.notes)


@pytest.mark.parametrize("name", ["OLD", "COPY", "QXA-OLD", "GOLD", "Backup"])
def test_a_symbol_called_like_a_copy_stays_one(name: str, tmp_path: Path) -> None:
    assert read_bars(write(tmp_path / f"{name}.csv", csv()), None).symbols == (name,)


@pytest.mark.parametrize(
    "names",
    [
        ("2024-07-01", "2024-07-02"),
        ("bars_2023", "bars_2024"),
        ("2023__06", "2023__07"),
        ("part-0001", "part-0002"),
    ],
    ids="-".join,
)
def test_files_named_by_dates_alone_are_refused_by_a_hint_that_works(
    names: tuple[str, str], tmp_path: Path
) -> None:
    for name, text in zip(names, (A, B), strict=True):
        write(tmp_path / f"{name.replace('__', '/')}.csv", text)
    said = refused(tmp_path)
    assert "look like dates or parts" in said
    assert "--symbol NAME" in said
    assert_whole(read_bars(tmp_path, None, format=BarFileFormat(symbol="QXA")), QXA="QXA")
    # One symbol asked for is as good as said.
    read = read_bars(tmp_path, ["QXA"])
    assert_whole(read, QXA="QXA")
    assert date_range(tmp_path, symbols=["QXA"]) == (date(2024, 7, 1), date(2024, 7, 3))


ZYB_TOO: list[tuple[str, Callable[[Path], Path]]] = [
    ("csv.gz of another", files(**{"QXA.csv": csv(), "ZYB.csv": csv("ZYB")})),
    ("text", files(**{"QXA.csv": csv(), "ZYB.txt": csv("ZYB")})),
    ("tabs", files(**{"QXA.csv": csv(), "ZYB.tsv": csv("ZYB").replace(",", "\t")})),
    ("stooq", files(**{"QXA.txt": csv(), "ZYB.txt": csv("ZYB").replace(",", ";")})),
    ("text in a subfolder", files(**{"nyse__QXA.csv": csv(), "nyse__ZYB.txt": csv("ZYB")})),
    ("readme beside", files(**{"QXA.csv": csv(), "ZYB.txt": csv("ZYB"), "_notes.txt": "x"})),
    ("zip of two", packed(**{"QXA.csv": csv(), "ZYB.csv": csv("ZYB")})),
    ("zip of two texts", packed(**{"QXA.txt": csv(), "ZYB.txt": csv("ZYB")})),
    ("zip of a folder", packed(**{"mine__QXA.csv": csv(), "mine__ZYB.csv": csv("ZYB")})),
    ("zip from a Mac", packed(**{"QXA.csv": csv(), "ZYB.csv": csv("ZYB"), "a__._QXA.csv": "?"})),
    (
        "zip of one each",
        lambda folder: (
            zipped(folder / "QXA.zip", **{"QXA.csv": csv()}),
            zipped(folder / "ZYB.zip", **{"ZYB.csv": csv("ZYB")}),
            folder,
        )[-1],
    ),
    (
        "zip beside a file",
        lambda folder: (
            write(folder / "QXA.csv", csv()),
            zipped(folder / "ZYB.zip", **{"data.csv": csv("ZYB")}),
            folder,
        )[-1],
    ),
]


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ZYB_TOO])
def test_texts_and_zips_are_read_as_other_files_are(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    read = read_bars(make(tmp_path), None)
    assert_whole(read, QXA="QXA", ZYB="ZYB")
    assert not any("left out" in note for note in read.notes)


def as_parquet(text: str) -> bytes:
    packed = io.BytesIO()
    pl.read_csv(io.StringIO(text), try_parse_dates=True).write_parquet(packed)
    return packed.getvalue()


def test_what_a_zip_holds_may_be_parquet_or_packed_once_more(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bars.zip", "w") as archive:
        archive.writestr("QXA.parquet", as_parquet(csv()))
        archive.writestr("mine/ZYB.csv.gz", gzip.compress(csv("ZYB").encode()))
    assert_whole(read_bars(tmp_path / "bars.zip", None), QXA="QXA", ZYB="ZYB")


def test_a_zip_in_a_zip_is_named_and_half_a_parquet_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bars.zip", "w") as archive:
        archive.writestr("more.zip", b"PK")
    assert "it has bars.zip/more.zip. Unpack it" in refused(tmp_path / "bars.zip")
    with zipfile.ZipFile(tmp_path / "bars.zip", "w") as archive:
        archive.writestr("QXA.parquet", as_parquet(csv())[:-40])
    assert "bars.zip/QXA.parquet cannot be read" in refused(tmp_path / "bars.zip")


def test_what_is_not_read_of_a_folder_is_named_in_one_note(tmp_path: Path) -> None:
    write(tmp_path / "QXA.csv", csv())
    write(tmp_path / "readme.txt", "bars of 2024, in order, by me, for you, as is\n")
    write(tmp_path / "sub" / "ZYB.xlsx", "PK")
    write(tmp_path / "log.txt", "2024-07-01 09:30:00 asked for 5 files and got 3 of 4 in 17 s\n")
    zipped(tmp_path / "more.zip", **{"ZYB.csv": csv("ZYB"), "how.pdf": "%PDF"})
    zipped(tmp_path / "pictures.zip", **{"a.png": "x"})
    for number in range(3):
        write(tmp_path / f"x{number}.json", "{}")
    write(tmp_path / ".DS_Store", "x")
    write(tmp_path / "_SUCCESS", "")
    (note,) = [note for note in read_bars(tmp_path, None).notes if "left out" in note]
    assert note.startswith("WARNING: 8 files")
    names = "log.txt, more.zip/how.pdf, pictures.zip, readme.txt, sub/ZYB.xlsx and 3 more"
    assert names in note


def test_a_folder_of_nothing_but_other_files_is_refused_with_their_names(tmp_path: Path) -> None:
    write(tmp_path / "QXA.xlsx", "PK")
    assert "it has QXA.xlsx" in refused(tmp_path)


def encrypted(folder: Path) -> Path:
    path = zipped(folder / "QXA.zip", **{"QXA.csv": csv()})
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    path.write_bytes(content)
    return path


def bomb(folder: Path) -> Path:
    return zipped(folder / "QXA.zip", **{"QXA.csv": csv() + "\n" * 60_000_000})


def half_a_zip(folder: Path) -> Path:
    path = zipped(folder / "QXA.zip", **{"QXA.csv": csv()})
    path.write_bytes(path.read_bytes()[:-30])
    return path


def damaged_inside(folder: Path) -> Path:
    path = zipped(folder / "QXA.zip", **{"QXA.csv": csv()})
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (encrypted, "QXA.zip is encrypted"),
        (bomb, "times its size"),
        (half_a_zip, "QXA.zip cannot be read"),
        (damaged_inside, "QXA.zip/QXA.csv cannot be read"),
        (lambda folder: write(folder / "QXA.zip", csv()), "Call it QXA.csv"),
        (lambda folder: zipped(folder / "QXA.zip", **{"a.png": "x"}), "no bar files; it has"),
        (lambda folder: zipped(folder / "QXA.zip"), "no bar files"),
        (lambda folder: zipped(folder / "QXA.zip", **{"QXA.csv": "ts,open\n"}), "no rows"),
    ],
    ids=["password", "bomb", "half", "damaged", "no zip", "pictures", "empty", "header alone"],
)
def test_a_zip_that_cannot_be_read_is_refused_in_one_line(
    make: Callable[[Path], Path], says: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    assert says in refused(path)
    # Nor is it passed over where it lies among others.
    write(tmp_path / "ZYB.csv", csv("ZYB"))
    if says.startswith("no bar files"):
        assert any("QXA.zip" in note for note in read_bars(tmp_path, None).notes)
    else:
        assert says in refused(tmp_path)


def test_a_zip_that_unpacks_to_more_than_memory_is_given_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_files, "_MOST_UNPACKED_BYTES", 1000)
    assert "which memory is not given for" in refused(
        zipped(tmp_path / "QXA.zip", **{"QXA.csv": csv()})
    )


# -- symbols ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "QXA_full_5min_adjsplit",
        "BATS_QXA, 5",
        "QXA.US",
        "qxa.us",
        "qxa_5m",
        "QXA-5min",
        "NASDAQ-QXA",
        "2024 QXA hist",
        "download",
        "my_download_of_june",
        "bars_5min",
    ],
)
def test_the_one_symbol_asked_for_is_found_in_a_file_that_a_vendor_named(
    name: str, tmp_path: Path
) -> None:
    path = write(tmp_path / f"{name}.csv", csv())
    read = read_bars(path, ["QXA"])
    assert_whole(read, QXA="QXA")
    assert any("is read as QXA" in note for note in read.notes)
    assert_whole(read_bars(path, None, format=BarFileFormat(symbol="QXA")), QXA="QXA")


@pytest.mark.parametrize(
    "name",
    [
        "ZYB",
        "QXA-B",
        "QXA.PR",
        "QXA-USD",
        "zyb",
        "zyb_5m",
        "zyb_full_5min_adjsplit",
        "BATS_ZYB, 5",
    ],
)
def test_a_file_that_is_named_by_another_symbol_is_not_taken_for_the_one_asked_for(
    name: str, tmp_path: Path
) -> None:
    path = write(tmp_path / f"{name}.csv", csv())
    said = refused(path, ["QXA"])
    assert "no rows of QXA" in said
    assert "--symbol QXA" in said
    told = BarFileFormat(symbol="QXA")
    assert_whole(read_bars(path, ["QXA"], format=told), QXA="QXA")


@pytest.mark.parametrize("name", ["QXA_full_5min", "qxa_full_5min", "all_of_qxa", "QXA, all"])
def test_a_vendors_word_is_no_symbol_though_one_is_called_so(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"{name}.csv", csv())
    for asked in ("FULL", "ALL"):
        assert f"no rows of {asked}" in refused(path, [asked])


def test_names_of_a_folder_hold_the_symbols_asked_for_as_words(tmp_path: Path) -> None:
    write(tmp_path / "QXA_full_5min.txt", csv())
    write(tmp_path / "ZYB_full_5min.txt", csv("ZYB"))
    assert_whole(read_bars(tmp_path, ["ZYB", "QXA"]), ZYB="ZYB", QXA="QXA")
    write(tmp_path / "QXA.csv", csv("BRK.B"))
    # A whole name goes before a word.
    assert_whole(read_bars(tmp_path, ["QXA"]), QXA="BRK.B")


def test_guesses_about_many_files_are_told_in_one_sentence(tmp_path: Path) -> None:
    names = [f"qx{letter}.us" for letter in "abcdefg"]
    for name in names:
        write(tmp_path / f"{name}.txt", csv())
    read = read_bars(tmp_path, [name[:3].upper() for name in names])
    (note,) = [note for note in read.notes if "is read as" in note]
    assert "qxa.us.txt is read as QXA, which is a word of its name, and so 6 more files" in note


def test_a_single_file_named_by_a_date_says_how_to_call_its_symbol(tmp_path: Path) -> None:
    read = read_bars(write(tmp_path / "2024-07-01.csv", csv()), None)
    assert any("looks like a date" in note and "--symbol NAME" in note for note in read.notes)
    read = read_bars(write(tmp_path / "QXA_2024.csv", csv()), None)
    assert_whole(read, QXA="QXA")
    assert any("QXA_2024.csv is read as QXA" in note for note in read.notes)


def test_a_session_is_not_fed_by_a_name_that_a_comma_has_parted(tmp_path: Path) -> None:
    path = write(tmp_path / "BATS_QXA, 5.csv", csv())
    with pytest.raises(BadInput, match="Ask for them as --symbols '\"BATS_QXA, 5\"'"):
        FileMarket(path, ["BATS_QXA", "5"], "NYSE")
    assert FileMarket(path, ["BATS_QXA, 5"], "NYSE").history([], SESSIONS[1]) is not None


FORMS = ("BRK.B", "BRK-B", "BRK/B", "BRK B")


@pytest.mark.parametrize("there", FORMS)
def test_one_class_of_a_share_is_one_symbol_however_it_is_written(
    there: str, tmp_path: Path
) -> None:
    text = bars("BRK.B").with_columns(symbol=pl.lit(there)).write_csv()
    column = write(tmp_path / "column.csv", text)
    paths = [column]
    if "/" not in there:
        paths.append(write(tmp_path / "name" / f"{there}.csv", csv("BRK.B")))
    wide = flat(lambda number, symbol: f"{number}_{symbol}")(two_levels({there: bars("BRK.B")}))
    paths.append(write(tmp_path / "wide.csv", wide))
    for path in paths:
        for asked in FORMS:
            assert_whole(read_bars(path, [asked]), **{asked: "BRK.B"})


def test_two_forms_in_one_source_are_one_symbol(tmp_path: Path) -> None:
    halves = [
        bars("BRK.B", rows).with_columns(symbol=pl.lit(name))
        for rows, name in ((FIRST, "BRK-B"), (LAST, "BRK.B"))
    ]
    path = write(tmp_path / "x.csv", pl.concat(halves).write_csv())
    assert_whole(read_bars(path, None), **{"BRK.B": "BRK.B"})
    assert_whole(read_bars(path, ["BRK/B"]), **{"BRK/B": "BRK.B"})
    assert symbols_in(path) == ("BRK.B",)


def test_a_name_with_commas_is_found_whether_it_is_quoted_or_not(tmp_path: Path) -> None:
    write(tmp_path / "BATS_QXA, 5.csv", csv())
    write(tmp_path / "ZYB.csv", csv("ZYB"))
    quoted, split = ["ZYB", "BATS_QXA, 5"], ["ZYB", "BATS_QXA", "5"]
    for asked in (quoted, split):
        assert_whole(read_bars(tmp_path, asked), **{"ZYB": "ZYB", "BATS_QXA, 5": "QXA"})
    text = bars().with_columns(symbol=pl.lit("QXA, class 5")).write_csv()
    path = write(tmp_path / "column" / "x.csv", text)
    for asked in (["QXA, class 5"], ["QXA", "class 5"]):
        assert_whole(read_bars(path, asked), **{"QXA, class 5": "QXA"})
    assert 'It has "QXA, class 5"' in refused(path, ["ZYB"])


def test_the_symbol_that_the_user_says_goes_before_names_and_a_column_of_one(
    tmp_path: Path,
) -> None:
    one = write(tmp_path / "x.csv", bars().with_columns(symbol=pl.lit("QXA US Equity")).write_csv())
    assert_whole(read_bars(one, None, format=BarFileFormat(symbol="QXA")), QXA="QXA")
    two = (
        bars()
        .vstack(bars("ZYB"))
        .with_columns(symbol=pl.Series(["QXA"] * len(STARTS) + ["ZYB"] * len(STARTS)))
    )
    path = write(tmp_path / "y.csv", two.write_csv())
    assert "a column says QXA, ZYB" in refused(path, symbol="QXA")
    wide = write(tmp_path / "z.csv", two_levels({"QXA": bars(), "ZYB": bars("ZYB")}).to_csv())
    assert "columns of 2 symbols" in refused(wide, symbol="QXA")
    assert "ZYB is asked for" in refused(one, ["ZYB"], symbol="QXA")


@pytest.mark.parametrize(
    "names",
    [
        {"close": "Last", "volume": "Total Volume"},
        {"close": "Close/Last"},
        {"close": "Latest"},
        {"ts": "Gmt time", "volume": "Volume "},
        {"ts": "open_time"},
    ],
    ids=["Last", "Close/Last", "Latest", "Gmt time", "open_time"],
)
def test_names_that_are_less_certain_count_where_no_column_has_a_better_one(
    names: dict[str, str], tmp_path: Path
) -> None:
    path = write(tmp_path / "QXA.csv", bars().rename(names).write_csv())
    read = read_bars(path, None)
    assert read.rows.close.tolist() == bars()["close"].to_list()
    assert read.rows.volume.tolist() == bars()["volume"].to_list()
    both = bars().with_columns(Last=pl.lit(1.0), **{"Total Volume": pl.lit(1)})
    other = read_bars(write(tmp_path / "both" / "QXA.csv", both.write_csv()), None)
    assert other.rows.close.tolist() == bars()["close"].to_list()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_texts_of_a_folder_are_bars_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "QXA.txt").write_bytes(csv().encode(encoding))
    (folder / "ZYB.tsv").write_bytes(csv("ZYB").replace(",", "\t").encode(encoding))
    read = read_bars(folder, None)
    assert read.symbols == ("QXA", "ZYB")
    assert not [note for note in read.notes if note.startswith("WARNING")]
