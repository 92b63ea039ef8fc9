"""Parity: replay a closed session, write down what was found, and tell people of a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from blocks.account.absence import refuse_absent
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.parity.rows import write_parity
from blocks.ledger.parity.tables import (
    DifferenceRow,
    FillRow,
    ParityRow,
    read_bars_hash,
    read_differences,
    read_fills,
    read_parity,
)
from blocks.providers.chain import ProviderChain
from tasks.parity.alert import alert_of
from tasks.parity.final_bars import NOT_FETCHED, FinalBars, is_of_providers, source_of
from tasks.parity.kept_session import archive_of, bars_hash, plan_of
from tasks.parity.model_session import model_session
from trading.errors import BadInput, OpenbellError, StoreUnavailable
from trading.market.calendar import Session, to_microseconds
from trading.parity.as_consumed import KeptDecision, replay_as_consumed
from trading.parity.broken_journal import with_gap, without_beginning
from trading.parity.execution import accepted_bars, price_execution
from trading.parity.final_bars import compare_on_final_bars
from trading.parity.findings import Execution, OnFinalBars, SessionParity, Verdict
from trading.plan import RunPlan
from trading.session.events import BarClosed, Command, Event, SessionStarted
from trading.session.first_row import session_of
from trading.session.orders import TargetKind
from trading.session.ports import Clock
from trading.session.state import SessionState

# A provider for bars of so many minutes of an exchange; None where none is to be asked.
Providers = Callable[[str, int], ProviderChain] | None


@dataclass(frozen=True)
class ParityRequest:
    """Which sessions of an account are replayed.

    One by its date, else the newest ones, `last` of them, as far as they were not replayed yet,
    their final bars could not be fetched then, or are others now.
    """

    data_dir: Path
    account: str
    session: str | None = None
    last: int = 20


def check_parity(request: ParityRequest, clock: Clock, providers: Providers) -> list[ParityRow]:
    """Replay the sessions that were asked for; return the rows of all of them, newest first.

    Raises BadInput for a session that was never closed, and StoreUnavailable.
    """
    refuse_absent(request.data_dir, request.account)
    ledger = DuckDBLedger(request.data_dir, request.account)
    try:
        asked = _asked_for(request, ledger)
        known = _known(ledger, request) if request.session is None else {}
        rows = []
        for name in asked:
            row = known.get(name)
            if row is None or NOT_FETCHED in row.note or _is_stale(request, ledger, name, clock):
                found = replay_session(request.data_dir, ledger, name, clock, providers)
                bars = bars_hash(request.data_dir, ledger, name, clock)
                row = _keep(ledger, found, bars, clock.now())
            rows.append(row)
        return rows
    finally:
        ledger.release()


def details_of(request: ParityRequest) -> tuple[list[DifferenceRow], list[FillRow]]:
    """Return what was found of one session: its differences, and its fills beside the model's."""
    session = date.fromisoformat(request.session or "")
    with DuckDBLedger(request.data_dir, request.account).reading() as connection:
        return read_differences(connection, session), read_fills(connection, session)


def _asked_for(request: ParityRequest, ledger: DuckDBLedger) -> list[str]:
    closed = [name for name, is_closed in ledger.sessions() if is_closed]
    if request.session is None:
        return closed[: -request.last - 1 : -1]
    if request.session not in closed:
        known = f"It has {closed[0]} to {closed[-1]}" if closed else "It has none yet"
        raise BadInput(
            f"account {request.account!r} has no closed session {request.session}",
            f"Name a session of it. {known}",
        )
    return [request.session]


def _known(ledger: DuckDBLedger, request: ParityRequest) -> dict[str, ParityRow]:
    with ledger.reading() as connection:
        return {str(row.session): row for row in read_parity(connection, request.last)}


