"""Bars as the engine reads them, kept in the user's cache for the next run over the same files.

A kept file is a header in JSON and the panel's arrays as they lie in memory, so that it is not
read but mapped. Every array has a checksum: a damaged file is as good as none.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from blocks.process.files.cache_folder import cache_folder
from trading.market.bars import NUMBERS, Prices
from trading.market.calendar import Session, from_microseconds, make_grid, to_microseconds
from trading.market.panel import Defects, Panel
from trading.market.parallel import for_each

MOST_BYTES = 2_000_000_000
# Enough for the largest that is kept, and for what else the user has to write.
LEAST_FREE_BYTES = 2 * MOST_BYTES

_MAGIC = b"openbell bars 1\n"
# After the magic: the header's length, and its checksum.
_NUMBER_BYTES = 8
_SUFFIX = ".bars"
_PARTIAL_SUFFIX = ".partial"
_PARTIAL_LASTS_S = 3600
_CHECKED_AT_A_TIME = 8_388_608


@dataclass(frozen=True, slots=True)
class LoadedPanel:
    """A panel, and what its loading told: sessions that only warm up, the source, the notes."""

    panel: Panel
    first_traded: int
    source: str
    notes: tuple[str, ...]


def kept_bars_folder() -> Path | None:
    """Return the folder `bars` of the user's cache; None where bars cannot be kept."""
    return cache_folder("bars", LEAST_FREE_BYTES)


def read_kept(folder: Path, key: str) -> LoadedPanel | None:
    """Return the bars kept under a key, their arrays mapped; None where there are no sound ones.

    Whatever is written to the arrays stays in this process.
    """
    path = folder / f"{key}{_SUFFIX}"
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        bars = _parse(content)
        # Those used last are the last to go.
        os.utime(path)
    except OSError:
        # None is there, or there is no memory for it now: a sound file may stay.
        return None
    except (ValueError, KeyError, TypeError):
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    return bars


def keep_bars(folder: Path, key: str, bars: LoadedPanel) -> bool:
    """Keep bars under a key, and forget those used longest ago where all take too much room.

    Returns whether they are kept: not those that take half the room and more, nor on a full disk.
    """
    arrays = [np.ascontiguousarray(getattr(bars.panel, name), np.float64) for name in NUMBERS]
    size = sum(array.nbytes for array in arrays)
    if size > MOST_BYTES // 2:
        return False
    header = json.dumps(_header(bars, arrays)).encode()
    try:
        _make_room(folder, MOST_BYTES - size)
        descriptor, name = tempfile.mkstemp(_PARTIAL_SUFFIX, dir=folder)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + _number(len(header)) + _number(_checksum(header)) + header)
                for array in arrays:
                    file.seek(_aligned(file.tell()))
                    file.write(array.data)
            partial.replace(folder / f"{key}{_SUFFIX}")
        finally:
            partial.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def forget_unused(folder: Path, seconds: float) -> int:
    """Remove kept bars that were not used for so long; return how many files went."""
    oldest, removed = time.time() - seconds, 0
    for path in folder.glob(f"*{_SUFFIX}"):
        # Another process may be faster.
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def _header(bars: LoadedPanel, arrays: list[np.ndarray[Any, Any]]) -> dict[str, Any]:
    grid = bars.panel.grid
    return {
        "symbols": bars.panel.symbols,
        "interval_minutes": grid.interval_minutes,
        "sessions": [
            (day.date.isoformat(), to_microseconds(day.open), to_microseconds(day.close))
            for day in grid.sessions
        ],
        "defects": bars.panel.defects.as_dict(),
        "first_traded": bars.first_traded,
        "source": bars.source,
        "notes": bars.notes,
        "checksums": [_checksums(array.data.cast("B")) for array in arrays],
    }


def _parse(content: mmap.mmap) -> LoadedPanel:
    view = memoryview(content)
    first, second = len(_MAGIC), len(_MAGIC) + _NUMBER_BYTES
    at = second + _NUMBER_BYTES
    length = int.from_bytes(view[first:second], "little")
    text = bytes(view[at : at + length])
    if view[:first] != _MAGIC or _number(_checksum(text)) != view[second:at]:
        raise ValueError("not a file of kept bars")
    header = json.loads(text)
    sessions = tuple(
        Session(date.fromisoformat(day), from_microseconds(opens), from_microseconds(closes))
        for day, opens, closes in header["sessions"]
    )
    grid = make_grid(sessions, header["interval_minutes"])
    symbols = tuple(header["symbols"])
    count = grid.rows * len(symbols)
    at += length
    arrays = []
    for name, checksums in zip(NUMBERS, header["checksums"], strict=True):
        begin = _aligned(at)
        at = begin + 8 * count
        if _checksums(view[begin:at]) != checksums:
            raise ValueError(f"{name} is damaged")
        values = np.frombuffer(content, np.float64, count, begin)
        arrays.append(values.reshape(grid.rows, len(symbols)))
    defects = Defects(**header["defects"])
    panel = Panel(
        grid,
        symbols,
        *Prices(*arrays),
        defects=defects,
        has_zero_volume=defects.zero_volume > 0,
    )
    return LoadedPanel(panel, header["first_traded"], header["source"], tuple(header["notes"]))


def _checksums(content: memoryview) -> list[int]:
    begins = range(0, len(content), _CHECKED_AT_A_TIME)
    return for_each(lambda begin: _checksum(content[begin : begin + _CHECKED_AT_A_TIME]), begins)


def _checksum(content: bytes | memoryview) -> int:
    return xxhash.xxh3_64_intdigest(content)


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "little")


def _aligned(offset: int) -> int:
    return -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE


def _make_room(folder: Path, most_bytes: int) -> None:
    """Remove files until the rest take no more than this, and what a killed process left."""
    now = time.time()
    kept = []
    for path in folder.iterdir():
        # Another process may be faster.
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if path.suffix == _SUFFIX:
                kept.append((found.st_mtime, found.st_size, path))
            elif path.suffix == _PARTIAL_SUFFIX and now - found.st_mtime > _PARTIAL_LASTS_S:
                path.unlink()
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= most_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size
