"""Numbers packed small for a page of HTML: whole ones by seven bits, floats as they are."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from trading.bars import Floats, Integers

# A browser's numbers are 64-bit floats; beyond this they skip whole numbers.
LARGEST = 2**53


def zigzag(values: Integers) -> Integers:
    """Return signed numbers as unsigned ones, small where the value is near zero."""
    return np.where(values >= 0, values * 2, -values * 2 - 1)


def pack(values: Integers) -> tuple[bytes, Integers]:
    """Return whole numbers from 0 up to LARGEST as LEB128, and how many bytes each takes.

    Seven bits a byte, the low ones first; the highest bit says that more follow.
    """
    left = values.astype(np.uint64)
    lengths = np.ones(len(values), dtype=np.int64)
    for bits in range(7, 64, 7):
        longer = left >= np.uint64(1 << bits)
        if not longer.any():
            break
        lengths += longer
    first = np.cumsum(lengths) - lengths
    packed: NDArray[np.uint8] = np.zeros(int(lengths.sum()), dtype=np.uint8)
    for byte in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > byte)
        more = (lengths[here] > byte + 1).astype(np.uint8) << 7
        low = (left[here] >> np.uint64(7 * byte)) & np.uint64(0x7F)
        packed[first[here] + byte] = low.astype(np.uint8) | more
    return packed.tobytes(), lengths


def packed_text(values: Integers) -> str:
    """Return whole numbers, packed, as base64; a table goes row by row."""
    return text_of(pack(values.reshape(-1))[0])


def floats_text(*columns: Floats | Integers) -> str:
    """Return columns, one after the other, as base64 of little-endian 64-bit floats."""
    return text_of(b"".join(np.asarray(column).astype("<f8").tobytes() for column in columns))


def text_of(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode("ascii")
