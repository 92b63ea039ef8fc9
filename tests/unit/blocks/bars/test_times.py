"""Times as vendors write them are read right without a word, or with the one that the hint says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import date_range, read_bars
from trading.errors import BadInput
from trading.market.calendar import from_microseconds

NEW_YORK = "America/New_York"
# Six in the month: no digit tells day and month apart.
WINTER = datetime(2024, 3, 6, 14, 30, tzinfo=UTC)
# The same clock three sessions later, when it was put forward.
SUMMER = datetime(2024, 3, 13, 13, 30, tzinfo=UTC)


def read_times(
    folder: Path, texts: tuple[str, ...], zone: str | None = NEW_YORK, form: str | None = None
) -> list[datetime]:
    path = folder / "QXA.csv"
    lines = [f'"{text}",10,12,9,11,500' for text in texts]
    path.write_text("\n".join(["when,open,high,low,close,volume", *lines, ""]))
    told = BarFileFormat(zone, columns={"ts": "when"}, time_format=form)
    return [from_microseconds(stamp) for stamp in read_bars(path, None, format=told).rows.start_us]


LOCAL = {
    "MetaTrader": ("2024.03.06 09:30", "2024.03.13 09:30"),
    "MetaTrader with seconds": ("2024.03.06 09:30:00", "2024.03.13 09:30:00"),
    "dots and comma": ("2024.03.06,09:30", "2024.03.13,09:30"),
    "two digits of a year": ("3/6/24 9:30 AM", "3/13/24 9:30 AM"),
    "two digits, without space": ("03/06/24 9:30am", "03/13/24 9:30am"),
    "two digits, day first": ("06.03.24 09:30", "13.03.24 09:30"),
    "two digits, year first": ("24-03-06 09:30", "24-03-13 09:30"),
    "day, month's name": ("06-Mar-2024 09:30:00", "13-Mar-2024 09:30:00"),
    "day, month's full name": ("6 March 2024 09:30", "13 March 2024 09:30"),
    "day, month's name, short year": ("06-Mar-24 09:30", "13-Mar-24 09:30"),
    "month's name first": ("Mar 6, 2024 9:30 AM", "Mar 13, 2024 9:30 AM"),
    "month's full name first": ("March 6, 2024, 09:30:00", "March 13, 2024, 09:30:00"),
    "a weekday before": ("Wed, 06 Mar 2024 09:30:00", "Wed, 13 Mar 2024 09:30:00"),
    "year, month's name": ("2024-Mar-06 09:30:00", "2024-Mar-13 09:30:00"),
    "Bloomberg": ("06MAR2024_09:30:00.000000", "13MAR2024_09:30:00.000000"),
    "SAS": ("06MAR2024:09:30:00", "13MAR2024:09:30:00"),
    "dash before the time": ("20240306-09:30:00", "20240313-09:30:00"),
    "semicolon before the time": ("20240306;093000", "20240313;093000"),
    "NinjaTrader": ("20240306 093000", "20240313 093000"),
    "NinjaTrader's ticks": ("20240306 093000.0000000", "20240313 093000.0000000"),
    "comma before the time": ("2024-03-06, 09:30:00", "2024-03-13, 09:30:00"),
    "dash with spaces": ("2024-03-06 - 09:30", "2024-03-13 - 09:30"),
    "day first with dashes": ("06-03-2024 09:30", "13-03-2024 09:30"),
    "day first with dots": ("06.03.2024 09:30:00", "13.03.2024 09:30:00"),
    "month first with dashes": ("03-06-2024 09:30", "03-13-2024 09:30"),
    "fractions": ("2024-03-06T09:30:00.000", "2024-03-13T09:30:00.000000000"),
    "fractions after a comma": ("2024-03-06 09:30:00,000", "2024-03-13 09:30:00,000"),
    "minutes without a colon": ("20240306 0930", "20240313 0930"),
    "dots in the time": ("06.03.2024 09.30.00", "13.03.2024 09.30.00"),
    "dots in the time, no seconds": ("06/03/2024 09.30", "13/03/2024 09.30"),
    "an h in the time": ("2024-03-06 09h30", "2024-03-13 09h30"),
    "Oracle": ("06-MAR-24 09.30.00.000000 AM", "13-MAR-24 09.30.00.000000 AM"),
    "DB2": ("2024-03-06-09.30.00.000000", "2024-03-13-09.30.00.000000"),
    "milliseconds without a point": ("20240306093000000", "20240313093000000"),
    "a zero that is lost": ("20240306 930", "20240313 930"),
    "the time first": ("09:30 03/06/2024", "09:30 03/13/2024"),
    "month's name, dashes": ("Mar-06-2024 09:30", "Mar-13-2024 09:30"),
    "an ordinal": ("March 6th 2024 09:30", "March 13th 2024 09:30"),
    "the C library": ("Wed Mar  6 09:30:00 2024", "Wed Mar 13 09:30:00 2024"),
    "China": ("2024\u5e7403\u670806\u65e5 09:30", "2024\u5e7403\u670813\u65e5 09:30"),
}


@pytest.mark.parametrize("texts", LOCAL.values(), ids=LOCAL.keys())
def test_times_of_a_told_zone_need_no_format(texts: tuple[str, ...], tmp_path: Path) -> None:
    first, second = read_times(tmp_path, texts)
    assert first == WINTER
    assert second.replace(day=13, hour=13) == SUMMER


ZONED = {
    "abbreviations by season": ("2024-03-06 09:30:00 EST", "2024-03-13 09:30:00 EDT"),
    "abbreviations of another clock": ("2024-03-06 08:30 CST", "2024-03-13 08:30 CDT"),
    "Pacific": ("3/6/2024 6:30 AM PST", "3/13/2024 6:30 AM PDT"),
    "Paris": ("06.03.2024 15:30 CET", "13.03.2024 14:30 CET"),
    "in brackets": ("2024-03-06 09:30:00 (EST)", "2024-03-13 09:30:00 (EDT)"),
    "a clock's letters": ("2024-03-06 09:30:00 ET", "2024-03-13 09:30:00 ET"),
    "letters of one row alone": ("2024-03-06 14:30:00 GMT", "2024-03-13 09:30:00 EDT"),
    "a browser": (
        "Wed Mar 06 2024 09:30:00 GMT-0500 (Eastern Standard Time)",
        "Wed Mar 13 2024 09:30:00 GMT-0400 (Eastern Daylight Time)",
    ),
    "hours from GMT": ("2024-03-06 09:30:00 GMT-5", "2024-03-13 09:30:00 GMT-4"),
    "the shell": ("Wed Mar 06 14:30:00 UTC 2024", "Wed Mar 13 13:30:00 UTC 2024"),
    "offset from GMT": ("2024-03-06 09:30:00 GMT-0500", "2024-03-13 09:30:00 GMT-0400"),
    "Java's": (
        "2024-03-06T09:30:00-05:00[America/New_York]",
        "2024-03-13T09:30:00-04:00[America/New_York]",
    ),
    "mail's": ("Wed, 06 Mar 2024 14:30:00 GMT", "Wed, 13 Mar 2024 13:30:00 GMT"),
    "basic": ("20240306T143000Z", "20240313T133000Z"),
}


@pytest.mark.parametrize("texts", ZONED.values(), ids=ZONED.keys())
def test_a_zone_in_each_row_is_that_rows_own(texts: tuple[str, ...], tmp_path: Path) -> None:
    zone = "America/Chicago" if "CST" in texts[0] else None
    assert read_times(tmp_path, texts, zone) == [WINTER, SUMMER]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("2024-03-06 08:30 CST", "2024-03-13 08:30 CDT"), "'CST' behind a time means the clock"),
        (("2024-03-06 16:30 IST", "2024-03-13 15:30 IST"), "'IST' behind a time means the clock"),
        (("2024-03-06 17:30 AST", "2024-03-13 16:30 AST"), "'AST' behind a time means the clock"),
        (("2024-03-06 09:30 XYZ", "2024-03-13 09:30 XYZ"), "'XYZ' behind a time is no zone"),
    ],
)
def test_letters_that_mean_several_clocks_are_refused_with_a_zone_to_say(
    texts: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=rf"{words}.*row 1 \(line 2\).*--timezone \w+/\w+") as caught:
        read_times(tmp_path, texts, None)
    letters = texts[0].split()[-1]
    right = {"CST": "America/Chicago", "IST": "Asia/Jerusalem", "AST": "Asia/Riyadh"}.get(letters)
    if right is None:
        # What nobody knows is passed over once the zone is told.
        assert read_times(tmp_path, texts) == [WINTER, SUMMER]
        return
    assert right in str(caught.value)
    assert read_times(tmp_path, texts, right)[0] == WINTER
    with pytest.raises(BadInput, match=f"'{letters}' .* is not what clocks of Asia/Tokyo"):
        read_times(tmp_path, texts, "Asia/Tokyo")


TOLD = {
    "%Y.%m.%d %H:%M:%S": "2024.03.06 09:30:00",
    "%m/%d/%y %I:%M %p": "3/6/24 9:30 AM",
    "%d-%b-%Y %H:%M:%S": "06-Mar-2024 09:30:00",
    "%d-%m-%Y %H:%M": "06-03-2024 09:30",
    "%m-%d-%Y %H:%M": "03-06-2024 09:30",
    "%Y%m%d;%H%M%S": "20240306;093000",
    "%Y-%m-%d, %H:%M:%S": "2024-03-06, 09:30:00",
    "%d%b%Y_%H:%M:%S.%f": "06Mar2024_09:30:00.000000",
    "%y%m%d%H%M": "2403060930",
    "%Y-%j %H:%M": "2024-066 09:30",
    "%H:%M on %A, %B %d %Y": "09:30 on Wednesday, March 6 2024",
    "%H:%M:%S,%f %d.%m.%Y": "09:30:00,000 06.03.2024",
    "%Y-%m-%d %H:%M %z": "2024-03-06 09:30 -0500",
    "%Y-%m-%d %H:%M:%S %Z": "2024-03-06 09:30:00 EST",
}


@pytest.mark.parametrize("form", TOLD)
def test_a_told_format_is_read_as_told(form: str, tmp_path: Path) -> None:
    assert read_times(tmp_path, (TOLD[form],), form=form) == [WINTER]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d/%m/%Y %H:%M", "03/13/2024 09:30"),
        ("%Y-%m-%d %H:%M", "2024.03.13 09:30"),
        ("%Y%m%d %H%M", "1710336600"),
        ("%H:%M %A %d %B %Y", "09:30 Thursday 13 March 2024"),
    ],
)
def test_a_row_that_is_not_written_as_told_is_named(form: str, text: str, tmp_path: Path) -> None:
    good = {
        "%d/%m/%Y %H:%M": "06/03/2024 09:30",
        "%Y-%m-%d %H:%M": "2024-03-06 09:30",
        "%Y%m%d %H%M": "20240306 0930",
        "%H:%M %A %d %B %Y": "09:30 Wednesday 06 March 2024",
    }[form]
    with pytest.raises(BadInput, match=r"is not written as --time-format .*row 2 \(line 3\)"):
        read_times(tmp_path, (good, text), form=form)


def test_a_told_format_reads_a_date_and_a_time_column_together(tmp_path: Path) -> None:
    path = tmp_path / "QXA.csv"
    path.write_text("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n060324,930,10,12,9,11,500\n")
    told = BarFileFormat(NEW_YORK, time_format="%d%m%y %H%M")
    assert from_microseconds(read_bars(path, None, format=told).starts_us[0]) == WINTER


@pytest.mark.parametrize("text", ["6th of March, half past nine", "2024/066 09:30", "9:30 6/3"])
def test_the_hint_of_a_time_that_is_not_known_names_the_format(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"is no time that can be read.*--time-format"):
        read_times(tmp_path, (text,))


def write_days(folder: Path, *days: str) -> Path:
    for number, day in enumerate(days):
        path = folder / f"S{number}.csv"
        path.write_text(f"ts,open,high,low,close,volume\n{day} 09:30,10,12,9,11,500\n")
    return folder


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        # The 4th to the 8th of March, or of April, May, June, July and August: two no sessions.
        (["04/03/2024", "05/03/2024", "06/03/2024", "07/03/2024", "08/03/2024"], "2024-03-04"),
        (["03-04-2024", "03-05-2024", "03-06-2024", "03-07-2024", "03-08-2024"], "2024-03-04"),
        # The 6th of March and the 6th of May are sessions: one order leaves no session out.
        (["06.03.24", "07.03.24"], "2024-03-06"),
        (["7/8/2024", "7/9/2024"], "2024-07-08"),
        # The 7th of January was a Sunday.
        (["07/01/2024"], "2024-07-01"),
        (["01/07/2024"], "2024-07-01"),
    ],
)
def test_the_calendar_tells_day_and_month_apart_where_digits_do_not(
    dates: list[str], first: str, tmp_path: Path
) -> None:
    read = read_bars(write_days(tmp_path, *dates), None, format=BarFileFormat(NEW_YORK))
    assert str(from_microseconds(read.starts_us[0]).date()) == first
    assert not [note for note in read.notes if "WARNING" in note and "dates" in note]
    one = read_bars(write_days(tmp_path, *dates), ["S0"], format=BarFileFormat(NEW_YORK))
    assert len(one.starts_us) == 1


def test_a_date_that_nothing_decides_is_read_with_a_warning_and_the_format_that_settles_it(
    tmp_path: Path,
) -> None:
    path = write_days(tmp_path, "06/03/2024")
    read = read_bars(path, None, format=BarFileFormat(NEW_YORK))
    assert from_microseconds(read.starts_us[0]).month == 6
    (warned,) = [note for note in read.notes if "neither digits nor the calendar" in note]
    assert warned.startswith("WARNING: ")
    assert "'%m/%d/%Y %H:%M'" in warned
    other = BarFileFormat(NEW_YORK, time_format="%d/%m/%Y %H:%M")
    assert from_microseconds(read_bars(path, None, format=other).starts_us[0]) == WINTER


def test_files_of_one_folder_are_read_in_the_order_that_one_of_them_settles(
    tmp_path: Path,
) -> None:
    path = write_days(tmp_path, "06/03/2024", "13/03/2024")
    read = read_bars(path, None, format=BarFileFormat(NEW_YORK))
    assert from_microseconds(read.starts_us[0]) == WINTER
    assert not [note for note in read.notes if "neither digits nor the calendar" in note]
    alone = read_bars(path, ["S0"], format=BarFileFormat(NEW_YORK))
    assert from_microseconds(alone.starts_us[0]) == WINTER
    assert date_range(path, BarFileFormat(NEW_YORK)) == (date(2024, 3, 6), date(2024, 3, 13))


def test_what_a_date_means_does_not_depend_on_the_symbols_that_are_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bars.csv"
    rows = ["A,06/03/2024 09:30,10,12,9,11,500", "B,13/03/2024 09:30,10,12,9,11,500"]
    path.write_text("\n".join(["symbol,ts,open,high,low,close,volume", *rows, ""]))
    read = read_bars(path, ["A"], format=BarFileFormat(NEW_YORK))
    assert from_microseconds(read.starts_us[0]) == WINTER


@pytest.mark.parametrize(
    ("texts", "odd"),
    [
        (("03/06/2024 09:30", "03/13/2024 09:30", "13/03/2024 09:35"), "'13/03/2024'"),
        (("06.03.24 09:30", "13.03.24 09:30", "03.13.24 09:35"), "'03.13.24'"),
        (("03-13-2024 09:30", "03-14-2024 09:30", "31-03-2024 09:30"), "'31-03-2024'"),
    ],
)
def test_a_date_in_another_order_than_the_others_is_named(
    texts: tuple[str, ...], odd: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=rf"{odd} in column 'when' is no date as .*row 3 \(line 4\)"):
        read_times(tmp_path, texts)


def test_counts_with_an_exponent_are_read_and_those_that_lost_digits_are_refused(
    tmp_path: Path,
) -> None:
    assert read_times(tmp_path, ("1.7097354e+18", "1.7103366e+18"), None) == [WINTER, SUMMER]
    with pytest.raises(BadInput, match=r"'1.70974E\+12' .* has lost the last digits"):
        read_times(tmp_path, ("1.70974E+12", "1.71034E+12"), None)


def test_a_number_that_is_no_time_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"133542090000000000 .* is no time .*line 2"):
        read_times(tmp_path, ("133542090000000000", "133548066000000000"))


def test_six_digits_of_a_date_are_told_with_an_order_that_the_hint_names(tmp_path: Path) -> None:
    texts = ("240306 093000", "240313 093000")
    with pytest.raises(BadInput, match=r"--time-format '%y%m%d %H%M%S' or '%d%m%y %H%M%S'"):
        read_times(tmp_path, texts)
    assert read_times(tmp_path, texts, form="%y%m%d %H%M%S") == [WINTER, SUMMER]


# Six sessions of March as they were, and as a spreadsheet of another country wrote them.
MARCH = [date(2024, 3, day) for day in (6, 7, 8, 11, 12, 13)]


@pytest.mark.parametrize(
    ("exchanged", "left"),
    [("%m/%d/%Y 09:30", "%d/%m/%Y 09:30"), ("%d-%m-%Y 09:30", "%m-%d-%Y 09:30")],
)
def test_dates_that_a_spreadsheet_exchanged_where_it_could_are_refused(
    exchanged: str, left: str, tmp_path: Path
) -> None:
    texts = [day.strftime(exchanged if day.day <= 12 else left) for day in MARCH]
    with pytest.raises(BadInput, match="in two orders"):
        read_times(tmp_path, tuple(texts))


@pytest.mark.parametrize("form", ["%m/%d/%Y 09:30", "%d/%m/%Y 09:30"])
@pytest.mark.parametrize("holidays", [(), (date(2024, 3, 29), date(2024, 4, 1))])
def test_dates_of_one_order_are_read_though_some_are_no_sessions(
    form: str, holidays: tuple[date, ...], tmp_path: Path
) -> None:
    days = [*MARCH, *holidays]
    read = read_times(tmp_path, tuple(day.strftime(form) for day in days))
    assert [moment.date() for moment in read] == days
