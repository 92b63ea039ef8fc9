"""Following an account until somebody has seen enough: it looks in a thread, and draws here."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from blocks.live.answers import LiveAnswer
from flows.pages.watch.changes import Facts, changed_lines, facts_of
from flows.pages.watch.screen import Moment, screen

# So soon a screen that was resized is drawn anew.
REDRAWN_EACH_S = 1.0
Look = Callable[[], LiveAnswer]
Show = Callable[[Moment], None]


def watch(look: Look, every_s: float, console: Console) -> None:
    """Show what looks find, until Ctrl-C.

    A terminal has a screen of its own, which is gone afterwards; anything else gets a line for each
    change.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        _follow(look, every_s, _Lines(console))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        _follow(look, every_s, lambda moment: live.update(_drawn(moment, console), refresh=True))


def _follow(look: Look, every_s: float, show: Show) -> None:
    # Who waits for a ledger cannot be interrupted, and Ctrl-C is not to wait for it.
    found: queue.Queue[LiveAnswer | Exception] = queue.Queue(maxsize=1)
    threading.Thread(target=_look_again, args=(look, every_s, found), daemon=True).start()
    moment: Moment | None = None
    while True:
        try:
            answer = found.get(timeout=REDRAWN_EACH_S)
        except queue.Empty:
            if moment is not None:
                show(moment)
            continue
        if isinstance(answer, Exception):
            raise answer
        moment = next_moment(moment, answer)
        show(moment)


def next_moment(before: Moment | None, answer: LiveAnswer) -> Moment:
    """Return what is known after a look; what could be read last stays where this one could not."""
    now = datetime.now(UTC)
    if answer.problem is None or before is None or before.answer.problem is not None:
        return Moment(answer, now, answer.problem)
    if before.answer.account != answer.account:
        # What another account holds is nothing of this one's.
        return Moment(answer, now, answer.problem)
    kept = before.answer.model_copy(
        update={"session": answer.session, "last_bar": answer.last_bar, "health": answer.health}
    )
    if answer.session.shown is None:
        # Without the ledger nobody knows whose session today's is.
        kept = before.answer.model_copy(update={"health": answer.health})
    return replace(before, answer=kept, problem=answer.problem)


def _look_again(look: Look, every_s: float, found: queue.Queue[LiveAnswer | Exception]) -> None:
    while True:
        try:
            found.put(look())
        except Exception as error:  # noqa: BLE001
            # The command ends with it.
            found.put(error)
            return
        time.sleep(every_s)


def _drawn(moment: Moment, console: Console) -> Group:
    width, height = console.size
    lines = screen(moment, width, height - 1)
    return Group(*(Text(line.text, style=line.style, no_wrap=True) for line in lines))


class _Lines:
    """Prints what changed since the moment before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._before: Facts = {}
        self._account: str | None = None

    def __call__(self, moment: Moment) -> None:
        now = facts_of(moment)
        if moment.answer.account != self._account:
            # What another account holds is not over, but no more to be seen here.
            self._account, self._before = moment.answer.account, {}
        for line in changed_lines(self._before, now, moment):
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()
        self._before = now
