"""A large universe of an archive: scanned where that gives what a backtest of all bars would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from blocks.archive.bar_source import archive_at
from blocks.archive.feeds import notes_of_feeds
from blocks.archive.universe import ArchiveUniverse, Look
from blocks.process.files.cache_folder import with_engine_cache
from tasks.backtest.bars import notes_of_sessions, trim_sessions
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.request import BacktestRequest
from trading.backtest.scan import Scanned, is_covered, scan
from trading.market.bars import BarRows, Integers
from trading.market.calendar import Grid, Session, make_grid
from trading.market.panel import Defects, Panel
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan

# All bars of fewer take less memory than a scan's first look is worth: 40 bytes each.
SCAN_ABOVE_BARS = 20_000_000
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class UniverseScan:
    """A scan to be run; the panel has its grid and its symbols, and no bars."""

    request: BacktestRequest
    plan: RunPlan
    panel: Panel
    first_traded: int
    universe: ArchiveUniverse
    daily_notes: tuple[str, ...]

    @property
    def source(self) -> str:
        """Return where its bars come from."""
        return str(self.request.bars)

    def run(self, progress: Callable[[int, int], None] | None = None) -> Scanned:
        """Return what a strategy does over the universe, its sessions read as it goes."""
        grid = self.panel.grid
        work = partial(
            scan,
            ArchiveBars(self.universe, grid, self.plan),
            grid,
            self.plan,
            daily=self.panel.daily,
            first_traded=self.first_traded,
            keep=self.request.decisions,
            progress=progress,
        )
        return with_engine_cache(lambda cache_folder: work(cache_folder=cache_folder))

    def notes(self, scanned: Scanned) -> tuple[str, ...]:
        """Return what a reader of a finished scan must know of it."""
        return (
            f"{len(self.plan.symbols):,} symbols were scanned: read were their openings, what their"
            f" days came to, and the whole sessions of {scanned.days:,} days of symbols that were"
            " selected. Of the others one decision a session is kept, and defects and the data"
            " gate's findings are those of bars that were read",
            *self.daily_notes,
            *notes_of_sessions(self.panel.grid.sessions, self.first_traded, self.request),
            *notes_of_feeds(self.universe.choices),
        )


def to_scan(request: BacktestRequest, plan: RunPlan) -> UniverseScan | None:
    """Return the scan of a request's universe, None where all its bars have to be loaded."""
    archive = None if request.bars is None else archive_at(request.bars)
    if archive is None or request.format.feed is not None or not is_covered(plan):
        return None
    minutes = archive.interval_minutes
    if minutes is None or request.interval_minutes % minutes:
        return None
    end = _LATEST if request.end is None else datetime.combine(request.end, time(), UTC) + 2 * _DAY
    universe = ArchiveUniverse(archive, request.symbols or None, end)
    # What is wrong with a request, loading says.
    if universe.absent or not universe.symbols:
        return None
    found, first_traded = trim_sessions(universe.starts_us, request, warm_up=True)
    bars = sum(session.bar_count(request.interval_minutes) for session in found)
    if bars * len(universe.symbols) <= SCAN_ABOVE_BARS:
        return None
    grid = make_grid(tuple(found), request.interval_minutes)
    daily = daily_bars_of(request, universe.symbols)
    plan = with_daily_bars(replace(plan, symbols=universe.symbols), daily)
    nothing = np.empty((0, len(plan.symbols)))
    panel = Panel(
        grid,
        plan.symbols,
        *(nothing,) * 5,
        defects=Defects(),
        daily=None if daily is None else daily.bars,
    )
    notes = () if daily is None else daily.notes
    return UniverseScan(request, plan, panel, first_traded, universe, notes)


class ArchiveBars:
    """The universe of an archive as panels of a run's grid."""

    def __init__(self, universe: ArchiveUniverse, grid: Grid, plan: RunPlan) -> None:
        self._universe = universe
        self._grid = grid
        self._opening_minutes = plan.rules().selection.opening_bars * plan.interval_minutes
        self._quiet = plan.thresholds().quiet

    def at_rest(self, first: int, end: int) -> Panel:
        """Return sessions `[first, end)` at rest, see `trading.backtest.scan`."""
        sessions = self._grid.sessions[first:end]
        rows, _ = self._universe.at_rest(self._look(sessions))
        return self._panel(rows, sessions, self._universe.symbols)

    def whole_days(self, first: int, end: int, wanted: NDArray[np.bool_]) -> tuple[Integers, Panel]:
        """Return wanted days (sessions, symbols), see `trading.backtest.scan`."""
        sessions = self._grid.sessions[first:end]
        numbers = np.flatnonzero(wanted.any(axis=0))
        symbols = tuple(self._universe.symbols[number] for number in numbers)
        if not symbols:
            part = self._part(sessions)
            nothing = np.empty((part.rows, 0))
            return numbers, Panel(part, (), *(nothing,) * 5, defects=Defects())
        pairs = [
            (self._universe.symbols[s], sessions[session]) for session, s in np.argwhere(wanted)
        ]
        rows = self._universe.whole_days(self._look(sessions), pairs)
        renumbered = replace(rows, symbol=np.searchsorted(numbers, rows.symbol))
        return numbers, self._panel(renumbered, sessions, symbols)

    def _look(self, sessions: tuple[Session, ...]) -> Look:
        return Look(sessions, self._opening_minutes, self._quiet)

    def _panel(
        self, rows: BarRows, sessions: tuple[Session, ...], symbols: tuple[str, ...]
    ) -> Panel:
        return make_panel(rows, self._part(sessions), symbols)

    def _part(self, sessions: tuple[Session, ...]) -> Grid:
        return make_grid(sessions, self._grid.interval_minutes)
