"""Market data from the archive of bars, for replays and backtests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from blocks.archive.archive import BarArchive
from blocks.archive.feeds import notes_of_feeds
from blocks.archive.month.files import rows_of
from trading.errors import NoData
from trading.market.bars import BarRows
from trading.market.calendar import Session
from trading.session.ports import MarketData


class ArchiveMarket(MarketData):
    """MarketData of what the archive holds, given out as the clock passes it."""

    name = "archive"
    is_simulated = False

    def __init__(self, archive: BarArchive) -> None:
        self._archive = archive
        self.notes: tuple[str, ...] = ()

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return all rows before the session, oldest first; `notes` name damage and feeds."""
        first = datetime(1970, 1, 1, tzinfo=UTC)
        found, damaged = self._archive.readable(symbols, first, before.open)
        frame, choices = self._archive.chosen(found)
        self.notes = (*damaged, *notes_of_feeds(choices))
        rows = rows_of(frame, symbols, self._archive.interval_minutes)
        return rows if len(rows) else None

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the rows that start in [start, end). Raises StoreUnavailable when damaged."""
        return self._archive.rows(symbols, start, end)

    def sessions(self, symbols: Sequence[str], sessions: Sequence[Session]) -> BarRows:
        """Return the rows of sessions in order, for a backtest. Raises NoData without any."""
        if sessions:
            rows = self._archive.rows(symbols, sessions[0].open, sessions[-1].close)
            if len(rows):
                return rows
        raise NoData(
            f"{self._archive.folder} has no bars of {', '.join(symbols)} there",
            "Fetch them first: openbell fetch",
        )
