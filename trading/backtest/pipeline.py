"""The stages of a backtest: the strategy reads, the account settles, decisions are kept.

Each takes some sessions at a time. The strategy knows no account, so that it may read ahead:
machine code lets go of the interpreter, and a second thread reads, and keeps what was settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from trading.backtest.stage_arguments import PanelRun
from trading.engine.compile import called_at_once
from trading.market.bars import Integers

# What is read ahead stays in the processor's cache, and a hand-over costs little beside the work.
BARS_AT_A_TIME = 131_072
STEPS_SHOWN = 50

Stage = Callable[..., None]


def run_in_stages(
    run: PanelRun,
    read: Callable[..., int],
    settle: Callable[..., int],
    keep: Stage,
    *,
    progress: Callable[[int, int], None] | None = None,
    two_threads: bool = False,
) -> None:
    """Read, settle and keep all sessions, some at a time and in order.

    `progress(done, total)` is told the sessions that are done.
    """
    sessions = len(run.first_row) - 1
    # Who watches is to see it move.
    stride = sessions if progress is None else max(1, sessions // STEPS_SHOWN)
    parts = list(parts_of_sessions(run.first_row, run.symbols, stride))
    most = max((int(run.first_row[end] - run.first_row[first]) for first, end in parts), default=0)
    rooms = [run.room(most) for _ in parts[:2]]

    def beside(number: int) -> None:
        """Keep what was settled before a part, and read what comes after it in its room."""
        room = rooms[(number + 1) % len(rooms)]
        if number > 0:
            keep(*run.to_keep(room, *parts[number - 1]))
        if number + 1 < len(parts):
            run.read(read, room, *parts[number + 1])

    if not parts:
        return
    run.read(read, rooms[0], *parts[0])
    with ThreadPoolExecutor(1) as pool:
        for number, (first, end) in enumerate(parts):
            room = rooms[number % 2]
            if two_threads and len(parts) > 1:
                aside = pool.submit(beside, number)
                run.settle(settle, room, first, end)
                aside.result()
            else:
                beside(number)
                run.settle(settle, room, first, end)
            if number > 0:
                # Each was called by now, and from part to part arguments are of the same types.
                read, settle, keep = map(called_at_once, (read, settle, keep))
            if progress is not None:
                progress(end, parts[-1][1])
    keep(*run.to_keep(rooms[(len(parts) - 1) % 2], *parts[-1]))


def parts_of_sessions(
    first_row: Integers, symbols: int, most_sessions: int, bars: int | None = None
) -> Iterator[tuple[int, int]]:
    """Yield sessions as `[first, end)`, each time as many as are read at a time, at least one.

    Those are as many as have `bars` bars of all symbols, BARS_AT_A_TIME when left out.
    """
    last = len(first_row) - 1
    rows = max(1, (bars or BARS_AT_A_TIME) // max(1, symbols))
    first = 0
    while first < last:
        fitting = int(first_row.searchsorted(first_row[first] + rows, side="right")) - 1
        end = min(max(fitting, first + 1), first + most_sessions, last)
        yield first, end
        first = end
