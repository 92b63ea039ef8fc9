"""The panel of a request: loaded from its files, or as an earlier run kept it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import blocks
import tasks
import trading
from blocks.archive.bar_source import archive_at
from blocks.bars.cache_key import FileState, code_digest, key_of, tree_states, zone_digest
from blocks.bars.panel_cache import LoadedPanel, keep_bars, kept_bars_folder, read_kept
from blocks.bars.sources.found import size_of
from tasks.backtest.bars import load_bars
from tasks.backtest.request import BacktestRequest
from trading.errors import BadInput
from trading.market.calendar import EPOCH, exchange_timezone, make_grid, next_session
from trading.market.panel_loading import make_panel

# A file of so many bytes has a million bars or so; smaller ones load at once.
LARGE_BYTES = 15_000_000
# Read together with the code that it stands for.
_CODE = code_digest((trading, blocks, tasks))

Later = Callable[[Callable[[], object]], object]


def is_large(request: BacktestRequest) -> bool:
    """Return whether loading a request's bars takes long enough to prepare for it."""
    return request.bars is not None and size_of(request.bars) > LARGE_BYTES


def load_panel(request: BacktestRequest, later: Later, *, warm_up: bool) -> LoadedPanel:
    """Return the panel of a request, and keep it for the next when its files are large.

    Of an archive nothing is kept: to know that it is unchanged, all of it would be read.
    `later(work)` is given what need not be waited for. A panel that was kept is taken only when
    content, path and code are those that it was made of. Raises BadInput as load_bars does.
    """
    if request.bars is None or not is_large(request) or archive_at(request.bars) is not None:
        return _load(request, warm_up=warm_up)
    folder = kept_bars_folder()
    if folder is None:
        return _load(request, warm_up=warm_up)
    files = _states(request.bars)
    key = _key_of(request, request.bars, warm_up=warm_up) if files else None
    kept = read_kept(folder, key) if key and not request.read_again else None
    if kept is not None:
        return kept
    later(lambda: _look_at_calendar(request.exchange))
    loaded = _load(request, warm_up=warm_up)
    # What was written to while it was read is not the content that the key stands for.
    if key and _states(request.bars) == files:
        later(lambda: keep_bars(folder, key, loaded))
    return loaded


def _load(request: BacktestRequest, *, warm_up: bool) -> LoadedPanel:
    bars = load_bars(request, warm_up=warm_up)
    grid = make_grid(bars.sessions, request.interval_minutes)
    panel = make_panel(bars.blocks, grid, bars.symbols)
    return LoadedPanel(panel, bars.first_traded, bars.source, bars.notes)


def _look_at_calendar(exchange: str) -> None:
    # The first look takes as long as a year's bars. What is wrong with it, loading says.
    with suppress(BadInput):
        next_session(exchange, EPOCH)


def _key_of(request: BacktestRequest, path: Path, *, warm_up: bool) -> str | None:
    try:
        asked = (
            _CODE,
            zone_digest(exchange_timezone(request.exchange)),
            str(path),
            request.symbols,
            request.start,
            request.end,
            request.interval_minutes,
            request.exchange,
            request.format,
            warm_up,
        )
        return key_of(path, repr(asked))
    except (BadInput, OSError):
        # Loading says better what is wrong.
        return None


def _states(path: Path) -> tuple[FileState, ...]:
    try:
        return tree_states(path)
    except OSError:
        return ()
