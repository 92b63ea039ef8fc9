"""How a user says that his file of bars is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from blocks.bars.headerless.told_order import check_order
from blocks.bars.stamps.evidence import Stamp
from blocks.bars.times.told_format import check_time_format
from blocks.bars.times.values import check_zone
from trading.errors import BadInput
from trading.market.symbols import refuse_no_symbols

MOST_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class BarFileFormat:
    """How the user says that his file is written; None means that it is to be found out.

    `timezone` is the IANA zone of times without one; `stamp` says whether a row's time is its
    bar's start or end; `columns` maps our names (symbol, ts or date and time, open, high, low,
    close, volume) to the file's; `interval_minutes` is the length of a bar. `time_format` is what
    strptime calls the writing of times. `column_order` are our names for the columns of a file
    without a header, `-` for one that is passed over. `symbol` is that of all rows, whatever the
    files are called. `feed` is whose bars are read of an archive, which may hold several feeds.
    """

    timezone: str | None = None
    stamp: Stamp | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    interval_minutes: int | None = None
    time_format: str | None = None
    column_order: tuple[str, ...] = ()
    symbol: str | None = None
    feed: str | None = None

    def __post_init__(self) -> None:
        """Raise BadInput for what no file can be like."""
        if self.timezone is not None:
            check_zone(self.timezone)
        if self.interval_minutes is not None and not 1 <= self.interval_minutes <= MOST_MINUTES:
            raise BadInput(
                f"bars of {self.interval_minutes} minutes cannot be in a file",
                f"Give their length in whole minutes, 1 to {MOST_MINUTES}",
            )
        if self.time_format is not None:
            check_time_format(self.time_format)
        if self.column_order:
            check_order(self.column_order, self.columns)
        if self.symbol is not None:
            refuse_no_symbols((self.symbol,))
