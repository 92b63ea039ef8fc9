"""What the reader says to do about a file is followed to the letter, and leads to its bars."""

from __future__ import annotations

import argparse
import gzip
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.bars.files import read_bars
from flows.commands.arguments import path_argument, symbols_argument
from flows.commands.bars.bar_format import add_bar_format_arguments, bar_format_of
from trading.errors import BadInput
from trading.market.calendar import sessions_between

# The clock of New York changes between them.
SESSIONS = sessions_between("NYSE", date(2024, 3, 6), date(2024, 3, 13))
STARTS = [session.open + timedelta(minutes=5 * bar) for session in SESSIONS for bar in range(78)]
# More hints one after the other are a circle.
_MOST_HINTS = 3


def true_bars() -> pl.DataFrame:
    random = np.random.default_rng(11)
    opened = 12_000 + np.cumsum(random.integers(-20, 21, len(STARTS)))
    close = opened + random.integers(-15, 16, len(STARTS))
    return pl.DataFrame(
        {
            "ts": pl.Series(STARTS, dtype=pl.Datetime("us", "UTC")),
            "open": opened / 100,
            "high": (np.maximum(opened, close) + 5) / 100,
            "low": (np.minimum(opened, close) - 5) / 100,
            "close": close / 100,
            "volume": random.integers(100_000, 900_000, len(STARTS)),
        }
    )


TRUE = true_bars()
NEW_YORK = TRUE.with_columns(
    pl.col("ts").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
)

CHICAGO = TRUE.with_columns(
    pl.col("ts").dt.convert_time_zone("America/Chicago").dt.replace_time_zone(None)
)


@dataclass(frozen=True)
class Case:
    """A file, what is said of it at first, and what the user alone can know of it.

    `known` is put into a hint's NAME, by our name for the column or by the option. Of so many
    `hints` the case is an example, and `rows` are in the file.
    """

    write: Callable[[Path], Path]
    said: str = ""
    known: dict[str, str] = field(default_factory=dict)
    hints: int = 1
    rows: slice = field(default_factory=lambda: slice(None))


def text(
    frame: pl.DataFrame,
    form: str = "%Y-%m-%d %H:%M:%S",
    name: str = "QXA.csv",
    *,
    header: bool = True,
    zone: str = "",
) -> Callable[[Path], Path]:
    """Return a writer of bars as text, their times in a form."""

    def write(folder: Path) -> Path:
        times = frame.columns[0]
        shown = frame.with_columns(pl.col(times).dt.strftime(form) + zone)
        shown.write_csv(folder / name, include_header=header)
        return folder / name

    return write


def renamed(**names: str) -> pl.DataFrame:
    return NEW_YORK.rename(names)


def ends(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("ts") + timedelta(minutes=5))


def pair(folder: Path) -> Path:
    frame = NEW_YORK.select(
        pl.col("ts").dt.strftime("%Y-%m-%d").alias("day"),
        pl.col("ts").dt.strftime("%H:%M").alias("clock"),
        "open", "high", "low", "close", "volume",
    )  # fmt: skip
    frame.write_csv(folder / "QXA.csv")
    return folder / "QXA.csv"


def two_symbols(folder: Path) -> Path:
    other = NEW_YORK.with_columns(pl.col("open", "high", "low", "close") * 3, kind=pl.lit("ZYB"))
    both = pl.concat([NEW_YORK.with_columns(kind=pl.lit("QXA")), other])
    both.write_csv(folder / "bars.csv")
    return folder / "bars.csv"


def dates_alone(folder: Path) -> Path:
    for day, of in NEW_YORK.group_by(pl.col("ts").dt.date(), maintain_order=True):
        of.write_csv(folder / f"{day[0]}.csv")
    return folder


def with_trades() -> pl.DataFrame:
    """Return bars with a number of trades before the volume."""
    trades = pl.col("volume") // (90 + pl.int_range(pl.len()) % 60)
    return NEW_YORK.select("ts", "open", "high", "low", "close", trades.alias("n"), "volume")


