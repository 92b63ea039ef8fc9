"""How a text file of bars is laid out: lines above its header, separator, ragged rows."""

from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

from blocks.bars.columns import names_price
from blocks.bars.headerless.values import looks_like_data
from blocks.bars.sources.encoding import LOOKED_AT_BYTES, encoding_in
from blocks.bars.sources.paths import BarPath
from blocks.bars.wide.levels import MOST_LINES, Levels, levels_of
from trading.errors import BadInput

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What old programs and disks leave behind the last row: DOS's mark of an end, a printer's, and
# the zeros of a block that was never written.
PADDING = b"\x1a\x0c\0"
_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 65536
_MOST_LINES_OF_TITLE = 20
_FEWEST_PRICES = 3


@dataclass(frozen=True, slots=True)
class TextLayout:
    """The separator of a text file, and how many lines stand above its header."""

    separator: str
    lines_above: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Title:
    """How many lines of words stand above a header, and what splits its columns."""

    lines: int
    separator: str


def text_layout(path: BarPath) -> TextLayout:
    """Return how a text file is laid out. Raises BadInput when it is UTF-16 or has no header."""
    above, told, separator = 0, "", ","
    with opened(path) as file:
        while line := file.readline(_LONGEST_LINE):
            if b"\0" in line:
                raise BadInput(f"{path} is no text in UTF-8 or UTF-16", "Save it as CSV in UTF-8")
            text = _text_of(line)
            separator = told or max(_SEPARATORS, key=text.count)
            if spoken := re.fullmatch(r"sep=(.)", text, re.IGNORECASE):
                told = spoken[1]
            elif text.strip() and not _is_comment(text, separator):
                break
            above += 1
        else:
            raise BadInput(f"{path} has no header and no rows", "Write it again or leave it out")
        title = _lines_of_title(text, file, told)
    notes = []
    if title is not None:
        notes.append(f"lines above the header are passed over, such as {text[:80]!r}")
        above, separator = above + title.lines, title.separator
    if separator != ",":
        notes.append(f"columns are split at {_SEPARATORS.get(separator, repr(separator))}")
    if above and title is None:
        notes.append("lines above the header are passed over: they are blank or comments")
    return TextLayout(separator, above, tuple(notes))


def _lines_of_title(text: str, file: BinaryIO, told: str) -> _Title | None:
    """Return what stands above the header where a line of words does, None where none does.

    Such a line names no price and is no row, and has fewer fields than a header or row below it.
    """
    for lines in range(_MOST_LINES_OF_TITLE + 1):
        below = text if lines == 0 else _text_of(file.readline(_LONGEST_LINE))
        separator = told or max(_SEPARATORS, key=below.count)
        fields = next(csv.reader([below], delimiter=separator, skipinitialspace=True), [])
        if sum(map(names_price, fields)) >= _FEWEST_PRICES or looks_like_data(fields):
            is_wider = len(fields) > len(text.split(separator))
            return _Title(lines, separator) if is_wider else None
    return None


def _text_of(line: bytes) -> str:
    return line.decode("utf-8-sig", "replace").strip("\r\n")


def first_rows(source: BarPath | bytes, layout: TextLayout, count: int) -> list[list[str]]:
    """Return the fields of the first lines from where a header should be, all of one width.

    Lines that are blank, or of another width than the first, are left out.
    """
    with io.TextIOWrapper(opened(source), encoding="utf-8-sig", errors="replace") as text:
        for _ in range(layout.lines_above):
            text.readline()
        rows = list(islice(csv.reader(text, delimiter=layout.separator), count))
    return [fields for fields in rows if fields and len(fields) == len(rows[0])]


def header_levels(source: BarPath | bytes, layout: TextLayout) -> Levels | None:
    """Return the header of a text file where it takes several lines, None where it takes one."""
    with opened(source) as file:
        for _ in range(layout.lines_above):
            file.readline(_LONGEST_LINE)
        lines = [file.readline(_LONGEST_LINE) for _ in range(MOST_LINES)]
    texts = [line.decode("utf-8-sig", "replace").strip("\r\n") for line in lines]
    return levels_of(texts, layout.separator)


def refuse_unfinished(path: BarPath, layout: TextLayout) -> None:
    """Raise BadInput when the file stops in the middle of a row, as half-written ones do."""
    tail = end_of(path, 2 * _LONGEST_LINE).rstrip(PADDING)
    if not tail or tail.endswith((b"\n", b"\r")):
        return
    lines = tail.decode("utf-8", "replace").splitlines()[-2:]
    widths = [len(fields) for fields in csv.reader(lines, delimiter=layout.separator)]
    if len(widths) == 2 and widths[1] < widths[0]:
        raise BadInput(
            f"{path} stops in the middle of its last row, {lines[1][:80]!r}",
            "It is half-written: write it again",
        )


def end_of(path: BarPath, length: int) -> bytes:
    """Return so many bytes of a text's end, none of a compressed one.

    Its end is not known before it is read, and a stream that stops early is found out then.
    """
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            return b""
        if encoding_of(path) is None:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - length))
            return file.read()
    with opened(path) as text:
        return text.read()[-length:]


def wide_row(path: BarPath) -> str | None:
    """Return a sentence on the first row with more fields than the header, None without one."""
    layout = text_layout(path)
    width = 0
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig", errors="replace") as text:
        for _ in range(layout.lines_above):
            text.readline()
        rows = csv.reader(text, delimiter=layout.separator)
        for fields in rows:
            width = width or len(fields)
            if len(fields) > width:
                line = rows.line_num + layout.lines_above
                return (
                    f"line {line} of {path} has {len(fields)} fields, and the first row has {width}"
                )
    return None


def _is_comment(text: str, separator: str) -> bool:
    # Some programs write their header as a comment.
    return text.startswith("#") and not any(map(names_price, text.split(separator)))


def opened(source: BarPath | bytes) -> BinaryIO:
    """Open a text file or its content, its lines ending as everywhere."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    file = _unpacked(source)
    encoding = _encoding(file)
    if encoding is not None:
        with file:
            file = io.BytesIO(file.read().decode(encoding, "replace").encode())
    if not _has_returns_alone(file):
        return file
    with file:
        return io.BytesIO(re.sub(rb"\r\n?", b"\n", file.read()))


def encoding_of(path: BarPath) -> str | None:
    """Return the encoding of a text that is not UTF-8, None of one that is, or seems to be."""
    with _unpacked(path) as file:
        return _encoding(file)


def _encoding(file: BinaryIO) -> str | None:
    begin = file.read(LOOKED_AT_BYTES)
    file.seek(0)
    return encoding_in(begin)


def ends_lines_by_returns(path: BarPath) -> bool:
    """Return whether lines end in carriage returns without line feeds."""
    with _unpacked(path) as file:
        return _has_returns_alone(file)


def _has_returns_alone(file: BinaryIO) -> bool:
    begin = file.read(_LONGEST_LINE)
    file.seek(0)
    return b"\r" in begin and b"\n" not in begin


def _unpacked(path: BarPath) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    # A name in .gz promises a compressed file: one that is not is refused as damaged.
    if packed or path.name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(cast(BinaryIO, path.open("rb"))))
    return cast(BinaryIO, path.open("rb"))
