"""A stamp is a bar's start or its end by what the whole file shows, never by what was asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import read_bars
from trading.errors import BadInput
from trading.market.calendar import Session, from_microseconds, sessions_between

# The third ends at 13:00 in New York.
DAYS = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 11))
Times = dict[str, list[datetime]]


def starts(days: list[Session], *, first: int = 0, closing_print: bool = False) -> list[datetime]:
    """Return the starts of 5-minute bars from a bar on, and a print at the close if wanted."""
    return [
        moment
        for day in days
        for moment in (
            *(day.bar_start(bar, 5) for bar in range(first, day.bar_count(5))),
            *((day.close,) if closing_print else ()),
        )
    ]


def ends(days: list[Session]) -> list[datetime]:
    return [day.bar_end(bar, 5) for day in days for bar in range(day.bar_count(5))]


def around(days: list[Session], hours: float) -> list[datetime]:
    """Return the starts of bars from before the open to after the close."""
    more = int(hours * 12)
    return [
        day.open + timedelta(minutes=5 * bar)
        for day in days
        for bar in range(-more, day.bar_count(5) + more)
    ]


def written(times: Times, folder: Path) -> Path:
    rows = [(symbol, moment) for symbol, moments in times.items() for moment in moments]
    frame = pl.DataFrame(
        {
            "symbol": [symbol for symbol, _ in rows],
            "ts": pl.Series([moment for _, moment in rows], dtype=pl.Datetime("us", "UTC")),
        }
    ).with_columns(open=10.0, high=11.0, low=9.0, close=10.5, volume=1000.0)
    frame.write_parquet(folder / "bars.parquet")
    return folder / "bars.parquet"


def moments_of(path: Path, symbol: str, **asked: object) -> list[datetime]:
    rows = read_bars(path, [symbol], **asked).rows  # type: ignore[arg-type]
    return [from_microseconds(start) for start in rows.start_us]


AS_STARTS: dict[str, Times] = {
    "full": {"A": starts(DAYS)},
    "full, with prints at the close": {"A": starts(DAYS, closing_print=True)},
    "a thin one always lacks its first bar": {
        "A": starts(DAYS),
        "THIN": starts(DAYS, first=1),
    },
    "a thin one with prints at the close lacks its first bar more often than not": {
        "A": starts(DAYS, closing_print=True),
        "THIN": starts(DAYS[:5], first=1, closing_print=True) + starts(DAYS[5:]),
    },
    "one session with its open outvotes all that look like ends": {
        "THIN": starts(DAYS[:-1], first=1, closing_print=True)
        + starts(DAYS[-1:], closing_print=True),
    },
    "the open of one session, in one symbol, between hours around it": {
        "A": around(DAYS, 2.0),
        "THIN": starts(DAYS[:1]),
    },
}


@pytest.mark.parametrize("times", AS_STARTS.values(), ids=AS_STARTS.keys())
def test_a_row_at_an_open_and_none_before_it_makes_starts(times: Times, tmp_path: Path) -> None:
    path = written(times, tmp_path)
    for symbol, moments in times.items():
        assert moments_of(path, symbol) == moments
    assert not [note for note in read_bars(path, None).notes if note.startswith("WARNING")]


AS_ENDS: dict[str, Times] = {
    "full": {"A": ends(DAYS)},
    "two sessions": {"A": ends(DAYS[:2])},
    "a thin one without prints at the close": {
        "A": ends(DAYS),
        "THIN": [moment for moment in ends(DAYS) if moment.minute * moment.day % 7 == 1],
    },
    "a thin one with its first bars only": {
        "A": ends(DAYS),
        "THIN": [day.open + timedelta(minutes=5) for day in DAYS],
    },
}


@pytest.mark.parametrize("times", AS_ENDS.values(), ids=AS_ENDS.keys())
def test_rows_at_closes_and_none_at_opens_make_ends_for_every_symbol(
    times: Times, tmp_path: Path
) -> None:
    path = written(times, tmp_path)
    for symbol, moments in times.items():
        assert moments_of(path, symbol) == [moment - timedelta(minutes=5) for moment in moments]
        (warning,) = (n for n in read_bars(path, [symbol]).notes if n.startswith("WARNING"))
        assert "bar ENDS" in warning
        assert "--stamp" in warning


UNSURE: dict[str, Times] = {
    "one session": {"A": ends(DAYS[:1])},
    "one session of several symbols": {"A": ends(DAYS[:1]), "B": ends(DAYS[:1])},
    "one session of many shows it": {"A": ends(DAYS[:1]) + starts(DAYS[1:], first=20)},
}


@pytest.mark.parametrize("times", UNSURE.values(), ids=UNSURE.keys())
def test_what_one_session_alone_shows_is_no_proof_and_asks_for_the_flag(
    times: Times, tmp_path: Path
) -> None:
    path = written(times, tmp_path)
    assert moments_of(path, "A") == times["A"]
    (warning,) = (n for n in read_bars(path, None).notes if n.startswith("WARNING"))
    assert "--stamp end" in warning
    for stamp in ("start", "end"):
        told = BarFileFormat(stamp=stamp)  # type: ignore[arg-type]
        assert read_bars(path, None, format=told).rows.start_us.size == sum(
            map(len, times.values())
        )


CONTRADICTORY: dict[str, Times] = {
    "symbols": {"A": starts(DAYS), "B": ends(DAYS)},
    "dates": {"A": starts(DAYS[:3]) + ends(DAYS[3:])},
    "dates of one symbol of two": {"A": starts(DAYS), "B": starts(DAYS[:4]) + ends(DAYS[4:])},
    "one session of starts": {"A": ends(DAYS[:-1]) + starts(DAYS[-1:])},
}


@pytest.mark.parametrize("times", CONTRADICTORY.values(), ids=CONTRADICTORY.keys())
def test_rows_that_contradict_each_other_are_refused_with_both_readings(
    times: Times, tmp_path: Path
) -> None:
    path = written(times, tmp_path)
    # The same is said whatever is asked for.
    for symbols, start in ((None, None), (["A"], None), (["A"], DAYS[-1].date)):
        with pytest.raises(BadInput, match=r"bar starts by some.*bar ends by others.*--stamp"):
            read_bars(path, symbols, start=start)
    told = BarFileFormat(stamp="start")
    assert moments_of(path, "A", format=told) == times["A"]


PUT_APART: dict[str, tuple[Times, Times, str]] = {
    "symbols": ({"A": starts(DAYS)}, {"B": ends(DAYS)}, "rows of B into"),
    "later dates": (
        {"A": starts(DAYS[:3])}, {"A": ends(DAYS[3:])}, f"rows from {DAYS[3].date} on into"
    ),
    "earlier dates": (
        {"A": starts(DAYS[4:])}, {"A": ends(DAYS[:4])}, f"rows up to {DAYS[3].date} into"
    ),
    "dates between": (
        {"A": starts(DAYS[:2] + DAYS[5:])}, {"A": ends(DAYS[2:5])}, f"such as those of"
        f" {DAYS[2].date}, into"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("of_starts", "of_ends", "says"), PUT_APART.values(), ids=PUT_APART.keys())
def test_rows_that_contradict_are_read_right_once_they_are_apart_as_the_hint_says(
    of_starts: Times, of_ends: Times, says: str, tmp_path: Path
) -> None:
    both = {
        symbol: [*of_starts.get(symbol, []), *of_ends.get(symbol, [])]
        for symbol in of_starts | of_ends
    }
    with pytest.raises(BadInput) as refused:
        read_bars(written(both, tmp_path), None)
    assert says in str(refused.value)
    for times, stamp, minutes in ((of_starts, None, 0), (of_ends, "end", 5)):
        path = written(times, tmp_path)
        for symbol, moments in times.items():
            told = BarFileFormat(stamp=stamp)  # type: ignore[arg-type]
            true = [moment - timedelta(minutes=minutes) for moment in moments]
            assert moments_of(path, symbol, format=told) == true


def test_files_that_overlap_by_days_of_both_kinds_are_refused_with_the_day_from_which_on(
    tmp_path: Path,
) -> None:
    days = sessions_between("NYSE", date(2024, 3, 4), date(2024, 4, 5))
    both = sorted({*starts(days[:10]), *ends(days[7:])})
    with pytest.raises(BadInput, match="rows from 2024-03-18 on and those before"):
        read_bars(written({"AAA": both}, tmp_path), None)


def test_a_symbol_whose_first_bars_are_missing_here_and_there_is_no_mixture(
    tmp_path: Path,
) -> None:
    days = sessions_between("NYSE", date(2024, 3, 4), date(2024, 5, 17))
    thin = [
        moment
        for number, day in enumerate(days)
        for moment in starts([day], first=int(number % 3 == 0), closing_print=number % 2 == 0)
    ]
    assert moments_of(written({"AAA": thin}, tmp_path), "AAA") == thin


def test_a_single_day_of_ends_among_days_of_starts_is_named(tmp_path: Path) -> None:
    path = written({"A": [*starts(DAYS[:3]), *ends(DAYS[3:4]), *starts(DAYS[4:])]}, tmp_path)
    (said,) = [note for note in read_bars(path, None).notes if note.startswith("WARNING: stamps")]
    assert f"on {DAYS[3].date} A has all rows to the close and none at the open" in said


def test_a_symbol_that_never_agrees_with_the_file_is_named(tmp_path: Path) -> None:
    times = {
        "A": starts(DAYS, closing_print=True),
        "ODD": starts(DAYS, first=1, closing_print=True),
    }
    (warning,) = read_bars(written(times, tmp_path), ["A"]).notes
    assert "ODD" in warning
    assert "--stamp" in warning


def test_rows_before_every_open_hide_what_stamps_are(tmp_path: Path) -> None:
    path = written({"A": around(DAYS, 2.0)}, tmp_path)
    (note,) = read_bars(path, None).notes
    assert "If they are, pass --stamp end" in note
    assert not note.startswith("WARNING")


@pytest.mark.parametrize("kind", [AS_STARTS, AS_ENDS])
def test_any_part_of_a_file_gives_the_rows_that_the_whole_gives(
    kind: dict[str, Times], tmp_path: Path
) -> None:
    for times in kind.values():
        path = written(times, tmp_path)
        whole = {symbol: moments_of(path, symbol) for symbol in times}
        for day in DAYS:
            for symbol in times:
                asked = moments_of(path, symbol, start=day.date, end=day.date)
                own = [moment for moment in asked if moment.date() == day.date]
                assert own == [moment for moment in whole[symbol] if moment.date() == day.date]


def test_a_folder_is_judged_as_one_file(tmp_path: Path) -> None:
    for symbol, first in (("A", 0), ("THIN", 1)):
        frame = pl.read_parquet(
            written({symbol: starts(DAYS, first=first, closing_print=True)}, tmp_path)
        )
        (tmp_path / "bars").mkdir(exist_ok=True)
        frame.drop("symbol").write_csv(tmp_path / "bars" / f"{symbol}.csv")
    (warning,) = (
        note for note in read_bars(tmp_path / "bars", ["THIN"]).notes if note.startswith("WARNING")
    )
    assert "bar starts" in warning
    assert moments_of(tmp_path / "bars", "THIN")[0] == DAYS[0].open + timedelta(minutes=5)


@pytest.mark.parametrize("told", [None, "end"])
def test_ends_of_files_of_two_lengths_are_each_moved_by_their_own(
    told: str | None, tmp_path: Path
) -> None:
    for symbol, minutes in (("A", 1), ("B", 5), ("C", 15)):
        (tmp_path / symbol).mkdir()
        stamps = [day.bar_end(b, minutes) for day in DAYS for b in range(day.bar_count(minutes))]
        written({symbol: stamps}, tmp_path / symbol)
    format = BarFileFormat(stamp=told)  # type: ignore[arg-type]
    for symbol, minutes in (("A", 1), ("B", 5), ("C", 15)):
        true = [day.bar_start(b, minutes) for day in DAYS for b in range(day.bar_count(minutes))]
        assert moments_of(tmp_path, symbol, format=format) == true


def test_a_thin_symbol_in_a_file_of_its_own_is_moved_as_the_others_are(tmp_path: Path) -> None:
    for symbol in ("FULL", "THIN"):
        (tmp_path / symbol).mkdir()
    written({"FULL": ends(DAYS)}, tmp_path / "FULL")
    thin = [moment for at, moment in enumerate(ends(DAYS)) if at % 7 in (0, 2, 3, 6)]
    written({"THIN": thin}, tmp_path / "THIN")
    assert moments_of(tmp_path, "THIN") == [at - timedelta(minutes=5) for at in thin]


@pytest.mark.parametrize("told", [None, "end"])
@pytest.mark.parametrize(("first", "second"), [(1, 5), (5, 1), (15, 5)])
def test_ends_of_sessions_of_two_lengths_are_each_moved_by_their_own(
    first: int, second: int, told: str | None, tmp_path: Path
) -> None:
    lengths = [first] * 4 + [second] * (len(DAYS) - 4)
    pairs = list(zip(DAYS, lengths, strict=True))
    path = written({"A": [day.bar_end(b, n) for day, n in pairs for b in range(day.bar_count(n))]},
                   tmp_path)  # fmt: skip
    true = [day.bar_start(b, n) for day, n in pairs for b in range(day.bar_count(n))]
    format = BarFileFormat(stamp=told)  # type: ignore[arg-type]
    assert moments_of(path, "A", format=format) == true
    said = [note for note in read_bars(path, None, format=format).notes if "moved back" in note]
    short, long = sorted((first, second))
    assert all(f"moved back by {short} or {long} minutes" in note for note in said)
    assert bool(said) == (told is None)


def test_ends_of_two_lengths_in_one_file_are_read_right_from_a_file_each_as_the_hint_says(
    tmp_path: Path,
) -> None:
    times = {
        symbol: [day.bar_end(b, minutes) for day in DAYS for b in range(day.bar_count(minutes))]
        for symbol, minutes in (("A", 1), ("B", 5))
    }
    # A thin symbol beside others is of their length.
    times["THIN"] = [moment for at, moment in enumerate(times["A"]) if at % 7 in (0, 2, 3, 6)]
    with pytest.raises(BadInput, match=r"rows of B in .* 5 minutes apart and others 1 minute"):
        read_bars(written(times, tmp_path), ["A"])
    (tmp_path / "apart").mkdir()
    for name, symbols in (("one", ("A", "THIN")), ("five", ("B",))):
        of = written({symbol: times[symbol] for symbol in symbols}, tmp_path)
        of.rename(tmp_path / "apart" / f"{name}.parquet")
    for symbol, minutes in (("A", 1), ("B", 5), ("THIN", 1)):
        true = [moment - timedelta(minutes=minutes) for moment in times[symbol]]
        assert moments_of(tmp_path / "apart", symbol) == true
