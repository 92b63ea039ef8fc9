"""What many simulated sessions came to together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import orjson

from tasks.simulation.faults import Fault
from tasks.simulation.outcome import Outcome

# What is said of every run, by the invariant that it breaks.
PROMISES = {
    "one-order-per-intent": "sessions with a doubled order",
    "no-lost-fill": "with a fill lost or booked twice",
    "protected": "with a position unprotected too long",
    "nothing-held-untold": "with something held and nobody told",
}
WORST = ("unprotected_seconds", "positions", "gross_usd")


@dataclass
class Tally:
    """Counts, the worst values, and the seeds that broke something."""

    sessions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    unprotected_seconds: float = 0.0
    positions: int = 0
    gross_usd: float = 0.0
    broken: list[Outcome] = field(default_factory=list)
    # By invariant in how many sessions it broke.
    breaks: Counter[str] = field(default_factory=Counter)

    def take(self, outcome: Outcome) -> None:
        """Add a session."""
        self.sessions += 1
        self.faults.update(outcome.faults)
        self.counts.update(outcome.counts)
        for name in WORST:
            setattr(self, name, max(getattr(self, name), getattr(outcome.worst, name)))
        if outcome.broken is not None:
            self.broken.append(outcome)
            self.breaks[outcome.broken.invariant] += 1

    def to_json(self) -> str:
        """Return counts and worst values for a tally of another process."""
        content = {
            "sessions": self.sessions,
            "faults": dict(self.faults),
            "counts": dict(self.counts),
            "breaks": dict(self.breaks),
            **{name: getattr(self, name) for name in WORST},
        }
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS).decode()

    def add(self, text: str) -> None:
        """Add what another tally's `to_json` said."""
        content = orjson.loads(text)
        self.sessions += content["sessions"]
        self.faults.update(content["faults"])
        self.counts.update(content["counts"])
        self.breaks.update(content["breaks"])
        for name in WORST:
            setattr(self, name, max(getattr(self, name), content[name]))

    def lines(self) -> list[str]:
        """Return the table that is printed at the end."""
        rows = [("sessions", f"{self.sessions:,}")]
        rows += [(name, f"{count:,}") for name, count in self.counts.items()]
        rows += [(f"fault {kind}", f"{self.faults[kind]:,}") for kind in Fault if self.faults[kind]]
        rows += [
            ("worst time without protection", f"{self.unprotected_seconds:.1f} s"),
            ("most positions at once", f"{self.positions}"),
            ("most held at once", f"{self.gross_usd:,.0f} USD"),
        ]
        rows += [(words, f"{self.breaks[name]}") for name, words in PROMISES.items()]
        rows += [(f"broke {n}", f"{self.breaks[n]}") for n in self.breaks if n not in PROMISES]
        rows.append(("sessions that broke an invariant", f"{self.breaks.total()}"))
        width = max(len(name) for name, _ in rows)
        return [f"{name:<{width}}  {value:>12}" for name, value in rows]