NY = "--timezone America/New_York"
CASES: dict[str, Case] = {
    "no zone": Case(text(NEW_YORK)),
    "no zone, Parquet": Case(lambda f: (NEW_YORK.write_parquet(f / "QXA.parquet"), f)[1]),
    "no zone, of another one": Case(text(CHICAGO), hints=2),
    "a Z that is none": Case(text(NEW_YORK, "%Y-%m-%dT%H:%M:%SZ")),
    "an offset that is none": Case(text(NEW_YORK, zone="-04:00")),
    "winter's letters in summer": Case(text(CHICAGO, zone=" CST"), hints=2),
    "letters of another clock": Case(text(NEW_YORK, zone=" CET")),
    "letters of no zone": Case(text(NEW_YORK, zone=" XYZ")),
    "a zone of fixed letters": Case(text(NEW_YORK), "--timezone EST"),
    "a zone that is none": Case(text(NEW_YORK), "--timezone New_York"),
    "a column of another name": Case(text(renamed(close="paid")), NY, {"close": "paid"}),
    "two columns of other names": Case(
        text(renamed(close="final", open="first")), NY, {"close": "final", "open": "first"}, 2
    ),
    "a time of another name": Case(text(renamed(ts="when")), NY, {"ts": "when"}),
    "a time in two columns": Case(pair, NY, {"ts": "day", "date": "day", "time": "clock"}, 2),
    "a time of day alone": Case(pair, NY, {"ts": "clock", "date": "day", "time": "clock"}, 2),
    "half of a time in two columns": Case(
        pair, f"{NY} --column date=day", {"date": "day", "time": "clock"}
    ),
    "two columns alike": Case(
        text(NEW_YORK.with_columns(Vol=pl.col("volume")).rename({"volume": "Volume"})), NY
    ),
    "two times alike": Case(
        text(NEW_YORK.with_columns(Timestamp=pl.col("open")).rename({"ts": "Time"})), NY
    ),
    "a count before the volume": Case(text(with_trades(), header=False), NY),
    "columns told of a file with a header": Case(
        text(NEW_YORK), f"{NY} --columns ts,open,high,low,close,volume"
    ),
    "columns told without one": Case(
        text(NEW_YORK, header=False), f"{NY} --columns ts,open,high,low,close"
    ),
    "columns told twice": Case(
        text(NEW_YORK, header=False), f"{NY} --columns ts,open,high,low,close,close"
    ),
    "values told as names": Case(
        text(NEW_YORK, header=False), f"{NY} --column 'ts=2024-03-06 09:30:00'"
    ),
    "names by dates alone": Case(dates_alone, NY, {"--symbol": "QXA"}),
    "another symbol than asked for": Case(text(NEW_YORK), f"{NY} --symbols ZYB"),
    "several symbols as one": Case(two_symbols, f"{NY} --symbols QXA", {"symbol": "kind"}),
    "one row a session, said to be ends": Case(
        text(ends(NEW_YORK)[5::78]),
        f"{NY} --stamp end",
        {"--source-interval": "5"},
        rows=slice(5, None, 78),
    ),
    "an odd time": Case(text(NEW_YORK, "%Y year %m %d, %H:%M"), NY),
    "an odd time, the day first": Case(text(NEW_YORK, "%d of %m of %Y / %H:%M:%S"), NY),
    "an odd time with names": Case(text(NEW_YORK, "%A the %d. of %B %Y at %H h %M"), NY),
    "a time told wrongly": Case(text(NEW_YORK), f"{NY} --time-format '%d.%m.%Y %H:%M'"),
    "an odd time told wrongly": Case(
        text(NEW_YORK, "%Y year %m %d, %H:%M"), f"{NY} --time-format '%d.%m.%Y %H:%M'"
    ),
    "a time told in other words": Case(
        text(NEW_YORK), f"{NY} --time-format 'YYYY-MM-DD HH:mm'", hints=2
    ),
}


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=path_argument)
    parser.add_argument("--symbols", type=symbols_argument, default=None)
    add_bar_format_arguments(parser)
    return parser.parse_args(words)


def followed(words: list[str], hint: str, known: dict[str, str]) -> list[str]:
    """Return the arguments after a hint, of several ways that it says the first that is one."""
    for option in re.findall(r"(?i)leave (--[a-z-]+) out", hint):
        words = without(words, option)
    hint = re.sub(r"(?i)leave --[a-z-]+ out(, or .*)?", "", hint)
    option = r"--[a-z-]+ (?:'[^']*'|[^\s;:()]*[^\s,;:().])"
    # What stands behind the first belongs to it where a bare "and" joins them.
    found = re.search(rf"{option}(?:(?: and(?: use)?)? {option})*", hint)
    more = [] if found is None else shlex.split(re.sub(r" and(?: use)? --", " --", found[0]))
    for at in range(0, len(more), 2):
        ours = more[at + 1].partition("=")[0] if "=" in more[at + 1] else more[at]
        more[at + 1] = re.sub("NAME|MINUTES", known.get(ours, "?"), more[at + 1])
        if more[at] != "--column":
            words = without(words, more[at])
        elif "ts=" in more[at + 1] or "date=" in more[at + 1]:
            words = without(words, "--column")
    return words + more


