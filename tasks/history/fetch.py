"""Fetch history: bring the archive of bars up to the calendar, from a provider or the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from blocks.archive.archive import BarArchive
from blocks.archive.backfill import Backfill, Outcome
from blocks.archive.coverage import Coverage
from blocks.providers.access import PAGE_ROWS, ProviderAccess, alpaca_rows_a_day
from blocks.providers.choose import make_provider
from blocks.providers.fetched_bars import PieceSize
from trading.counted import counted
from trading.errors import BadInput, OpenbellError, SourceUnavailable
from trading.market.calendar import sessions_between
from trading.session.ports import Clock

SHOWN_GAPS = 3
SHOWN_SYMBOLS = 3


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
    tell: Callable[[str], None] | None = None,
) -> tuple[Outcome, Path]:
    """Fetch what the archive lacks; return what was done, failures included, and its folder.

    `tell` hears beforehand how long it may take, where that is worth a word. Raises BadInput for
    a range without a session and for a provider that is none.
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
    estimate = estimate_of(request, len(sessions), provider.piece)
    if tell is not None and estimate is not None:
        tell(estimate)
    try:
        backfill = Backfill(archive, provider, request.exchange, clock, provider.piece)
        return backfill.run(request.symbols, sessions, progress), archive.folder
    finally:
        provider.close()


def estimate_of(request: HistoryRequest, sessions: int, piece: PieceSize) -> str | None:
    """Return how many questions at most a long fetch takes, and how long; None where it is short.

    Only who answers in pages, and is asked so often a minute, can be told beforehand.
    """
    alpaca = request.access.alpaca
    if alpaca is None or piece.remembered_as != alpaca.source:
        return None
    rows = len(request.symbols) * sessions * alpaca_rows_a_day(request.interval_minutes)
    pages = -(-rows // PAGE_ROWS)
    minutes = pages / alpaca.requests_a_minute
    if minutes < 1:
        return None
    return (
        f"up to {pages:,} requests to alpaca, {_span(minutes)} at {alpaca.requests_a_minute} a"
        " minute; interrupted, the same command goes on where it was"
    )


def _span(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


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
    *others, (symbols, last) = _alike(failures)
    lines = [f"{each}: {failure}" for each, failure in others]
    what = "; ".join([*lines, f"{symbols}: {last.what}"])
    return (SourceUnavailable if is_passing else BadInput)(what, last.hint)


def failure_lines(failures: Mapping[str, OpenbellError]) -> list[str]:
    """Return a line on each symbol's failure, and one on all where many failed alike."""
    return [f"{symbols}: {failure}" for symbols, failure in _alike(failures)]


def _alike(failures: Mapping[str, OpenbellError]) -> list[tuple[str, OpenbellError]]:
    """Return failures with the symbols that have them."""
    symbols_of: dict[str, list[str]] = {}
    for symbol, failure in failures.items():
        symbols_of.setdefault(str(failure), []).append(symbol)
    found = []
    for symbols in symbols_of.values():
        failure, more = failures[symbols[0]], len(symbols) - SHOWN_SYMBOLS
        if more > 0:
            found.append((f"{', '.join(symbols[:SHOWN_SYMBOLS])} and {more} more", failure))
        else:
            found += [(symbol, failure) for symbol in symbols]
    return found


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
        f"{counted(stored.added, 'bar')} added, {stored.revised:,} revised,"
        f" {stored.unchanged:,} unchanged; {outcome.sessions_before:,} sessions were there before"
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
