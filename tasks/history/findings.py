"""What a backtest of fetched bars would warn of, said when they are fetched."""

from __future__ import annotations

from blocks.archive.archive import BarArchive
from tasks.history.fetch import HistoryRequest
from trading.errors import BadInput
from trading.market.calendar import sessions_between
from trading.market.plausibility.checks import judge_bars
from trading.market.plausibility.look import look_at
from trading.session.ports import Clock

# Years of bars are not read again for what a few weeks show.
MOST_SESSIONS = 40


def notes_on_fetched(request: HistoryRequest, clock: Clock) -> tuple[str, ...]:
    """Return a warning for each finding about the last sessions that were asked for.

    What a backtest would refuse is a warning here: the bars are kept as they came.
    """
    sessions = sessions_between(request.exchange, request.start, request.end)[-MOST_SESSIONS:]
    if not sessions:
        return ()
    archive = BarArchive(request.data_dir, request.interval_minutes, clock)
    rows = archive.rows(request.symbols, sessions[0].open, sessions[-1].close)
    try:
        return judge_bars(look_at("the archive", request.exchange, sessions, request.symbols, rows))
    except BadInput as error:
        return (f"WARNING: {error}",)
