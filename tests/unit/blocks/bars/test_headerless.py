"""A file without a header loses no bar: it is read right, or its columns can be named."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile, read_bars
from trading.errors import BadInput
from trading.market.calendar import from_microseconds

NEW_YORK = ZoneInfo("America/New_York")
OPEN = datetime(2024, 3, 6, 9, 30, tzinfo=NEW_YORK)


class Bar(NamedTuple):
    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int


def make_bars() -> list[Bar]:
    closes = [120.0, 119.22, 118.88, 119.4, 120.1, 120.05, 121.3, 120.9, 120.2, 119.85]
    bars = []
    for at, (before, close) in enumerate(zip([119.5, *closes], closes, strict=False)):
        opened = round(before + 0.02, 2)
        high, low = max(opened, close) + 0.11, min(opened, close) - 0.09
        start = OPEN + timedelta(minutes=5 * at)
        bars.append(Bar(start, opened, round(high, 2), round(low, 2), close, 90_000 + 137 * at))
    return bars


BARS = make_bars()
Line = Callable[[Bar], str]


def write(path: Path, line: Line) -> Path:
    path.write_text("".join(f"{line(bar)}\n" for bar in BARS))
    return path


def the_bars(read: BarFile) -> list[tuple[object, ...]]:
    rows = read.rows
    starts = [from_microseconds(start) for start in rows.start_us]
    numbers = (rows.open, rows.high, rows.low, rows.close, rows.volume)
    return list(zip(starts, *(column.tolist() for column in numbers), strict=True))


EXPECTED = [(bar.at.astimezone(UTC), *bar[1:]) for bar in BARS]


def ohlc(bar: Bar, mark: str = ",") -> str:
    return mark.join(str(price) for price in bar[1:5])


def average(bar: Bar) -> float:
    return round((bar.high + bar.low + bar.close) / 3 + 0.03, 3)


VENDORS: dict[str, Line] = {
    "FirstRate": lambda b: f"{b.at:%Y-%m-%d %H:%M:%S},{ohlc(b)},{b.volume}",
    "Kibot": lambda b: f"{b.at:%m/%d/%Y},{b.at:%H:%M},{ohlc(b)},{b.volume}",
    "NinjaTrader": lambda b: f"{b.at:%Y%m%d %H%M%S};{ohlc(b, ';')};{b.volume}",
    "HistData": lambda b: f"{b.at:%Y%m%d %H%M%S};{ohlc(b, ';')};{b.volume}",
    "MetaTrader 4": lambda b: f"{b.at:%Y.%m.%d},{b.at:%H:%M},{ohlc(b)},{b.volume}",
    "MetaTrader 5": lambda b: f"{b.at:%Y.%m.%d\t%H:%M:%S}\t{ohlc(b, chr(9))}\t{b.volume}\t0\t1",
    "Stooq": lambda b: f"QXA.US,5,{b.at:%Y%m%d,%H%M%S},{ohlc(b)},{b.volume},0",
    "TradeStation": lambda b: f'"{b.at:%m/%d/%Y}",{b.at:%H%M},{ohlc(b)},{b.volume},{b.volume}',
    "a symbol first": lambda b: f"QXA,{b.at:%Y-%m-%dT%H:%M:%S},{ohlc(b)},{b.volume}",
    "a symbol last": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume},QXA",
    "symbol, date, time": lambda b: f"QXA,{b.at:%Y%m%d,%H%M},{ohlc(b)},{b.volume}",
    "seconds since 1970": lambda b: f"{b.at:%s},{ohlc(b)},{b.volume}".replace(
        f"{b.at:%s}", str(int(b.at.timestamp())), 1
    ),
    "Binance": lambda b: (
        f"{int(b.at.timestamp())}000,{ohlc(b)},{b.volume},{int(b.at.timestamp()) + 299}999,"
        f"{b.volume * 119}.5,311,45000,5300000,0"
    ),
    "nanoseconds": lambda b: f"{int(b.at.timestamp())}000000000,{ohlc(b)},{b.volume}",
    "written out": lambda b: f"{b.at:%Y%m%d%H%M%S},{ohlc(b)},{b.volume}",
    "a zone in each row": lambda b: f"{b.at.isoformat()},{ohlc(b)},{b.volume}",
    "an average before the volume": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.low},{b.volume}",
    "an average before the prices": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{average(b)},{ohlc(b)},{b.volume}"
    ),
    "an average before the close": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{b.open},{b.high},{b.low},{average(b)},{b.close},{b.volume}"
    ),
    "an average after the open": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{b.open},{average(b)},{b.high},{b.low},{b.close},{b.volume}"
    ),
    "an average and a count at the end": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume},{average(b)},{b.volume // 90}"
    ),
    "two averages around the volume": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{average(b)},{b.volume},{b.low}"
    ),
    "the last close": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.open - 0.02:.2f},{b.volume}",
    "dollars": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume * (b.high + b.low) / 2:.2f},{b.volume}"
    ),
    "an adjusted close": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.close},{b.volume}",
    "money after the volume": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume},{b.volume * average(b):.0f},{b.volume // 90}"
    ),
    "open interest": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume},{b.volume + 4_000_000}",
    "a count after the volume": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume},87",
    "open, close, high, low": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{b.open},{b.close},{b.high},{b.low},{b.volume}"
    ),
    "close first": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{b.close},{b.high},{b.low},{b.open},{b.volume}"
    ),
    "volume before the prices": lambda b: f"QXA,{b.at:%Y-%m-%d %H:%M},{b.volume},{ohlc(b)}",
    "rows numbered": lambda b: f"{BARS.index(b)},{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume}",
    "a title above": lambda b: (
        f"{'QXA, five minutes' + chr(10) if b.at == OPEN else ''}"
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume}"
    ),
    "spaces behind commas": lambda b: f"{b.at:%Y-%m-%d %H:%M}, {ohlc(b, ', ')}, {b.volume}",
    "a mark of UTF-8": lambda b: (
        f"{chr(0xFEFF) if b.at == OPEN else ''}{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume}"
    ),
}


@pytest.mark.parametrize("line", VENDORS.values(), ids=VENDORS.keys())
def test_bars_of_known_vendors_are_read_whole_and_each_column_is_named(
    line: Line, tmp_path: Path
) -> None:
    path = write(tmp_path / "QXA.csv", line)
    read = read_bars(path, None, format=BarFileFormat("America/New_York", "start"))
    assert the_bars(read) == EXPECTED
    assert [name.removesuffix(".US") for name in read.symbols] == ["QXA"]
    (note,) = [note for note in read.notes if "no header" in note]
    for name in ("open", "high", "low", "close", "volume"):
        assert name in note


OPEN_ORDERS: dict[str, Line] = {
    "no volume": lambda b: f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)}",
    "two columns of words": lambda b: f"QXA,NYSE,{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume}",
    "bid and ask": lambda b: f"{b.at:%Y-%m-%d %H:%M},{b.open},{b.volume},{b.high},{b.volume},77",
}


@pytest.mark.parametrize("line", OPEN_ORDERS.values(), ids=OPEN_ORDERS.keys())
def test_an_order_that_is_open_is_refused_with_the_way_to_name_it(
    line: Line, tmp_path: Path
) -> None:
    path = write(tmp_path / "QXA.csv", line)
    with pytest.raises(
        BadInput, match=r"no header: its first line .*--columns \S*ts,\S+"
    ) as caught:
        read_bars(path, None, format=BarFileFormat("America/New_York"))
    assert "\n" not in str(caught.value)


COUNTS: dict[str, Line] = {
    "a count before the volume": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume // 90},{b.volume * scattered(b)}"
    ),
    "an average, a count and the volume": lambda b: (
        f"{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{average(b)},{b.volume // 90},{b.volume * scattered(b)}"
    ),
    "a count, the volume and money": lambda b: (
        f"QXA,{b.at:%Y-%m-%d %H:%M},{ohlc(b)},{b.volume // 90},{b.volume * scattered(b)},"
        f"{b.volume * average(b) * scattered(b):.0f}"
    ),
}


def scattered(bar: Bar) -> int:
    return 1 + BARS.index(bar) % 3


@pytest.mark.parametrize("line", COUNTS.values(), ids=COUNTS.keys())
def test_a_count_of_trades_is_not_taken_for_the_volume_and_the_hint_leads_to_it(
    line: Line, tmp_path: Path
) -> None:
    path = write(tmp_path / "QXA.csv", line)
    with pytest.raises(BadInput, match="no header") as caught:
        read_bars(path, None, format=BarFileFormat("America/New_York"))
    hinted = re.search(r"--columns (\S+)", str(caught.value))
    assert hinted
    told = BarFileFormat("America/New_York", "start", column_order=tuple(hinted[1].split(",")))
    expected = [(*bar[:-1], bar[-1] * (1 + at % 3)) for at, bar in enumerate(EXPECTED)]
    assert the_bars(read_bars(path, None, format=told)) == expected


TOLD: dict[str, tuple[str, Line]] = {
    "volume first": (
        "ts,volume,open,high,low,close",
        lambda b: f"{b.at:%Y-%m-%d %H:%M},{b.volume},{ohlc(b)}",
    ),
    "columns to pass over": (
        "-,ts,-,open,high,low,close,volume",
        lambda b: f"7,{b.at:%Y-%m-%d %H:%M},x,{ohlc(b)},{b.volume}",
    ),
    "a date, a time and a symbol": (
        "symbol,date,time,open,high,low,close,volume",
        lambda b: f"QXA,{b.at:%Y-%m-%d,%H:%M},{ohlc(b)},{b.volume}",
    ),
    "another order than would be found": (
        "ts,close,high,low,open,volume",
        lambda b: f"{b.at:%Y-%m-%d %H:%M},{b.close},{b.high},{b.low},{b.open},{b.volume}",
    ),
}


@pytest.mark.parametrize(
    "time_format", ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y,%H:%M"]
)
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_a_sum_of_the_day_is_not_taken_for_the_volume_whichever_row_comes_first(
    is_newest_first: bool, time_format: str, tmp_path: Path
) -> None:
    day = [*BARS, *(b._replace(at=b.at + timedelta(minutes=50), volume=b.volume + 7) for b in BARS)]
    lines, total = [], 0
    for b in day:
        total += b.volume
        prices = f"{b.high},{b.low},{b.open},{b.close}"
        lines.append(f"{b.at.strftime(time_format)},{prices},{total},{b.volume},0\n")
    path = tmp_path / "QXA.csv"
    path.write_text("".join(reversed(lines) if is_newest_first else lines))
    read = read_bars(path, None, format=BarFileFormat(timezone="America/New_York"))
    assert sorted(the_bars(read)) == [(b.at.astimezone(UTC), *b[1:]) for b in day]


@pytest.mark.parametrize(("order", "line"), TOLD.values(), ids=TOLD.keys())
def test_columns_that_are_told_are_taken_in_the_order_told(
    order: str, line: Line, tmp_path: Path
) -> None:
    path = write(tmp_path / "QXA.csv", line)
    told = BarFileFormat("America/New_York", "start", column_order=tuple(order.split(",")))
    read = read_bars(path, None, format=told)
    assert the_bars(read) == EXPECTED
    assert read.symbols == ("QXA",)


def test_values_taken_for_names_are_refused_and_the_hint_leads_to_all_bars(tmp_path: Path) -> None:
    path = write(tmp_path / "QXA.csv", VENDORS["FirstRate"])
    first = path.read_text().splitlines()[0].split(",")
    names = ("ts", "open", "high", "low", "close", "volume")
    taken = BarFileFormat("America/New_York", "start", dict(zip(names, first, strict=True)))
    with pytest.raises(BadInput, match=r"no header.*Leave --column out") as caught:
        read_bars(path, None, format=taken)
    hinted = re.search(r"--columns (\S+)", str(caught.value))
    assert hinted
    told = BarFileFormat("America/New_York", "start", column_order=tuple(hinted[1].split(",")))
    assert the_bars(read_bars(path, None, format=told)) == EXPECTED


def test_a_time_is_never_taken_for_a_column_s_name(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("2024-03-06 09:30,a,b,c,d,e\n2024-03-06 09:35,10,12,9,11,500\n")
    columns = dict(zip(("open", "high", "low", "close", "volume"), "abcde", strict=True))
    told = BarFileFormat("America/New_York", columns={"ts": "2024-03-06 09:30", **columns})
    with pytest.raises(BadInput, match="no header: its first line looks like data"):
        read_bars(path, None, format=told)


@pytest.mark.parametrize(
    ("text", "order", "words"),
    [
        (
            "ts,open,high,low,close,volume\n2024-03-06 09:30,1,2,1,2,5\n",
            6,
            "has a header, 'ts,open",
        ),
        ("2024-03-06 09:30,10,12,9,11,500,7\n", 6, "names 6 columns, and .* has 7"),
        ("2024-03-06 09:30,10,12,9,11\n", 6, "names 6 columns, and .* has 5"),
    ],
)
def test_columns_that_do_not_fit_the_file_are_refused(
    text: str, order: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text(text)
    names = ("ts", "open", "high", "low", "close", "volume")[:order]
    with pytest.raises(BadInput, match=words):
        read_bars(path, None, format=BarFileFormat("America/New_York", column_order=names))


def test_a_bad_row_of_a_file_without_a_header_is_named_by_its_own_line(tmp_path: Path) -> None:
    path = write(tmp_path / "QXA.csv", VENDORS["FirstRate"])
    path.write_text(path.read_text().replace("118.88", "oops"))
    with pytest.raises(BadInput, match=r"text 'oops' in column 'close', row 3 \(line 3\)"):
        read_bars(path, None, format=BarFileFormat("America/New_York"))


def test_a_first_line_of_numbers_alone_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("34200000,1200000,1200300,1197900,1198900,891604\n" * 2)
    with pytest.raises(BadInput, match="no header: its first line looks like data, '34200000"):
        read_bars(path, None, format=BarFileFormat("America/New_York"))


@pytest.mark.parametrize("title", ["QXA historical data", "Symbol: QXA\nInterval: 5m\n", "a,b"])
def test_a_title_above_a_header_is_passed_over_with_a_note(title: str, tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text(f"{title}\nts,open,high,low,close,volume\n2024-03-06 09:30,10,12,9,oops,5\n")
    line = title.count("\n") + 3
    with pytest.raises(BadInput, match=rf"text 'oops' in column 'close', row 1 \(line {line}\)"):
        read_bars(path, None, format=BarFileFormat("America/New_York"))
    path.write_text(path.read_text().replace("oops", "11"))
    read = read_bars(path, None, format=BarFileFormat("America/New_York"))
    assert read.rows.close.tolist() == [11.0]
    assert any("such as" in note and title.split("\n")[0] in note for note in read.notes)


def test_a_header_of_numbers_stays_a_header(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("0,1,2,3,4,5\n2024-03-06 09:30,10,12,9,11,500\n")
    columns = dict(zip(("ts", "open", "high", "low", "close", "volume"), "012345", strict=True))
    read = read_bars(path, None, format=BarFileFormat("America/New_York", columns=columns))
    assert read.rows.close.tolist() == [11.0]


def test_a_column_that_moves_as_prices_do_is_no_volume(tmp_path: Path) -> None:
    """Closes that are adjusted for a split are far from the others, and whole for no share."""
    lines = []
    for at in range(30):
        bar = BARS[at % 10]._replace(at=OPEN + timedelta(minutes=5 * at))
        volume = 90_000 * (1 + at * 7 % 5)
        lines.append(f"{bar.at:%Y-%m-%d %H:%M},{ohlc(bar)},{bar.close / 2:.2f},{volume}")
    path = tmp_path / "QXA.csv"
    path.write_text("\n".join([*lines, ""]))
    read = read_bars(path, None, format=BarFileFormat("America/New_York", "start"))
    assert read.rows.volume.tolist()[:3] == [90_000, 270_000, 450_000]
