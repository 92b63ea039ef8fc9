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


@dataclass(frozen=True, slots=True)
class Observation:
    """An account at a moment, from the exchange's side but for bars and words.

    `bar_us` is the start of the last bar in the journal, `missed` how many came too late to act
    on, `closed` the sessions that were closed, `word` the operator's last.
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
        if self.leaving and self.word in ("flatten", "leave"):
            found.add("mid-flatten")
        return frozenset(found)


def observe(books: Books) -> Observation:
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
    )


def main(account: Path, output: Path) -> None:
    """Write observations until the process is ended."""
    scratch = output.with_suffix(".copies")
    seen: object = None
    with output.open("a") as lines:
        while True:
            stamp = stamp_of(account)
            if stamp != seen and (books := read_books(account, scratch)) is not None:
                seen = stamp
                lines.write(json.dumps(asdict(observe(books))) + "\n")
                lines.flush()
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
