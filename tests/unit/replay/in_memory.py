"""The live session without files: the real desk, state and venue over stores in memory."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from blocks.exchange.order_desk import OrderDesk
from trading.engine.warm_up import warm
from trading.indicators.past import new_past
from trading.market.calendar import Grid
from trading.market.panel import Panel
from trading.plan import RunPlan
from trading.session.bar_gate import BarGate
from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import BEGINNING, EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import SIMULATED, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Event, Fill, Intent, SessionStarted
from trading.session.inheritance import Warmed, with_warmed
from trading.session.orders import Order
from trading.session.state import SessionState
from trading.session.venue.facts import account_of, answer_in, clock_of, instrument_of
from trading.session.venue.orders import VenueEvent
from trading.session.venue.simulated_venue import SimulatedVenue

ACCOUNT = "memory"


@dataclass
class MemoryLedger:
    events: list[Event] = field(default_factory=list)
    last: StreamPosition = BEGINNING

    def commit(
        self,
        events: Sequence[Event],
        *,
        epoch: int,
        session: str = "",
        cursor: StreamPosition | None = None,
        projection: Any = None,
    ) -> None:
        self.events += events
        self.last = self.last if cursor is None else cursor

    def cursor(self) -> StreamPosition:
        return self.last

    def executions(self) -> frozenset[str]:
        return frozenset(event.exec_id for event in self.events if isinstance(event, Fill))


class MemoryExchange:
    """The simulated venue behind the port; its cursor is how many events it has told."""

    name = "memory"
    identity = "memory"
    is_simulated = True
    abilities = SIMULATED

    def __init__(self, plan: RunPlan) -> None:
        self.venue = SimulatedVenue(plan.rules(), plan.symbols, plan.capital)
        self.stream_of_events: list[VenueEvent] = []
        self.requests: list[Intent] = []

    def _take(self, events: list[VenueEvent]) -> None:
        self.stream_of_events += events

    def _answer(self, events: list[VenueEvent], intent: Intent) -> Answer:
        self.requests.append(intent)
        self._take(events)
        return answer_in(events, intent)

    def account(self) -> BrokerAccount:
        return account_of(self.venue)

    def instrument(self, symbol: str) -> Instrument:
        return instrument_of(self.venue, symbol)

    def clock(self) -> BrokerClock:
        return clock_of(self.venue)

    def know(self, their_ids: Mapping[str, str]) -> None:
        pass

    def submit(self, intent: Intent) -> Answer:
        return self._answer(self.venue.submit(intent), intent)

    def replace(self, intent: Intent) -> Answer:
        return self._answer(self.venue.replace(intent), intent)

    def cancel(self, intent: Intent) -> Answer:
        return self._answer(self.venue.cancel(intent), intent)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        self._take(self.venue.observe(bar, begins_anew))

    def end_session(self, session: str, close_us: int) -> None:
        self._take(self.venue.end_session(session, close_us))

    def find_order(self, client_order_id: str) -> Order | None:
        return self.venue.state.orders.get(client_order_id)

    def open_orders(self) -> list[Order]:
        return [order for order in self.venue.state.orders.values() if order.is_live]

    def events(self, since: StreamPosition) -> EventPage:
        told, count = int(since.cursor or 0), len(self.stream_of_events)
        begins_anew = since.identity not in ("", self.identity) or told > count
        news = self.stream_of_events[0 if begins_anew else told :]
        position = StreamPosition(self.identity, str(count))
        return EventPage(position, [ExchangeEvent(event) for event in news], begins_anew)

    def close(self) -> None:
        pass

    def positions(self) -> dict[str, int]:
        held = self.venue.state.book.quantity
        return {s: int(held[n]) for n, s in enumerate(self.venue.symbols) if held[n]}


@dataclass
class LiveRun:
    states: list[SessionState]
    ledger: MemoryLedger
    exchange: MemoryExchange
    unplanned: int = 0
    differences: dict[str, str] = field(default_factory=dict)


def bar_closed(panel: Panel, session: int, bar: int, gates: list[str] | None = None) -> BarClosed:
    grid = panel.grid
    row = int(grid.first_row[session]) + bar

    def values(column: Any) -> list[float | None]:
        return [None if math.isnan(value) else value for value in column[row].tolist()]

    return BarClosed(
        grid.sessions[session].date.isoformat(),
        bar,
        int(grid.start_us[row]),
        values(panel.open),
        values(panel.high),
        values(panel.low),
        values(panel.close),
        values(panel.volume),
        gates or [""] * len(panel.symbols),
    )


def sessions_of(panel: Panel, end: int) -> Panel:
    """Return the sessions of a panel before a number."""
    grid, rows = panel.grid, int(panel.grid.first_row[end])
    return Panel(
        Grid(
            grid.sessions[:end],
            grid.interval_minutes,
            grid.first_row[: end + 1],
            grid.start_us[:rows],
            grid.end_us[:rows],
        ),
        panel.symbols,
        *(values[:rows] for values in panel.prices),
        defects=panel.defects,
    )


def run_live(
    panel: Panel,
    plan: RunPlan,
    first_traded: int = 0,
    exchange: MemoryExchange | None = None,
) -> LiveRun:
    """Trade a panel's sessions bar by bar through the desk."""
    run = LiveRun([], MemoryLedger(), exchange or MemoryExchange(plan))
    inheritance: dict[str, Any] = {}
    grid = panel.grid
    for number in range(first_traded, len(grid.sessions)):
        session = grid.sessions[number]
        state = SessionState(plan, session)
        if not inheritance:
            studies = plan.reading().studies
            past = new_past(studies, len(plan.symbols))
            warmed = Warmed(studies, past, BarGate(plan.thresholds(), plan.symbols))
            warmed.gate.report = warm(
                plan.thresholds(),
                warmed.gate.state,
                studies,
                past,
                sessions_of(panel, first_traded),
            )
            inheritance = with_warmed(state.inheritance(), warmed, plan.symbols)
        desk = OrderDesk(state, run.ledger, run.exchange, ACCOUNT, 1)  # type: ignore[arg-type]
        desk.record(SessionStarted(str(session.date), 0, 0, inheritance))
        for bar in range(session.bar_count(plan.interval_minutes)):
            desk.take_bar(bar_closed(panel, number, bar))
            desk.execute()
            again = desk._planner.plan(state.book, plan.symbols, state.orders, state.unanswered)
            run.unplanned += len(again)
            run.differences |= desk.reconcile()
        desk.close_session()
        run.differences |= desk.blocked
        # As the journal keeps it.
        inheritance = orjson.loads(orjson.dumps(state.inheritance()))
        run.states.append(state)
    return run


def now() -> datetime:
    return datetime(2025, 6, 10, 15, 0, tzinfo=UTC)
