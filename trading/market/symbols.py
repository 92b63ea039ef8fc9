"""What may be the name of a symbol, where a person writes it."""

from __future__ import annotations

import re

from trading.errors import BadInput

# Providers write classes, futures, indices and pairs as BRK.B, ES=F, ^GSPC and EUR/USD. What is
# left out comes from lists in another notation, such as A;B or {"A": 1}.
_NAME = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.=^:_/&-]{0,31}")


def refuse_no_symbols(names: tuple[str, ...]) -> None:
    """Raise BadInput for the first name that cannot be a symbol's, or that comes twice."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name[:40]!r} is no symbol", "Write symbols as AAPL,MSFT")
        if names.count(name) > 1:
            raise BadInput(f"symbol {name} is named twice", "Name each once")