def replay_session(
    data_dir: Path, ledger: DuckDBLedger, name: str, clock: Clock, providers: Providers
) -> SessionParity:
    """Replay one closed session as consumed and on final bars, and price its fills."""
    record = ledger.plan_of(name) or {}
    rows = ledger.journal_of(name)
    events = [row.event for row in rows]
    if not isinstance(events[0], SessionStarted):
        broken = without_beginning(events, len(_decisions(ledger, name)))
        return SessionParity(name, broken, None, None, "its first row is gone")
    try:
        plan = plan_of(ledger, record)
    except (BadInput, KeyError) as error:
        why = error.what if isinstance(error, BadInput) else f"{error} is not in it"
        return SessionParity(name, None, None, None, f"its plan cannot be read: {why}")
    session = session_of(events)

    def new_state() -> SessionState:
        return SessionState(plan, session)

    bars = [event for event in events if isinstance(event, BarClosed)]
    consumed, note = None, "not kept: written by an earlier version"
    if all(bar.arrived_us for bar in bars):
        kept = _decisions(ledger, name)
        consumed = with_gap(
            replay_as_consumed(new_state(), ledger.account, events, kept),
            ledger.rows_gone(rows[0].number, rows[-1].number),
        )
        note = ""
    final = _final_bars(data_dir, ledger, plan, record, session, bars, clock, providers)
    note = _joined(note, final.note)
    on_final: OnFinalBars | None = None
    execution: Execution | None = None
    if final.bars:
        try:
            accepted = accepted_bars(new_state(), _started(events), final.bars)
            execution = price_execution(new_state(), events, accepted)
            on_final = _on_final(plan, ledger.account, events, bars, final)
        except (OpenbellError, ValueError, KeyError, IndexError, TypeError) as error:
            # A journal that cannot be followed is told by the replay as consumed.
            note = _joined(note, f"not replayed on final bars: {error}")
    return SessionParity(name, consumed, on_final, execution, note)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _decisions(ledger: DuckDBLedger, name: str) -> list[KeptDecision]:
    rows = ledger.query(
        "SELECT * FROM decisions WHERE session = ? ORDER BY bar, symbol",
        [name],
    )
    return [
        KeptDecision(
            to_microseconds(row["bar"]),
            row["symbol"],
            row["reason"],
            _price(row["price"]),
            int(row["quantity"]),
            _price(row["stop"]),
            row["target_offset"],
            # A ledger that an earlier version wrote last has no such columns.
            _price(row.get("level")),
            row.get("target_kind") or TargetKind.USD,
        )
        for row in rows
    ]


def _price(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _final_bars(
    data_dir: Path,
    ledger: DuckDBLedger,
    plan: RunPlan,
    record: dict[str, Any],
    session: Session,
    bars: Sequence[BarClosed],
    clock: Clock,
    providers: Providers,
) -> FinalBars:
    archive = archive_of(data_dir, plan, bars, clock)
    with _asked(providers if is_of_providers(record) else None, plan) as provider:
        is_simulated = ledger.has_simulated_bars()
        source = source_of(record, archive, provider, has_simulated_bars=is_simulated)
        try:
            return source.final_bars(plan, session, bars)
        except StoreUnavailable as error:
            return FinalBars(note=f"final bars cannot be read: {error.what}")


@contextmanager
def _asked(providers: Providers, plan: RunPlan) -> Iterator[ProviderChain | None]:
    if providers is None:
        yield None
        return
    provider = providers(plan.exchange, plan.interval_minutes)
    try:
        yield provider
    finally:
        provider.close()


def _on_final(
    plan: RunPlan,
    account: str,
    events: Sequence[Event],
    bars: Sequence[BarClosed],
    final: FinalBars,
) -> OnFinalBars:
    """Run a session twice on the simulated venue: on the bars as consumed and on the final ones."""
    started = _started(events)
    by_number = {bar.bar: bar for bar in final.bars}
    script = [event for event in events if isinstance(event, BarClosed | Command)]
    scripts = (
        script,
        [by_number[event.bar] if isinstance(event, BarClosed) else event for event in script],
    )
    session = session_of([started])
    as_consumed, on_final = (
        model_session(plan, session, account, started, each) for each in scripts
    )
    return compare_on_final_bars(bars, final.bars, as_consumed, on_final, final.arrivals)


def _started(events: Sequence[Event]) -> SessionStarted:
    started = events[0]
    assert isinstance(started, SessionStarted)
    return started


def _is_stale(request: ParityRequest, ledger: DuckDBLedger, name: str, clock: Clock) -> bool:
    """Return whether what was found of a session was found on other final bars than there are."""
    with ledger.reading() as connection:
        kept = read_bars_hash(connection, date.fromisoformat(name))
    return kept != bars_hash(request.data_dir, ledger, name, clock)


def _keep(ledger: DuckDBLedger, found: SessionParity, bars: str, now: datetime) -> ParityRow:
    """Write what was found, and put an error into the outbox where the journal does not agree."""
    with ledger.changing() as connection:
        row = write_parity(connection, found, bars, now)
    if found.verdict == Verdict.DIFFERS:
        ledger.add_messages(found.session, [alert_of(ledger, found, row, now)])
        ledger.release()
    return row
