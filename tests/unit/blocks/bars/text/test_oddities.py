"""What programs and people leave in a text file beside its rows costs no bar."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile, read_bars
from trading.errors import BadInput
from trading.market.calendar import from_microseconds

HEADER = "ts,open,high,low,close,volume"
ROWS = (
    "2024-03-06 09:30,120.5,121,119.25,120.75,1500",
    "2024-03-06 09:35,120.75,122,120.5,121.5,900",
)
TEXT = "\n".join([HEADER, *ROWS, ""])
BARE = "\n".join([*ROWS, ""])
FIRST = datetime(2024, 3, 6, 14, 30, tzinfo=UTC)


def read(path: Path, content: str | bytes, form: str | None = None) -> BarFile:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    told = BarFileFormat("America/New_York", "start", time_format=form)
    return read_bars(path, None, format=told)


def in_quotes(text: str) -> str:
    lines = [", ".join(f'"{value}"' for value in line.split(",")) for line in text.split("\n")]
    return "\n".join(lines).replace('""', "")


def with_semicolons(text: str) -> str:
    return text.replace(",", ";").replace(".", ",")


READ_RIGHT: dict[str, tuple[str, str]] = {
    "DOS's mark of an end": (f"{TEXT}\x1a", "mark of the file's end"),
    "DOS's mark of an end, its own line": (f"{TEXT}\x1a\r\n", "mark of the file's end"),
    "DOS's mark of an end in the last row": (f"{TEXT.rstrip()}\x1a", "mark of the file's end"),
    "a printer's end of a page": (f"{TEXT}\f\n", "mark of the file's end"),
    "zeros of a disk": (TEXT + "\0" * 300, "WARNING: zeros behind the last row"),
    "zeros behind DOS's mark": (f"{TEXT}\x1a" + "\0" * 100, "WARNING: zeros behind the last row"),
    "a total and DOS's mark": (f"{TEXT}Total,2\n\x1a", "'Total,2'"),
    "carriage returns alone": (TEXT.replace("\n", "\r"), "carriage returns"),
    "carriage returns, no header": (BARE.replace("\n", "\r"), "carriage returns"),
    "carriage returns, comments above": (f"# mine\n{TEXT}".replace("\n", "\r"), "carriage returns"),
    "quotes behind spaces": (in_quotes(TEXT), "quotes behind spaces"),
    "quotes behind spaces, names bare": (
        f"{HEADER}\n{in_quotes(BARE)}", "quotes behind spaces"
    ),
    "quotes behind spaces hold the separator": (
        in_quotes(TEXT).replace("06 09", "06, 09"), "quotes behind spaces"
    ),
    "separators behind rows": ("\n".join([HEADER, *(f"{row}," for row in ROWS), ""]), "separator"),
    "separators behind rows, semicolons": (
        "\n".join([HEADER.replace(",", ";"), *(f"{row};".replace(",", ";") for row in ROWS), ""]),
        "separator",
    ),
    "decimal commas": (with_semicolons(TEXT), "decimal points"),
    "decimal commas, tabs": (with_semicolons(TEXT).replace(";", "\t"), "decimal points"),
    "decimal commas, no header": (with_semicolons(BARE), "decimal points"),
    "decimal commas, dates with dots": (
        with_semicolons(TEXT).replace("2024-03-06", "06.03.2024"), "decimal points"
    ),
    "thousands": (TEXT.replace("1500", '"1,500"'), "part thousands"),
    "thousands, semicolons": (
        TEXT.replace(",", ";").replace("1500", "1,500"), "part thousands"
    ),
    "thousands with points": (with_semicolons(TEXT).replace("1500", "1.500"), "decimal points"),
    "decimal commas in quotes": (
        f"{HEADER}\n"
        '2024-03-06 09:30,"120,5",121,"119,25","120,75",1500\n'
        '2024-03-06 09:35,"120,75",122,"120,5","121,5",900\n',
        "decimal points",
    ),
    "dollars": (TEXT.replace(",12", ",$12").replace(",119", ",$ 119"), "signs of dollars"),
    "dollars and thousands": (
        TEXT.replace(",12", ",$12").replace("1500", '"1,500"'), "signs of dollars"
    ),
    "dollars behind numbers": (TEXT.replace("120.5,", "120.5 USD,"), "signs of dollars"),
    "a comment between rows": (TEXT.replace(ROWS[1], f"# split here\n{ROWS[1]}"), "begin with #"),
    "a comment with separators": (TEXT.replace(ROWS[1], f"#a,b,c\n{ROWS[1]}"), "begin with #"),
    "a comment below the header": (TEXT.replace(HEADER, f"{HEADER}\n# New York"), "begin with #"),
    "Barchart's footer": (
        TEXT + '"Downloaded from Barchart.com as of 03-13-2024 05:07pm CDT"', "Downloaded from"
    ),
    "a total": (f"{TEXT}Total,,,,,2400\n", "Total"),
    "a total below a blank line": (f"{TEXT}\nTotal: 2 rows\n\n", "Total: 2 rows"),
    "a comment at the end": (f"{TEXT}# end of file\n", "# end of file"),
    "a footer and carriage returns": (f"{TEXT}End of file\n".replace("\n", "\r"), "End of file"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "note"), READ_RIGHT.values(), ids=READ_RIGHT.keys())
def test_what_is_odd_in_a_text_is_noted_and_costs_no_bar(
    text: str, note: str, tmp_path: Path
) -> None:
    found = read(tmp_path / "QXA.csv", text)
    assert from_microseconds(found.rows.start_us[0]) == FIRST
    assert found.rows.close.tolist() == [120.75, 121.5]
    assert found.rows.volume.tolist() == [1500.0, 900.0]
    assert [said for said in found.notes if note in said]


def test_thousands_below_rows_without_any_are_read(tmp_path: Path) -> None:
    """Rows before the open come first, and little is traded in them."""
    busy = ROWS[0].replace("1500", '"1,150,000"')
    found = read(tmp_path / "QXA.csv", "\n".join([HEADER, *ROWS * 60, busy, ""]))
    assert found.rows.volume.tolist() == [*[1500.0, 900.0] * 60, 1_150_000.0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [TEXT, BARE, f"{TEXT}Total,2\n"], ids=["plain", "bare", "total"])
def test_text_in_another_unicode_is_read_with_a_note(
    text: str, encoding: str, tmp_path: Path
) -> None:
    content = text.encode(encoding)
    for packed, name in ((content, "QXA.csv"), (gzip.compress(content), "QXA.csv.gz")):
        if name.endswith(".gz") and "Total" in text:
            continue
        found = read(tmp_path / name, packed)
        assert found.rows.close.tolist() == [120.75, 121.5]
        assert f"text in {encoding[:6].upper()} is read" in found.notes


def test_a_western_spreadsheets_letters_and_thousands_are_read(tmp_path: Path) -> None:
    """Columns are named as they are seen, and spaces that do not break part thousands."""
    lines = ["Datum;Er\u00f6ffnung;Hoch;Tief;Schluss;Volumen"]
    lines += [f"06.03.2024 09:3{n};120,5;121,5;119,5;120,75;1\u00a0500\u00a0000" for n in (0, 5)]
    (tmp_path / "QXA.csv").write_bytes("\n".join([*lines, ""]).encode("cp1252"))
    names = ("Datum", "Er\u00f6ffnung", "Hoch", "Tief", "Schluss", "Volumen")
    ours = ("ts", "open", "high", "low", "close", "volume")
    told = BarFileFormat("America/New_York", columns=dict(zip(ours, names, strict=True)))
    found = read_bars(tmp_path / "QXA.csv", None, format=told)
    assert found.rows.open.tolist() == [120.5, 120.5]
    assert found.rows.volume.tolist() == [1_500_000.0, 1_500_000.0]
    assert "text in CP1252 is read" in found.notes


def test_half_a_row_in_utf_16_is_half_a_row(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="stops in the middle of its last row"):
        read(tmp_path / "QXA.csv", f"{TEXT}2024-03-06 09:40,12".encode("utf-16"))


@pytest.mark.parametrize("mark", ["\ufeff", "\u200b", "\u00a0", "\u200e"])
def test_marks_that_nobody_sees_make_no_other_symbol_and_no_other_time(
    mark: str, tmp_path: Path
) -> None:
    # Two files with their marks of UTF-8, put one behind the other.
    symbols = f"{mark}QXA,{ROWS[0]}\n{mark}QXA,{ROWS[1]}\n"
    for text in (f"symbol,{HEADER}\n{symbols}", f"{HEADER}\n{ROWS[0]}\n{mark}{ROWS[1]}\n"):
        found = read(tmp_path / "QXA.csv", text)
        assert found.symbols == ("QXA",)
        assert found.rows.close.tolist() == [120.75, 121.5]


def test_a_file_of_plain_text_has_nothing_to_note(tmp_path: Path) -> None:
    for content in (TEXT, "\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), TEXT.strip()):
        notes = read(tmp_path / "QXA.csv", content).notes
        assert notes == ("there is no symbol column: the file's name gives the symbol",)


NAMED: dict[str, tuple[str, str]] = {
    "a comment far below": (
        "\n".join([HEADER, *ROWS * 900, "# split here", *ROWS, *ROWS * 900, ""]),
        r"'# split here'.* row 1801 \(line 1802\).*Remove the line",
    ),
    "a second header": (
        "\n".join([HEADER, *ROWS, HEADER, *ROWS, ""]), r"'open'.* row 3 \(line 4\).*Remove the line"
    ),
    "a total in the middle": (
        "\n".join([HEADER, *ROWS, "Total,,,,,2400", *ROWS, ""]), r"'Total'.* row 3 \(line 4\)"
    ),
    "thousands further down": (
        "\n".join([HEADER, *ROWS * 800, ROWS[0].replace("1500", '"1,500"'), ""]),
        r"'1,500' in column 'volume', row 1601 \(line 1602\)",
    ),
    "thousands or decimals": (
        "\n".join([HEADER, '2024-03-06 09:30,120,121,119,120,"1,500"', ""]),
        r"'1,500' in column 'volume', row 1 \(line 2\)",
    ),
    "points and commas before decimals": (
        with_semicolons(TEXT).replace("120,75", "120.75"), r"'\S+' in column '\w+', row \d"
    ),
    "another currency": (TEXT.replace(",120", ",€120"), "'€120.5' in column 'open'"),
    "a separator behind one row": (TEXT.replace(ROWS[1], f"{ROWS[1]},"), "line 3 .* has 7 fields"),
    "half a row": (f"{TEXT}2024-03-06 09:40,12", "stops in the middle of its last row"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NAMED.values(), ids=NAMED.keys())
def test_what_is_odd_in_between_is_named_with_its_line(
    text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read(tmp_path / "QXA.csv", text)
    assert "\n" not in str(caught.value)


def test_a_bad_row_below_what_was_passed_over_has_its_own_line(tmp_path: Path) -> None:
    text = TEXT.replace(HEADER, f"# mine\n{HEADER}\n# New York").replace("121.5", "oops")
    with pytest.raises(BadInput, match=r"text 'oops' in column 'close', row 3 \(line 5\)"):
        read(tmp_path / "QXA.csv", text)


def test_a_compressed_text_is_mended_likewise(tmp_path: Path) -> None:
    content = gzip.compress(with_semicolons(TEXT).replace("\n", "\r").encode())
    assert read(tmp_path / "QXA.csv.gz", content).rows.close.tolist() == [120.75, 121.5]
