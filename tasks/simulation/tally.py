"""What many simulated sessions came to together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tasks.simulation.faults import Fault
from tasks.simulation.outcome import Outcome


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

    def take(self, outcome: Outcome) -> None:
        """Add a session."""
        self.sessions += 1
        self.faults.update(outcome.faults)
        self.counts.update(outcome.counts)
        worst = outcome.worst
        self.unprotected_seconds = max(self.unprotected_seconds, worst.unprotected_seconds)
        self.positions = max(self.positions, worst.positions)
        self.gross_usd = max(self.gross_usd, worst.gross_usd)
        if outcome.broken is not None:
            self.broken.append(outcome)

    def lines(self) -> list[str]:
        """Return the table that is printed at the end."""
        rows = [("sessions", f"{self.sessions:,}")]
        rows += [(name, f"{count:,}") for name, count in self.counts.items()]
        rows += [(f"fault {kind}", f"{self.faults[kind]:,}") for kind in Fault if self.faults[kind]]
        rows += [
            ("worst time without protection", f"{self.unprotected_seconds:.1f} s"),
            ("most positions at once", f"{self.positions}"),
            ("most held at once", f"{self.gross_usd:,.0f} USD"),
            ("sessions that broke an invariant", f"{len(self.broken)}"),
        ]
        width = max(len(name) for name, _ in rows)
        return [f"{name:<{width}}  {value:>12}" for name, value in rows]
