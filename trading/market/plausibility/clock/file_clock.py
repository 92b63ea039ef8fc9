"""The clock of one file: when its rows begin, and the zone in which that was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trading.market.bars import Integers


@dataclass(frozen=True, slots=True)
class FileClock:
    """The starts of one file's rows, each once and in order, and the zone they were read in.

    `zone` is None for times that carry their own; `is_told` says whether a user gave it. `example`
    is the first time of a file of texts, as it is written, and `written` finds out which zones
    stand behind its times. `symbols` says how many the file has; `symbol` is set where the rows
    are those of one of several.
    """

    name: str
    starts_us: Integers
    zone: str | None = None
    is_told: bool = False
    example: str = ""
    written: Callable[[], tuple[str, ...]] = tuple
    path: str = ""
    symbols: int = 1
    symbol: str = ""
