"""Numbers packed small for a page: whole ones by seven bits, floats as they are; deflated."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from trading.market.bars import Floats, Integers

# A browser's numbers are 64-bit floats; beyond this they skip whole numbers.
LARGEST = 2**53
# Of zlib; the higher ones take twice as long and save a hundredth.
LEVEL = 3


def zigzag(values: Integers) -> Integers:
    """Return signed numbers as unsigned ones, small where the value is near zero."""
    return np.where(values >= 0, values * 2, -values * 2 - 1)


def pack(values: Integers) -> tuple[bytes, Integers]:
    """Return whole numbers from 0 up to LARGEST as LEB128, and how many bytes each takes.

    Seven bits a byte, the low ones first; the highest bit says that more follow.
    """
    left = values.astype(np.uint64)
    most = max(1, -(-int(left.max(initial=0)).bit_length() // 7))
    # A row a number, a column a byte; what lies behind a number's last byte is left out at the end.
    rows = np.empty((len(left), most), dtype=np.uint8)
    is_there = np.ones((len(left), most), dtype=np.bool_)
    lengths = np.ones(len(left), dtype=np.int64)
    for byte in range(most):
        rows[:, byte] = left & np.uint64(0x7F)
        left >>= np.uint64(7)
        follows = left > 0
        rows[:, byte] |= follows.view(np.uint8) << 7
        if byte + 1 < most:
            is_there[:, byte + 1] = follows
            lengths += follows
    return rows[is_there].tobytes(), lengths


def packed_text(values: Integers) -> bytes:
    """Return whole numbers, packed, as the page's text; a table goes row by row."""
    return text_of(pack(values.reshape(-1))[0])


def floats_text(*columns: Floats | Integers) -> bytes:
    """Return columns, one after the other, as the page's text of little-endian 64-bit floats."""
    return text_of(b"".join(np.asarray(column).astype("<f8").tobytes() for column in columns))


def text_of(data: bytes) -> bytes:
    """Return bytes as the page's text: deflated (RFC 1950), then base64."""
    return base64.b64encode(zlib.compress(data, LEVEL))