def without(words: list[str], option: str) -> list[str]:
    at = [at for at, word in enumerate(words) if word == option]
    return [word for place, word in enumerate(words) if place not in at and place - 1 not in at]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_hints_lead_to_the_bars(case: Case, tmp_path: Path) -> None:
    words = ["--bars", str(case.write(tmp_path)), *shlex.split(case.said)]
    said: list[str] = []
    for _ in range(_MOST_HINTS):
        try:
            args = parsed(words)
            read = read_bars(args.bars, args.symbols, format=bar_format_of(args))
            break
        except BadInput as error:
            said.append(str(error))
            words = followed(words, str(error.hint), case.known)
    else:
        pytest.fail("\n".join(said))
    assert read.rows.start_us.tolist() == TRUE["ts"].to_physical().to_list()[case.rows]
    assert read.rows.close.tolist() == TRUE["close"].to_list()[case.rows]
    assert read.rows.volume.tolist() == TRUE["volume"].to_list()[case.rows]
    assert len(said) >= case.hints
    assert not [note for note in read.notes if note.startswith("WARNING") and "off by" in note]


def test_a_clock_of_twelve_hours_that_says_no_half_of_the_day_is_named(tmp_path: Path) -> None:
    path = text(NEW_YORK, "%Y-%m-%d %I:%M")(tmp_path)
    with pytest.raises(
        BadInput, match=r"46% of its rows, such as that of 01:00.*12 hours and no AM"
    ):
        read_bars(path, None, format=bar_format_of(parsed(shlex.split(NY))))


def half(moment: datetime, written: str) -> str:
    """Return a time on a clock of twelve hours; `written` has gaps for hour and half of the day."""
    letter = "A" if moment.hour < 12 else "P"
    hour = moment.hour % 12 or 12
    return written.format(t=moment, h=hour, P=letter, p=letter.lower())


HALVES = [
    "{t:%Y-%m-%d} {h}:{t:%M} {P}M",
    "{t:%Y-%m-%d} {h:02}:{t:%M:%S}{p}m",
    "{t:%Y-%m-%d} {h}:{t:%M} {p}.m.",
    "{t:%Y-%m-%d} {h}:{t:%M:%S} {P}.M.",
    "{t:%Y-%m-%d} {h}:{t:%M} {p}. m.",
    "{t:%Y-%m-%d} {h}:{t:%M}{p}",
    "{t:%Y-%m-%d} {h:02}:{t:%M:%S} {P}",
    "{t:%d-%b-%Y}, {h}:{t:%M:%S}\u202f{P}M",
    "{t:%d-%b-%Y} {h}:{t:%M:%S}\u00a0{p}m",
    "{t:%Y-%m-%d} {P}M {h}:{t:%M}",
    "{t:%Y-%m-%d %H:%M} {P}M",
    "{t:%b %d, %Y} at {h}:{t:%M} {P}M",
    "{t:%Y-%m-%d} {h:02}:{t:%M:%S.000} {P}M ET",
]


@pytest.mark.parametrize("header", [True, False], ids=["header", "none"])
@pytest.mark.parametrize("written", HALVES)
def test_halves_of_the_day_are_read_however_they_are_written(
    written: str, header: bool, tmp_path: Path
) -> None:
    rows = [(half(moment, written), *rest) for moment, *rest in NEW_YORK.rows()]
    path = tmp_path / "QXA.csv"
    pl.DataFrame(rows, NEW_YORK.columns, orient="row").write_csv(path, include_header=header)
    read = read_bars(path, None, format=bar_format_of(parsed(shlex.split(NY))))
    assert read.rows.start_us.tolist() == TRUE["ts"].to_physical().to_list()


