"""Watches an account's files from a process of its own, and writes down what changes.

python -m tests.system.faults.observer ACCOUNT_FOLDER OUTPUT: a line of JSON for each new state.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.system.faults.audit import unprotected
from tests.system.faults.books import Books, read_books, stamp_of

LOOK_EVERY_SECONDS = 0.25
# The gate of a bar that was over before anybody could act on it.
MISSED = 5
# Half a bar: a machine may be slow, but not that slow.
TIMELY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Observation:
    """An account at a moment, from the exchange's side but for bars and words.

    `bar_us` is the start of the last bar in the journal, `missed` how many came too late to act
    on, `closed` the sessions that were closed, `word` the operator's last, `untimely` how many
    fills so far have a time long before the exchange can have had their order.
    """

    at: float
    rows: int
    bar: int
    bar_us: int
    missed: int
    closed: tuple[str, ...]
    word: str
    held: tuple[str, ...]
    pending: tuple[str, ...]
    resting: tuple[str, ...]
    leaving: tuple[str, ...]
    unprotected: tuple[str, ...]
    untimely: int = 0

    @property
    def situations(self) -> frozenset[str]:
        """Return the situations that a strike may wait for."""
        found = set()
        if self.held and not self.leaving:
            found.add("holding")
        if self.pending:
            found.add("pending")
        if set(self.held) & set(self.resting):
            found.add("resting")
        return frozenset(found)


class Arrivals:
    """Knows of each order a moment at which the exchange did not have it yet.

    The time of a bar's fill is the bar's start, and an order that is in time is there about when
    its bar has settled.
    """

    def __init__(self) -> None:
        self._not_yet_at: dict[str, float] = {}

    def take(self, books: Books, looked_at: float) -> int:
        """Return how many fills are untimely; `looked_at` is when the file was last unchanged."""
        for name in books.orders:
            self._not_yet_at.setdefault(name, looked_at)
        return sum(
            fill["us"] / 1e6 + TIMELY_SECONDS < self._not_yet_at.get(fill["client_order_id"], 0.0)
            for fill in books.fills()
            # A bracket's legs are there when the bar is over that filled the entry.
            if fill["leg"] in ("entry", "exit")
        )


def observe(books: Books, untimely: int = 0) -> Observation:
    bars = books.bars()
    last = bars[-1].content if bars else {"bar": -1, "start_us": 0}
    live = books.live_orders()

    def symbols(*legs: str) -> tuple[str, ...]:
        return tuple(sorted({order["symbol"] for order in live if order["leg"] in legs}))

    words = [row.content["command"] for row in books.journal if row.kind == "command"]
    return Observation(
        at=books.at,
        rows=len(books.journal),
        bar=int(last["bar"]),
        bar_us=int(last["start_us"]),
        missed=sum(set(row.content["gates"]) == {MISSED} for row in bars),
        closed=tuple(row.session for row in books.journal if row.kind == "session_closed"),
        word=words[-1] if words else "",
        held=tuple(sorted(books.positions())),
        pending=symbols("entry"),
        resting=symbols("stop"),
        leaving=symbols("exit"),
        unprotected=tuple(unprotected(books)),
        untimely=untimely,
    )


def main(account: Path, output: Path) -> None:
    """Write observations until the process is ended."""
    scratch = output.with_suffix(".copies")
    seen: object = None
    arrivals, looked_at = Arrivals(), 0.0
    with output.open("a") as lines:
        while True:
            now, stamp = time.time(), stamp_of(account)
            if stamp != seen and (books := read_books(account, scratch)) is not None:
                seen = stamp
                untimely = arrivals.take(books, looked_at)
                lines.write(json.dumps(asdict(observe(books, untimely))) + "\n")
                lines.flush()
            if stamp == seen:
                looked_at = now
            time.sleep(LOOK_EVERY_SECONDS)


def read_observations(output: Path) -> list[Observation]:
    """Return what was written so far; a line that is half written is not there yet."""
    if not output.exists():
        return []
    lines = output.read_text().split("\n")[:-1]
    return [_observation(json.loads(line)) for line in lines]


def _observation(content: dict[str, Any]) -> Observation:
    lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
    return Observation(**content | lists)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
