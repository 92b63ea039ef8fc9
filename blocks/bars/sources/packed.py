"""The files of bars that a .zip holds."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from blocks.bars.sources.first_bytes import refuse_no_zip
from blocks.bars.sources.paths import holds_numbers, suffix_of, unreadable
from blocks.process.files.disk_errors import words_of
from trading.errors import BadInput

# A .zip is unpacked in memory. Bars as text pack to a tenth, so that more is no file of bars.
_MOST_UNPACKED_BYTES = 2_000_000_000
_MOST_TIMES_PACKED = 100
_SMALL_BYTES = 50_000_000
_READABLE_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_UNPACK = "Unpack it, and give the folder"


def members_of(path: Path) -> tuple[list[zipfile.Path], list[str]]:
    """Return the bar files of a .zip, and the names of the others."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadInput(f"{path} is no regular file", "Give a file, or a folder of files")
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        refuse_no_zip(path)
        raise BadInput(
            f"{path} cannot be read: {words_of(error)}",
            "The file is damaged, half-written or no .zip; write it again",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    found, others, unpacked = [], [], 0
    for member in sorted(archive.infolist(), key=lambda info: info.filename):
        parts = member.filename.split("/")
        if member.is_dir() or any(part.startswith((".", "_")) for part in parts):
            continue
        file = zipfile.Path(archive, member.filename)
        if suffix_of(file) in ("", ".zip"):
            others.append(member.filename)
            continue
        unpacked += member.file_size
        _refuse_packing(path, member, unpacked)
        if not suffix_of(file).startswith((".txt", ".tsv")) or holds_numbers(file):
            found.append(file)
        else:
            others.append(member.filename)
    return found, others


def _refuse_packing(path: Path, member: zipfile.ZipInfo, unpacked: int) -> None:
    size, packed = member.file_size, max(member.compress_size, 1)
    if member.flag_bits & 1:
        raise BadInput(
            f"{path} is encrypted: {member.filename} needs a password",
            "Unpack it with its password, and give the folder",
        )
    if member.compress_type not in _READABLE_PACKINGS:
        raise BadInput(f"{member.filename} is packed into {path} in an unknown way", _UNPACK)
    if unpacked > _MOST_UNPACKED_BYTES:
        raise BadInput(
            f"{path} unpacks to more than {_MOST_UNPACKED_BYTES / 1e9:g} GB, which memory is not"
            " given for",
            _UNPACK,
        )
    if size > _SMALL_BYTES and size > packed * _MOST_TIMES_PACKED:
        raise BadInput(
            f"{member.filename} of {path} unpacks to {size // packed} times its size, which no"
            " file of bars does",
            "Write it again, or unpack it and give the folder",
        )
