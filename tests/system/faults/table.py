"""The table of faults: a row for each fault and situation, over all strikes of that kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from tests.system.faults.measure import Outcome

# An exit is sent once its stop is cancelled, which a look may see and a busy machine draws out.
ON_THE_WAY_OUT_SECONDS = 10.0
HEAD = (
    "fault",
    "situation",
    "strikes",
    "lasted s",
    "next bar s, median",
    "worst",
    "bars late",
    "duplicate orders",
    "lost fills",
    "untimely fills",
    "s without a stop",
    "sessions lost",
    "ended early",
    "books",
)


def as_table(outcomes: Iterable[Outcome]) -> str:
    """Return outcomes as a table in Markdown, in the order in which they came."""
    kinds: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault((outcome.fault, outcome.situation), []).append(outcome)
    rows = [HEAD, tuple("---" for _ in HEAD), *map(_row, kinds.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(same: Sequence[Outcome]) -> tuple[str, ...]:
    seconds = [outcome.next_bar for outcome in same if outcome.next_bar is not None]
    different = sum(bool(outcome.differences) for outcome in same)
    return (
        same[0].fault,
        same[0].situation,
        str(len(same)),
        f"{max(outcome.lasted for outcome in same):.0f}",
        f"{median(seconds):.0f}" if seconds else "none",
        f"{max(seconds):.0f}" if len(seconds) == len(same) else "none",
        str(sum(outcome.late for outcome in same)),
        str(sum(outcome.duplicates for outcome in same)),
        str(sum(outcome.lost_fills for outcome in same)),
        str(sum(outcome.untimely for outcome in same)),
        f"{sum(outcome.unprotected for outcome in same):.1f}",
        str(sum(outcome.is_lost for outcome in same)),
        str(sum(outcome.is_ended_early for outcome in same)),
        "equal" if not different else f"{different} x different",
    )


def complaints(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for all that is not as it must be."""
    lines = []
    for outcome in outcomes:
        where = f"{outcome.fault}, {outcome.situation}"
        if outcome.is_lost:
            lines.append(f"{where}: the session was lost: {outcome.why}")
        if outcome.is_ended_early:
            lines.append(f"{where}: the session was closed in the middle of its day")
        if outcome.untimely:
            lines.append(f"{where}: {outcome.untimely} fills have a time before their order")
        if outcome.unprotected > ON_THE_WAY_OUT_SECONDS:
            lines.append(f"{where}: {outcome.unprotected:.1f} s without a resting stop")
        lines += [f"{where}: {problem}" for problem in outcome.problems]
    return lines
