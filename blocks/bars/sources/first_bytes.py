"""What a file really is where its first bytes are not those of a text, whatever its name says."""

from __future__ import annotations

import codecs
import re

from blocks.bars.sources.paths import BarPath, suffix_of
from trading.errors import BadInput

_AS_CSV = "Save its rows as CSV"
# First bytes, what they are those of, and the way on.
_KINDS = (
    (b"PAR1", "Parquet", "Call it {stem}.parquet"),
    (
        b"PK\x03\x04",
        "a workbook of Excel or a .zip",
        f"{_AS_CSV}; call it {{stem}}.zip if it is one",
    ),
    (b"\xd0\xcf\x11\xe0", "an old workbook of Excel", _AS_CSV),
    (b"ARROW1", "Arrow or Feather", "Write it as {stem}.parquet"),
    (b"\x89HDF", "HDF5", "Write it as {stem}.parquet"),
    (b"SQLite format 3", "a database of SQLite", _AS_CSV),
    (b"BZh", "packed by bzip2", "Unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed by xz", "Unpack it, or pack it with gzip"),
)
# Texts that hold no rows, whoever wrote them: a provider's answer, or its page of an error.
_NO_ROWS = (
    (
        re.compile(rb"\s*(?:\{|\[\s*[\[{])"),
        "JSON",
        "Write its bars as CSV, one a row: ts,open,high,low,close,volume",
    ),
    (
        re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE),
        "HTML or XML",
        "Look at it in a browser, and fetch its rows again as CSV",
    ),
)
_GZIP = b"\x1f\x8b"
_LOOKED_AT_BYTES = 256


def refuse_no_text(path: BarPath) -> None:
    """Raise BadInput for a file that is called a text and begins as something else does."""
    with path.open("rb") as file:
        head = bytes(file.read(_LOOKED_AT_BYTES))
    stem = path.name.removesuffix(suffix_of(path))
    if path.name.lower().endswith(".gz"):
        if not head.startswith(_GZIP):
            bare = path.name[: -len(".gz")]
            raise BadInput(f"{path} is not packed by gzip, as its name says", f"Call it {bare}")
        return
    for first, kind, way in _KINDS:
        if head.startswith(first):
            raise BadInput(
                f"{path} is {kind} by its first bytes, and no text", way.format(stem=stem)
            )
    for form, kind, way in _NO_ROWS:
        if form.match(head.removeprefix(codecs.BOM_UTF8)):
            raise BadInput(f"{path} is {kind} by its first bytes, and no table of rows", way)
