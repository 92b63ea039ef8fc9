"""Fetch history: bring the archive of bars up to the calendar, from a provider or the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from blocks.archive.archive import BarArchive
from blocks.archive.backfill import Backfill, Coverage, Outcome
from blocks.providers.access import ProviderAccess
from blocks.providers.choose import make_provider
from trading.errors import BadInput, OpenbellError, SourceUnavailable
from trading.market.calendar import sessions_between
from trading.session.ports import Clock

SHOWN_GAPS = 3


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Which bars the archive is to hold: those of the sessions from start to end, both included."""

    symbols: tuple[str, ...]
    start: date
    end: date
    exchange: str
    interval_minutes: int
    provider: str
    data_dir: Path
    access: ProviderAccess = field(default_factory=ProviderAccess)


def fetch_history(
    request: HistoryRequest,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Outcome, Path]:
    """Fetch what the archive lacks; return what was done, failures included, and its folder.

    Raises BadInput for a range without a session and for a provider that is none.
    """
    sessions = sessions_between(request.exchange, request.start, request.end)
    if not sessions:
        raise BadInput(
            f"{request.exchange} has no session from {request.start} to {request.end}",
            "Choose a trading day",
        )
    archive = BarArchive(request.data_dir, request.interval_minutes, clock)
    provider = make_provider(
        request.provider,
        request.exchange,
        request.interval_minutes,
        clock,
        request.data_dir,
        request.access,
    )
    try:
        backfill = Backfill(archive, provider, request.exchange, clock)
        return backfill.run(request.symbols, sessions, progress), archive.folder
    finally:
        provider.close()


def fetch_whole_history(request: HistoryRequest, clock: Clock) -> Outcome:
    """Fetch what the archive lacks; what came is kept, also when a symbol's failure is raised.

    Raises SourceUnavailable when another try may bring what is missing, else BadInput.
    """
    outcome, _ = fetch_history(request, clock)
    if outcome.failures:
        raise failure_of(outcome.failures)
    return outcome


def failure_of(failures: Mapping[str, OpenbellError]) -> OpenbellError:
    """Return the failures of symbols as one, whose text is that of the terminal's lines."""
    kinds = [type(failure) for failure in failures.values()]
    is_passing = any(issubclass(kind, SourceUnavailable) for kind in kinds)
    lines = [f"{symbol}: {failure}" for symbol, failure in failures.items()]
    *others, (symbol, last) = failures.items()
    what = "; ".join([*lines[: len(others)], f"{symbol}: {last.what}"])
    return (SourceUnavailable if is_passing else BadInput)(what, last.hint)


def lines_of(outcome: Outcome) -> list[str]:
    """Return what a person wants to know of a backfill."""
    return [
        *outcome.notes,
        *(_line(coverage) for coverage in outcome.coverage),
        summary_of(outcome),
    ]


def summary_of(outcome: Outcome) -> str:
    """Return what a backfill did, in one line."""
    stored = outcome.stored
    return (
        f"{stored.added} bars added, {stored.revised} revised, {stored.unchanged} unchanged;"
        f" {outcome.sessions_before} sessions were there before"
    )


def rows_of(coverage: Sequence[Coverage]) -> list[dict[str, object]]:
    """Return coverage as rows of a table."""
    return [
        {
            "symbol": found.symbol,
            "bars": found.present,
            "of": found.expected,
            "from": ", ".join(sorted(found.sources)),
            "missing": gaps_of(found),
        }
        for found in coverage
    ]


def gaps_of(coverage: Coverage) -> str:
    """Return how many bars are missing, and the starts of the first few."""
    count = coverage.expected - coverage.present
    if not count:
        return ""
    some = ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in coverage.missing[:SHOWN_GAPS])
    more = ", ..." if count > SHOWN_GAPS else ""
    return f"{count} missing: {some}{more} UTC"


def _line(coverage: Coverage) -> str:
    came = ", ".join(f"{name} {count}" for name, count in sorted(coverage.sources.items()))
    line = f"{coverage.symbol:<8}{coverage.present} of {coverage.expected} bars"
    if came:
        line += f" ({came})"
    gaps = gaps_of(coverage)
    return f"{line}; {gaps}" if gaps else line
