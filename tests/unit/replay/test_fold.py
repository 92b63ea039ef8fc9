"""The state after a restart is the state before, field by field, whatever the exchange did."""

from __future__ import annotations

import math
from dataclasses import is_dataclass, replace
from typing import Any

import numpy as np
import orjson
import pytest

from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.event_rows import event_from_row, event_to_row
from tests.oracle.comparison import panel_of, plan_of
from tests.oracle.damaged_markets import damaged_case
from tests.oracle.random_markets import Case, random_case
from tests.unit.replay.faulty_exchange import FaultyExchange
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger, bar_closed
from trading.errors import BadInput
from trading.plan import RunPlan
from trading.session.bar_gate import BarGate
from trading.session.events import Command, Discrepancy, Event, OrderUpdate, SessionStarted
from trading.session.orders import Leg, Status
from trading.session.state import SessionState

# Workspace that every bar writes anew before it reads it.
WITHOUT_MEMORY = {"_signals", "_read_signals", "plan", "session", "rules", "numbers", "tape"}


def differing(one: Any, other: Any, name: str = "state") -> list[str]:
    """Return the names of all fields in which two values differ, NaN being equal to NaN."""
    if isinstance(one, np.ndarray):
        return [] if np.array_equal(one, other, equal_nan=one.dtype.kind == "f") else [name]
    if isinstance(one, tuple) and hasattr(one, "_fields"):
        return [
            found
            for field in one._fields
            for found in differing(getattr(one, field), getattr(other, field), f"{name}.{field}")
        ]
    if isinstance(one, BarGate):
        # What was judged last is what is judged again.
        mine, theirs = (
            {k: v for k, v in vars(gate).items() if k != "_last"} for gate in (one, other)
        )
        return differing(mine, theirs, name)
    if isinstance(one, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for n, (a, b) in pairs for found in differing(a, b, f"{name}[{n}]")]
    if isinstance(one, float) and math.isnan(one):
        return [] if math.isnan(other) else [name]
    if isinstance(one, dict) and one.keys() == other.keys() and not is_dataclass(one):
        return [f for key in one for f in differing(one[key], other[key], f"{name}[{key}]")]
    return [] if one == other else [f"{name}: {one!r} != {other!r}"]


def differences_of(one: SessionState, other: SessionState) -> list[str]:
    assert vars(one).keys() == vars(other).keys()
    (fills, trades, *_), others = one.tape.counts, other.tape.counts
    found = [] if (one.tape.counts == others).all() else ["tape.counts"]
    found += differing(one.tape.fills[:fills], other.tape.fills[:fills], "fills")
    found += differing(one.tape.trades[:trades], other.tape.trades[:trades], "trades")
    return found + [
        found
        for name in vars(one).keys() - WITHOUT_MEMORY
        for found in differing(vars(one)[name], vars(other)[name], name)
    ]


def kept(event: Event) -> Event:
    """Return an event as it comes back from the journal."""
    kind, payload = event_to_row(event)
    return event_from_row(kind, orjson.dumps(orjson.loads(payload)).decode())


def run_with_checks(case: Case, exchange: MemoryExchange, plan: RunPlan) -> list[Event]:
    """Trade a case's first sessions; fold what every bar journalled and compare."""
    panel = panel_of(case)
    ledger = MemoryLedger()
    inheritance: dict[str, Any] = {}
    for number, session in enumerate(panel.grid.sessions[:2]):
        state = SessionState(plan, session)
        folded, taken = SessionState(plan, session), len(ledger.events)
        desk = OrderDesk(state, ledger, exchange, ACCOUNT, 1)  # type: ignore[arg-type]
        desk.record(SessionStarted(str(session.date), 0, 0, inheritance or state.inheritance()))
        for bar in range(session.bar_count(plan.interval_minutes)):
            desk.take_bar(bar_closed(panel, number, bar))
            if bar == 5:
                desk.leave(Command("flatten", "try"), {})
                desk.record(Command("resume"))
            desk.execute()
            if state.unanswered:
                desk.resolve(session.bar_end(bar, 5), session.bar_end(bar + 1, 5))
            desk.commit()
            for event in ledger.events[taken:]:
                folded.apply(kept(event))
            taken = len(ledger.events)
            assert differences_of(state, folded) == [], (bar, ledger.events[-5:])
        desk.close_session()
        inheritance = orjson.loads(orjson.dumps(state.inheritance()))
    return ledger.events


@pytest.mark.parametrize("seeds", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_the_journal_of_runs_full_of_faults_folds_to_the_states_that_wrote_it(seeds: int) -> None:
    kinds: dict[str, int] = {}
    # The last two lose the answers to exits.
    for seed in (*range(seeds), 37, 44):
        # Orders at bars without volume are what an exchange refuses.
        case = damaged_case(seed) if seed % 2 else random_case(seed)
        case = replace(case, settings={**case.settings, "gate_zero_volume": False})
        try:
            plan = plan_of(case)
            events = run_with_checks(case, FaultyExchange(plan, seed), plan)
        except BadInput:
            continue
        for event in events:
            match event:
                case OrderUpdate(status=Status.UNKNOWN, leg=Leg.ENTRY):
                    kinds["unknown entry"] = kinds.get("unknown entry", 0) + 1
                case OrderUpdate(status=Status.UNKNOWN):
                    kinds["unknown exit"] = kinds.get("unknown exit", 0) + 1
                case OrderUpdate(status=Status.REJECTED):
                    kinds["refusal"] = kinds.get("refusal", 0) + 1
                case Discrepancy():
                    kinds["foreign"] = kinds.get("foreign", 0) + 1
    # What was to be folded was there.
    assert kinds.keys() == {"unknown entry", "unknown exit", "refusal", "foreign"}
