"""What was fetched for a bar."""

from __future__ import annotations

from typing import NamedTuple

from trading.market.bars import BarRows


class FetchedRows(NamedTuple):
    """The rows of a bar, None when no source answered, and the seconds that asking took."""

    rows: BarRows | None
    seconds: float
