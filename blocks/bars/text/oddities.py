"""What keeps a text file from being read as it stands, and the same text without it.

Only its first and last lines are looked at: what is odd in between is named where it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from blocks.bars.headerless.values import is_date, is_time
from blocks.bars.sources.paths import BarPath
from blocks.bars.text.layout import (
    PADDING,
    TextLayout,
    encoding_of,
    end_of,
    ends_lines_by_returns,
    opened,
)

_LOOKED_AT_BYTES = 8192
# Fewer signs than these are no time that did not fit, but how a comment begins.
_FEWEST_UNSHOWN = 3
_LOOKED_AT_LINES = 50
# Early hours have volumes without thousands: commas in numbers are looked for further down.
_FAR_BYTES = 65_536
_COMMA_IN_NUMBER = re.compile(rb"\d,\d\d\d(?!\d)")
_COMMA_IN_QUOTES = re.compile(rb'"[^",\d]*\d{1,3},\d\d\d(?!\d)')
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d+\.\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_THOUSANDS_BY_POINTS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?")
# Spaces that do not break part thousands in much of Europe, plain ones part columns too.
_SPACED = re.compile("[+-]?\\d{1,3}(?:[\u00a0\u2009\u202f]\\d{3})+(?:[.,]\\d+)?")
_SPACES = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3})")
_DOLLARS = re.compile(r"([+-]?)(?:\$|USD) ?(?=[\d.])|(?<=\d) ?(?:\$|USD)$")
_LAST_WORDS = (
    "total",
    "totals",
    "sum",
    "average",
    "mean",
    "count",
    "rows",
    "records",
    "end",
    "eof",
)


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is odd in a text; `last_lines` are those behind the last row that are none."""

    returns: bool = False
    spaced_quotes: bool = False
    trailing_separators: bool = False
    decimal_commas: bool = False
    thousands: bool = False
    dollars: bool = False
    spaces: bool = False
    comments: bool = False
    encoding: str | None = None
    padding: str = ""
    last_lines: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence on each."""
        last = " and ".join(repr(line.strip()[:80]) for line in self.last_lines if line.strip())
        said = {
            "line ends are carriage returns alone, as old Macs write them": self.returns,
            "quotes behind spaces are read as quotes": self.spaced_quotes,
            "a separator behind each row's last value is passed over": self.trailing_separators,
            "commas in numbers are read as decimal points": self.decimal_commas,
            "commas in numbers are passed over: they part thousands": self.thousands,
            "spaces in numbers are passed over: they part thousands": self.spaces,
            "signs of dollars are passed over": self.dollars,
            "lines that begin with # are passed over": self.comments,
            f"text in {str(self.encoding).upper()[:6]} is read": self.encoding is not None,
            self.padding: bool(self.padding),
            f"the end of the file is passed over, as it is no row: {last}": bool(last),
        }
        return tuple(note for note, is_so in said.items() if is_so)


def find_oddities(path: BarPath, layout: TextLayout) -> Oddities:
    """Return what is odd in the first and the last lines of a text file."""
    with opened(path) as file:
        far = file.read(_FAR_BYTES)
    lines = _first_lines(far[:_LOOKED_AT_BYTES], len(far) >= _LOOKED_AT_BYTES, layout)
    lines = lines[:_LOOKED_AT_LINES]
    mark = re.escape(layout.separator)
    spaced = any(re.search(rf'(^|{mark}) +"', line) for line in lines)
    rows = [row for row in _fields(lines, layout.separator) if row]
    values = [value.strip() for row in rows[1:] for value in row]
    dollars = any(_DOLLARS.search(value) for value in values)
    commas = _COMMA_IN_QUOTES if layout.separator == "," else _COMMA_IN_NUMBER
    if commas.search(far):
        more = _first_lines(far, len(far) == _FAR_BYTES, layout)
        values = [value.strip() for row in _fields(more, layout.separator) for value in row]
    values = [_DOLLARS.sub(r"\1", value) for value in values]
    spaces = any(map(_SPACED.fullmatch, values))
    if spaces:
        values = [_unspaced(value) for value in values]
    return Oddities(
        returns=ends_lines_by_returns(path),
        spaced_quotes=spaced,
        trailing_separators=_end_in_separators(rows),
        decimal_commas=_have_decimal_commas(values),
        thousands=_have_thousands(values),
        dollars=dollars,
        spaces=spaces,
        comments=any(row[0].startswith("#") and not _is_unshown(row) for row in rows[1:]),
        encoding=encoding_of(path),
        padding=_padding(path),
        last_lines=_last_lines(path, layout),
    )


def _first_lines(begin: bytes, is_cut: bool, layout: TextLayout) -> list[str]:
    """Return the whole lines of a text's beginning, from its header on."""
    lines = _lines(begin)
    return (lines[:-1] if is_cut else lines)[layout.lines_above :]


