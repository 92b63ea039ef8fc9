"""Market data from the rows of a user's file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from logging import INFO, WARNING
from pathlib import Path

import numpy as np

from blocks.archive.bar_source import read_bars
from blocks.bars.file_format import BarFileFormat
from blocks.process.logs import get_logger
from trading.errors import BadInput
from trading.market.bars import BarRows, closes_before
from trading.market.calendar import (
    MICROSECONDS_PER_MINUTE,
    Session,
    to_microseconds,
)
from trading.market.daily_bars import DailyBars
from trading.market.daily_levels import notes_on_levels_of_rows
from trading.market.symbols import written_symbols
from trading.session.ports import MarketData


class FileMarket(MarketData):
    """Bars of the user's file, given out as the clock passes them.

    `daily` are his daily bars, whose prices have to be those of the file.
    """

    is_simulated = False

    def __init__(
        self,
        path: Path,
        symbols: Sequence[str],
        exchange: str,
        file_format: BarFileFormat | None = None,
        bar_minutes: int | None = None,
        daily: DailyBars | None = None,
    ) -> None:
        self.name = f"file {path.name}"
        found = read_bars(
            path, symbols, exchange, file_format or BarFileFormat(), bar_minutes=bar_minutes
        )
        if found.symbols != tuple(symbols):
            raise BadInput(
                f"{path} calls its symbols {written_symbols(found.symbols)}",
                f"Ask for them as --symbols '{written_symbols(found.symbols)}'",
            )
        # Stable: of rows with the same stamp the source's last one stays the last.
        rows = found.rows
        self._rows = rows.take(np.argsort(rows.start_us, kind="stable"))
        self.notes = found.notes
        self.is_compared_with_daily = daily is not None
        if daily is not None:
            levels = notes_on_levels_of_rows(self._rows, found.symbols, exchange, daily)
            self.notes = (*found.notes, *levels)
        log = get_logger("market")
        for note in self.notes:
            # Where a session is traded from a file, what a backtest of it notes is said too.
            log.log(WARNING if note.startswith("WARNING") else INFO, "%s", note)

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return all rows before the session, oldest first."""
        end = np.searchsorted(self._rows.start_us, to_microseconds(before.open))
        return self._rows.take(np.arange(end, dtype=np.int64)) if end else None

    def newest_prices(
        self, symbols: Sequence[str], session: Session, now: datetime
    ) -> dict[str, float]:
        """Return the close of each symbol's last row of the session that was over, USD.

        Only of a file that says how long its rows are.
        """
        minutes = self._rows.interval_minutes
        if minutes is None:
            return {}
        so_far = self.rows(symbols, session, session.open, now)
        length_us = minutes * MICROSECONDS_PER_MINUTE
        return closes_before(so_far, symbols, to_microseconds(now), length_us)

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the rows that start in [start, end)."""
        begin, stop = np.searchsorted(
            self._rows.start_us, [to_microseconds(start), to_microseconds(end)]
        )
        return self._rows.take(np.arange(begin, stop, dtype=np.int64))
