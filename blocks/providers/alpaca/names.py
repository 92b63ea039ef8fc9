"""What Alpaca calls a symbol."""

from __future__ import annotations


def name_of(symbol: str) -> str:
    """Return Alpaca's name of a symbol: shares of a class with a dot, as BRK.B."""
    return symbol.upper().replace("-", ".")
