"""In which encoding a text is that is no UTF-8, by its first bytes."""

from __future__ import annotations

import codecs

LOOKED_AT_BYTES = 4096
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOSTLY = 0.9
# What spreadsheets in western Europe save text files in.
_WESTERN = "cp1252"


def encoding_in(begin: bytes) -> str | None:
    """Return the encoding of a text that begins so, None of one that is UTF-8, or seems to be."""
    if begin.startswith(_UTF_32):
        return "utf-32"
    if begin.startswith(_UTF_16):
        return "utf-16"
    # Half of the bytes of plain text in UTF-16 are zeros.
    for encoding, zeros in (("utf-16-le", begin[1::2]), ("utf-16-be", begin[::2])):
        if len(begin) > 1 and zeros.count(0) > _MOSTLY * len(zeros):
            return encoding
    try:
        # The last letter may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return None if 0 in begin else _WESTERN
    return None