def refused(path: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_bars(path, None)
    return caught.value


def test_a_parquet_file_called_csv_is_read_once_it_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    TRUE.write_parquet(path)
    error = refused(path)
    assert "is Parquet by its first bytes" in error.what
    renamed = path.rename(tmp_path / error.hint.removeprefix("Call it "))
    assert len(read_bars(renamed, None).rows) == len(TRUE)


def test_a_text_called_gz_is_read_once_it_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv.gz"
    path.write_text(TRUE.write_csv())
    error = refused(path)
    assert "is not packed by gzip" in error.what
    renamed = path.rename(tmp_path / error.hint.removeprefix("Call it "))
    assert len(read_bars(renamed, None).rows) == len(TRUE)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"PK\x03\x04", "workbook of Excel"),
        (b"\xd0\xcf\x11\xe0", "old workbook"),
        (b"BZh9", "bzip2"),
        (b'{"c": [120.1, 120.2], "s": "ok"}', "JSON"),
        (b'\xef\xbb\xbf[\n  {"t": 1709735400}]', "JSON"),
        (b"<!DOCTYPE html><html><body>429", "HTML"),
    ],
)
def test_other_kinds_that_are_called_csv_are_named(first: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_bytes(first + bytes(range(256)) * 4)
    assert kind in refused(path).what


@pytest.mark.parametrize(("content", "name"), [
    (TRUE.write_csv().encode(), "QXA.parquet"),
    (TRUE.write_csv().encode(), "QXA.zip"),
    (gzip.compress(TRUE.write_csv().encode()), "QXA.pq"),
], ids=["text", "text as a .zip", "gzip"])  # fmt: skip
def test_a_text_called_otherwise_is_read_once_it_is_called_what_it_is(
    content: bytes, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    called = re.search(r"Call it (\S+)", refused(path).hint)
    assert called is not None
    assert len(read_bars(path.rename(tmp_path / called[1]), None).rows) == len(TRUE)


@pytest.mark.parametrize("name", ["QXA.parquet", "QXA.csv", "QXA.csv.gz", "QXA.zip"])
@pytest.mark.parametrize(("first", "way"), [
    (b"ARROW1\0\0", "Write it as QXA.parquet"),
    (bytes(8) + b"DUCK\x40\0\0\0", "Write it as QXA.parquet"),
    (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    (b"\x28\xb5\x2f\xfd", "Unpack it"),
], ids=["Feather", "DuckDB", "Git LFS", "Zstandard"])  # fmt: skip
def test_other_kinds_are_named_whatever_they_are_called(
    first: bytes, way: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(first + bytes(range(256)) * 4)
    assert way in refused(path).hint


def test_a_symbol_called_as_a_format_begins_is_a_symbol(tmp_path: Path) -> None:
    path = tmp_path / "us.txt"
    path.write_text(TRUE.with_columns(symbol=pl.lit("ORC")).write_csv(include_header=False))
    assert read_bars(path, None).symbols == ("ORC",)


def test_days_as_a_spreadsheet_counts_them_are_named(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("date,open,high,low,close,volume\n45356.395833,1,2,1,2,100\n")
    error = refused(path)
    assert "'45356.395833' in column 'date' is a spreadsheet's number of a day" in error.what


def test_a_day_and_a_part_of_it_as_a_spreadsheet_counts_them_are_named(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("date,time,open,high,low,close,volume\n45356,0.395833,1,2,1,2,100\n")
    assert "is a spreadsheet's number of a day" in refused(path).what


def test_times_that_a_spreadsheet_had_no_place_for_are_named(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("time,open,high,low,close,volume\n########,1,2,1,2,100\n########,1,2,1,2,9\n")
    assert "too narrow, row 1 (line 2)" in refused(path).what


@pytest.mark.parametrize(
    "text",
    [
        # As QuantConnect's files of a day are: the date is in their name.
        "".join(f"{34_200_000 + 60_000 * n},1224700,1225200,1220600,1221000,1485\n"
                for n in range(9)),
        "time,open,high,low,close,volume\n34200000,1,2,1,2,100\n34260000,1,2,1,2,100\n",
    ],
    ids=["without a header", "with a header"],
)  # fmt: skip
def test_times_that_count_from_midnight_are_said_to_have_no_date(text: str, tmp_path: Path) -> None:
    path = tmp_path / "20240306_qxa_minute_trade.csv"
    path.write_text(text)
    error = refused(path)
    assert "since midnight" in error.what
    assert "date and time" in error.hint
