"""The path of a file of bars on disk or in a .zip, and what its name and head say of it."""

from __future__ import annotations

import gzip
import re
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from blocks.bars.sources.encoding import LOOKED_AT_BYTES, encoding_in
from blocks.process.files.disk_errors import words_of
from trading.errors import BadInput

# A member of a .zip is opened and named as a file is.
BarPath = Path | zipfile.Path

TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".tsv")
SUFFIXES = (".parquet", ".pq", *TEXT_SUFFIXES, ".zip")
_SUFFIXES_AT_END = re.compile(
    rf"(?:{'|'.join(map(re.escape, (*TEXT_SUFFIXES, '.parquet', '.pq', '.zip')))})+$", re.IGNORECASE
)
_HEAD_BYTES = 65_536
_NUMBER = re.compile(r'[\s"]*[-+]?\$?\d[\d.:/T-]*[Z%]?[\s"]*')


def suffix_of(path: BarPath) -> str:
    """Return the suffix that says how the file is written, or an empty text."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def stem_of(path: BarPath) -> str:
    """Return the file's name without its suffix; `.csv.gz` and `.csv.txt` count as one."""
    return _SUFFIXES_AT_END.sub("", path.name)


def content_of(path: BarPath) -> Path | bytes:
    """Return what polars reads a file from: its path, or what a .zip holds of it."""
    return path if isinstance(path, Path) else path.read_bytes()


def unreadable(path: Path, error: OSError) -> BadInput:
    """Return what to tell of a file or folder that the system does not let be read."""
    where = error.filename or path
    return BadInput(
        f"{where} cannot be read: {words_of(error)}", "Check the path and who may read it"
    )


def holds_numbers(path: BarPath) -> bool:
    """Return whether a text has a row with a time and prices, and not only words, as a readme."""
    try:
        with _opened(path) as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, EOFError, zipfile.BadZipFile):
        # Whoever opens it to read says what is wrong.
        return True
    encoding = encoding_in(head[:LOOKED_AT_BYTES]) or "utf-8-sig"
    lines = head.decode(encoding, "replace").splitlines()[:50]
    return any(map(_is_row, lines))


def _is_row(line: str) -> bool:
    """Return whether a line is five numbers and more, and hardly a word, as no line of a log is."""
    fields = [field for field in re.split(r"[,;\t|]|\s+", line) if field]
    numbers = sum(bool(_NUMBER.fullmatch(field)) for field in fields)
    return numbers >= 5 and numbers >= 0.7 * len(fields)


def _opened(path: BarPath) -> BinaryIO:
    if isinstance(path, Path) and not path.is_file():
        raise OSError(f"{path} is no regular file")
    if path.name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(cast(BinaryIO, path.open("rb"))))
    return cast(BinaryIO, path.open("rb"))