def mended(path: BarPath, layout: TextLayout, odd: Oddities) -> bytes:
    """Return a file's text without what is odd in it; its lines keep their numbers."""
    with opened(path) as file:
        content = file.read()
    content = _unpadded(content)
    if odd.last_lines:
        kept = content.splitlines(keepends=True)[: -len(odd.last_lines)]
        content = b"".join(kept)
    if not (
        odd.spaced_quotes
        or odd.trailing_separators
        or odd.comments
        or odd.decimal_commas
        or odd.thousands
        or odd.dollars
        or odd.spaces
    ):
        return content
    lines = _lines(content)
    out = io.StringIO()
    out.writelines(f"{line}\n" for line in lines[: layout.lines_above])
    writer = csv.writer(out, delimiter=layout.separator, lineterminator="\n")
    width = 0
    for row in _fields(lines[layout.lines_above :], layout.separator):
        is_comment = width and odd.comments and row and row[0].startswith("#")
        if not row or (is_comment and not _is_unshown(row)):
            out.write("\n")
            continue
        width = width or len(row)
        if len(row) == width + 1 and not row[-1].strip():
            row.pop()
        writer.writerow([_plain(value, odd) for value in row])
    return out.getvalue().encode("utf-8", "surrogateescape")


def _is_unshown(row: Sequence[str]) -> bool:
    """Return whether a row begins with what a spreadsheet shows where a column is too narrow."""
    return len(row) > 1 and len(row[0]) >= _FEWEST_UNSHOWN and set(row[0]) == {"#"}


def _lines(content: bytes) -> list[str]:
    text = content.removeprefix(codecs.BOM_UTF8)
    return [line.decode("utf-8", "surrogateescape") for line in text.splitlines()]


def _fields(lines: Sequence[str], separator: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _plain(value: str, odd: Oddities) -> str:
    """Return a value as a plain number where it is one in the file's own writing."""
    bare = value.strip()
    if odd.dollars:
        bare = _DOLLARS.sub(r"\1", bare)
    if odd.spaces:
        bare = _unspaced(bare)
    if odd.thousands and _THOUSANDS.fullmatch(bare):
        return bare.replace(",", "")
    if odd.decimal_commas and _THOUSANDS_BY_POINTS.fullmatch(bare):
        return bare.replace(".", "").replace(",", ".")
    if odd.decimal_commas and _DECIMAL_COMMA.fullmatch(bare):
        return bare.replace(",", ".")
    return bare if odd.dollars or odd.spaces else value


def _unspaced(value: str) -> str:
    return _SPACES.sub("", value) if _SPACED.fullmatch(value) else value


def _end_in_separators(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether every row has one field more than the first line, and that empty."""
    width = len(rows[0]) if rows else 0
    return len(rows) > 1 and all(len(row) == width + 1 and not row[-1].strip() for row in rows[1:])


def _have_decimal_commas(values: Sequence[str]) -> bool:
    with_comma = [value for value in values if _DECIMAL_COMMA.fullmatch(value)]
    # Three digits behind every comma could as well be thousands.
    decimal = any(len(value.split(",")[1]) != 3 for value in with_comma)
    with_point = [value for value in values if _POINT.fullmatch(value)]
    return decimal and all(map(_THOUSANDS_BY_POINTS.fullmatch, with_point))


def _have_thousands(values: Sequence[str]) -> bool:
    """Return whether commas part thousands: all do, and another sign says they are no decimals."""
    with_comma = [v for v in values if re.fullmatch(r"[+-]?\d[\d.]*,[\d,.]*", v)]
    if not with_comma or not all(map(_THOUSANDS.fullmatch, with_comma)):
        return False
    is_plain = any(value.count(",") > 1 or "." in value for value in with_comma)
    return is_plain or any(_POINT.fullmatch(value) for value in values)


def _padding(path: BarPath) -> str:
    """Return a sentence on the bytes behind the last row that are no text, "" without any."""
    end = end_of(path, _LOOKED_AT_BYTES)
    bare = _unpadded(end)
    if bare == end:
        return ""
    if b"\0" not in end[len(bare) - 1 :]:
        return "a mark of the file's end behind the last row is passed over"
    return (
        "WARNING: zeros behind the last row are passed over: the disk or the program that wrote it"
        " may have stopped early, and rows be missing"
    )


def _unpadded(content: bytes) -> bytes:
    """Return a text without what old programs and disks leave behind its last row."""
    if not content.rstrip(b"\r\n").endswith((b"\x1a", b"\x0c", b"\0")):
        return content
    return content.rstrip(PADDING + b"\r\n") + b"\n"


def _last_lines(path: BarPath, layout: TextLayout) -> tuple[str, ...]:
    """Return the lines behind the last row that are words about the file, blank ones among them.

    Of a compressed file the end is not known before it is read.
    """
    end = end_of(path, _LOOKED_AT_BYTES)
    lines = _lines(_unpadded(end))
    # The first may be a part of one, or stand above the rows.
    lines = lines[layout.lines_above + 1 if len(end) < _LOOKED_AT_BYTES else 1 :]
    found = 0
    for count, line in enumerate(reversed(lines), 1):
        if line.strip() and not _is_about_the_file(line, layout.separator):
            break
        found = count if line.strip() else found
    return tuple(lines[len(lines) - found :])


def _is_about_the_file(line: str, separator: str) -> bool:
    values = [value.strip() for row in _fields([line], separator) for value in row if value.strip()]
    if not values or not re.match(r"[A-Za-z#(*-]", values[0]):
        return False
    if any(is_time(value) or is_date(value) for value in values):
        return False
    words = re.split(r"[\s:]+", values[0])
    return words[0].lower() in _LAST_WORDS or (len(values) == 1 and len(words) > 1)
