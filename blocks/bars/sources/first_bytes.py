"""What a file really is by its first bytes, where its name says something else."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from blocks.bars.sources.paths import BarPath, holds_numbers, suffix_of
from trading.errors import BadInput

_AS_CSV = "Save its rows as CSV"
_AS_PARQUET = "Write it as {stem}.parquet"
_UNPACK = "Unpack it, or pack it with gzip"
_UNPACK_FOLDER = "Unpack it, and give the folder"
_PARQUET = (b"PAR1", b"PARE")
_GZIP = b"\x1f\x8b"
# First bytes, what they are those of, and the way on. ORC is a symbol too, which no zero follows.
_KINDS = tuple(
    (re.compile(form, re.DOTALL), kind, way)
    for form, kind, way in (
        (rb"PAR1", "Parquet", "Call it {stem}.parquet"),
        (
            rb"PK\x03\x04",
            "a workbook of Excel or a .zip",
            f"{_AS_CSV}; call it {{stem}}.zip if it is one",
        ),
        (rb"\xd0\xcf\x11\xe0", "an old workbook of Excel", _AS_CSV),
        (rb"ARROW1|FEA1", "Arrow or Feather", _AS_PARQUET),
        (rb"\xff{4}", "a stream of Arrow", _AS_PARQUET),
        (rb"ORC.*\0", "ORC", _AS_PARQUET),
        (rb"Obj\x01", "Avro", _AS_PARQUET),
        (rb"\x93NUMPY", "an array of numpy", _AS_CSV),
        (rb"\x80[\x02-\x05]", "a pickle of Python", _AS_PARQUET),
        (rb"\x89HDF", "HDF5", _AS_PARQUET),
        (rb"SQLite format 3", "a database of SQLite", _AS_CSV),
        (rb".{8}DUCK.\0{3}", "a database of DuckDB", _AS_PARQUET),
        (rb"BZh\d", "packed by bzip2", _UNPACK),
        (rb"\xfd7zXZ", "packed by xz", _UNPACK),
        (rb"\x28\xb5\x2f\xfd", "packed by Zstandard", _UNPACK),
        (rb"7z\xbc\xaf", "packed by 7-Zip", _UNPACK_FOLDER),
        (rb"Rar!", "packed by RAR", _UNPACK_FOLDER),
        (rb".{257}ustar[\0 ]", "a tar", _UNPACK_FOLDER),
        (rb"%PDF", "PDF", _AS_CSV),
        (
            rb"version https://git-lfs",
            "what Git LFS leaves in the place of a file",
            "Fetch the file itself with git lfs pull",
        ),
    )
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
_LOOKED_AT_BYTES = 512


def refuse_no_text(path: BarPath) -> None:
    """Raise BadInput for a file that is called a text and begins as something else does."""
    head = _head(path)
    if path.name.lower().endswith(".gz"):
        if not head.startswith(_GZIP):
            known = next(_known(path, head), None)
            bare = path.name[: -len(".gz")]
            raise BadInput(
                f"{path} is not packed by gzip, as its name says",
                known[1] if known else f"Call it {bare}",
            )
        return
    for kind, way in _known(path, head):
        raise BadInput(f"{path} is {kind} by its first bytes, and no text", way)
    for form, kind, way in _NO_ROWS:
        if form.match(head.removeprefix(codecs.BOM_UTF8)):
            raise BadInput(f"{path} is {kind} by its first bytes, and no table of rows", way)


def refuse_no_parquet(path: BarPath) -> None:
    """Raise BadInput for a file that is called Parquet and begins as something else does."""
    _refuse_other(path, "Parquet", _PARQUET)


def refuse_no_zip(path: BarPath) -> None:
    """Raise BadInput for a file that is called a .zip and begins as something else does."""
    _refuse_other(path, ".zip", (b"PK",))


def _refuse_other(path: BarPath, called: str, beginnings: tuple[bytes, ...]) -> None:
    head = _head(path)
    if not head or head.startswith(beginnings):
        return
    stem = path.name.removesuffix(suffix_of(path))
    ways = [*_known(path, head)]
    ways += [(kind, way) for form, kind, way in _NO_ROWS if form.match(head)]
    if head.startswith(_GZIP):
        ways.append(("packed by gzip", f"Call it {stem}.csv.gz if it is a text"))
    elif holds_numbers(path):
        ways.append(("a text", f"Call it {stem}.csv"))
    for kind, way in ways:
        raise BadInput(f"{path} is {kind} by its first bytes, and no {called}", way)


def _known(path: BarPath, head: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a file is by its first bytes, and the way on."""
    stem = path.name.removesuffix(suffix_of(path))
    for form, kind, way in _KINDS:
        if form.match(head):
            yield kind, way.format(stem=stem)


def _head(path: BarPath) -> bytes:
    with path.open("rb") as file:
        return bytes(file.read(_LOOKED_AT_BYTES))
