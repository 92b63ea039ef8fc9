"""The state of one live session: a fold of its events, the same at the first run and a restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import starmap
from typing import Any

import numpy as np

from trading.engine import settle as engine
from trading.engine.book import (
    CASH,
    DRAWDOWN,
    ENTRY_ORDERS,
    LATCHED,
    Book,
    equity,
    new_book,
)
from trading.engine.book_changes import (
    begin_session,
    cancel_entry,
    plan_exit,
)
from trading.engine.compile import link_interpreted
from trading.engine.sessions import end_past
from trading.engine.signals import read_signals
from trading.engine.strategy.errors import Place, mistakes_explained
from trading.engine.tapes.decision_log import DecisionLog
from trading.engine.tapes.decision_tape import (
    KEEP_ALL,
    keep_decisions,
    keep_ranges,
    new_decision_tape,
)
from trading.engine.tapes.trade_tape import DecisionRow, new_tape
from trading.engine.workspace import new_scratch, new_signals, parts_of
from trading.errors import BadInput
from trading.gate.checks import NEW_LEVEL
from trading.gate.verdicts import Bytes
from trading.indicators.past import copied_past, forget_past, new_past
from trading.indicators.update import begin_studies, update_studies
from trading.market.bars import Prices
from trading.market.calendar import Session, to_microseconds
from trading.market.daily_bars import days_of, no_daily
from trading.plan import RunPlan
from trading.reasons import (
    EXIT_STOP,
    EXIT_TARGET,
    EXIT_UNPROTECTED,
    OF_BROKER,
    ExitReason,
    Reason,
)
from trading.selection.judge import begin_opening
from trading.selection.universe import new_universe
from trading.session.bar_gate import BarGate
from trading.session.book_events import book_fill, end_entry, follow, move_money, resume
from trading.session.broker.answers import Refusal, is_refused_as
from trading.session.entry_terms import await_entry, terms_of
from trading.session.events import (
    BarClosed,
    BarPassed,
    Command,
    Discrepancy,
    Event,
    ExchangeView,
    Fill,
    Gap,
    Intent,
    OrderUpdate,
    SessionClosed,
    SessionStarted,
    Transfer,
    Unprotected,
    intent_of,
    order_of,
)
from trading.session.inheritance import (
    DRAWDOWN_REASON,
    NO_HALT,
    Halt,
    inheritance_of,
    take_over,
)
from trading.session.orders import (
    TERMINAL,
    Leg,
    Order,
    Status,
    attempt_of,
    transition,
)
from trading.session.protection.record import ProtectionRecord


class SessionState:
    """Everything that a session knows; `apply` is the only way to change it."""

    def __init__(self, plan: RunPlan, session: Session) -> None:
        count = len(plan.symbols)
        self.plan = plan
        self.session = session
        self.rules = plan.rules()
        self.numbers = plan.strategy.numbers(plan.interval_minutes)
        self.index = {symbol: s for s, symbol in enumerate(plan.symbols)}
        self.book: Book = new_book(count, plan.capital)
        self.reading = plan.reading()
        self.past = new_past(self.reading.studies, count)
        self.universe = new_universe(1, count, is_selected=self.rules.selection.opening_bars > 0)
        self.gate = BarGate(plan.thresholds(), plan.symbols)
        self.scratch = new_scratch(count, plan.strategy_module.MEMORY)
        self._signals = new_signals(1, count, parts_of(self.rules))
        most_fills = 40 * count * session.bar_count(plan.interval_minutes) + 100
        self.tape = new_tape(most_fills)
        self.orders: dict[str, Order] = {}
        self.unanswered: dict[str, Intent] = {}
        # By the exchange's own ids, also those under which it had an order before.
        self.their_ids: dict[str, str] = {}
        # By symbol what the exchange said of it that could not be booked.
        self.discrepancies: dict[str, str] = {}
        self.last_bar = -1
        # The last bar that was history when it was decided on.
        self.passed_bar = -1
        self.view = ExchangeView()
        self.protection = ProtectionRecord()
        self.is_started = False
        self.is_closed = False
        self.halt = NO_HALT
        self.equity_points: list[tuple[int, float]] = []
        self.decisions: list[DecisionRow[float]] = []
        # Of a user's strategy: it is asked for nothing more once it has failed.
        self.mistake: BadInput | None = None
        self._executions: set[str] = set()
        interval = plan.interval_minutes
        self._bars = session.bar_count(interval)
        self.flatten_bar = session.bars_ended_by(plan.strategy.flatten_minutes, interval) - 1
        self._cutoff = min(
            session.bars_ended_by(plan.strategy.entry_cutoff_minutes, interval), self.flatten_bar
        )
        self._read_signals = link_interpreted(plan.strategy_module, read_signals)

    def inheritance(self) -> dict[str, Any]:
        """Return what the next session takes over from this state, JSON-ready."""
        past = copied_past(self.past)
        studies = self.reading.studies
        end_past(studies, past, self.gate.ended().restores, no_daily(len(self.index)), 0)
        return inheritance_of(
            self.book, studies, past.state, self.gate, self.plan.symbols, self.orders, self.halt
        )

    def apply(self, event: Event) -> None:
        """Change the state by one event; the same fill, bar or start twice is no change."""
        match event:
            case SessionStarted():
                self._start(event)
            case BarClosed():
                self._close_bar(event)
            case BarPassed():
                self.passed_bar = event.bar
            case ExchangeView():
                self.view = event
            case Fill():
                self._fill(event)
            case OrderUpdate():
                self._update(event)
            case Intent():
                self._intend(event)
            case Unprotected():
                self.protection.gaps.append(event)
                if event.became == Gap.LEFT:
                    plan_exit(self.book, self.index[event.symbol], EXIT_UNPROTECTED)
            case Discrepancy():
                self.discrepancies.setdefault(event.symbol, event.reason)
            case Command():
                self._command(event)
            case Transfer():
                move_money(self.book, float(event.amount))
            case SessionClosed():
                self.is_closed = True
                if self.equity_points:
                    self.equity_points[-1] = (self.equity_points[-1][0], event.equity)

    def equity(self) -> float:
        """Return the account's value at the present marks, USD."""
        return float(equity(self.book))

    def cash(self) -> float:
        """Return the account's cash, USD."""
        return float(self.book.money[CASH])

    def has_heard(self, exec_id: str) -> bool:
        """Return whether a fill is in the books already."""
        return exec_id in self._executions

    @property
    def is_latched(self) -> bool:
        """Return whether the day's loss limit has ended trading for the session."""
        return bool(self.book.flags[LATCHED])

    @property
    def is_in_drawdown(self) -> bool:
        """Return whether the account fell so far from its peak that it is halted."""
        return bool(self.book.flags[DRAWDOWN])

    def _start(self, event: SessionStarted) -> None:
        if self.is_started:
            return
        inherited = event.inheritance
        if inherited:
            self.halt = take_over(
                inherited,
                self.book,
                self.reading.studies,
                self.past.state,
                self.gate,
                self.orders,
            )
            for order in self.orders.values():
                if order.their_id:
                    self.their_ids[order.their_id] = order.client_order_id
                if order.status in (Status.INTENDED, Status.UNKNOWN):
                    # What nobody knows of at a close is looked up in the next session.
                    self.unanswered[order.client_order_id] = intent_of(order)
        begin_session(self.book)
        self.gate.begin()
        day = int(days_of([self.session])[0])
        begin_studies(self.reading.studies, self.past.state, day)
        begin_opening(self.universe)
        self.scratch.memory[:] = 0.0
        self.scratch.previous_reason[:] = 0
        self.is_started = True

    def _close_bar(self, event: BarClosed) -> None:
        if event.bar <= self.last_bar:
            return
        was_in_drawdown = self.is_in_drawdown
        judged = self.gate.judge(event)
        self.gate.take(judged)
        bar = judged.prices
        for s in judged.begins_anew:
            forget_past(self.past, s, bool(judged.found[s] & NEW_LEVEL))
        engine.cancel_rejected(self.book, judged.found)
        self._ask_strategy(event.bar, bar)
        worth = engine.close_bar(
            self.book,
            self.rules,
            self.scratch,
            self._signals,
            _first_reasons(event.gates, judged.reasons),
            0 <= self.flatten_bar <= event.bar,
            event.bar >= self._cutoff,
            bar,
            event.start_us,
            to_microseconds(self.session.bar_end(event.bar, self.plan.interval_minutes)),
        )
        made = new_decision_tape(1, len(self.index), is_wide=any(parts_of(self.rules)))
        keep_ranges(self.scratch, self._signals, 0, made, KEEP_ALL, 0)
        keep_decisions(self.scratch, self._signals, 0, made, KEEP_ALL, 0)
        log = DecisionLog(
            made, np.array([event.start_us]), bar.close[np.newaxis], np.array([worth])
        )
        rows = starmap(DecisionRow, log.rows.tolist())
        self.decisions += _with_words_of_broker(rows, event.gates)
        self.equity_points.append((event.start_us, float(worth)))
        self.last_bar = event.bar
        self.protection.close_bar()
        if self.is_in_drawdown and not was_in_drawdown:
            self.halt = Halt(is_halted=True, reason=DRAWDOWN_REASON, since_us=event.start_us)

    def _ask_strategy(self, number: int, bar: Prices) -> None:
        """Let the strategy see a bar; after a mistake in a user's file nothing enters any more.

        The mistake comes again whenever the journal is folded, and so does what follows from it:
        what is held is looked after to the session's end.
        """
        if self.mistake is None:
            place = Place(self.plan.symbols, (self.session.date,))
            try:
                with mistakes_explained(self.plan.strategy_module, place):
                    self._read_signals(
                        self.rules,
                        self.numbers,
                        self.reading,
                        self.past.state,
                        self.universe,
                        self.scratch,
                        self._signals,
                        0,
                        0,
                        number,
                        self._bars,
                        number >= self._cutoff,
                        bar,
                    )
                return
            except BadInput as mistake:
                self.mistake = mistake
        else:
            update_studies(self.reading.studies, self.past.state, number, self._bars, bar)
        signals = self._signals
        # Nobody would move or end what rests.
        follow(self.book, "withdraw")
        signals.reason[0] = Reason.STRATEGY_FAILED
        signals.leaves[:] = 0
        if len(signals.atr) > 0:
            signals.atr[0] = self.past.state[self.reading.rows.atr]

    def _fill(self, event: Fill) -> None:
        if event.exec_id in self._executions:
            return
        self._executions.add(event.exec_id)
        order = self.orders.get(event.client_order_id)
        if order is not None:
            order = replace(order, filled=order.filled + abs(event.quantity))
            self.orders[order.client_order_id] = order
        s = self.index[event.symbol]
        rests = self._rests_protection
        book_fill(self.book, self.tape, self.rules, s, event, order, fires_whole=rests)
        if order is not None:
            held = int(self.book.quantity[s])
            self.protection.fill(order, event.us, held, self.orders, rests_protection=rests)

    def _update(self, event: OrderUpdate) -> None:
        before = order = self.orders.get(event.client_order_id)
        if order is None:
            # A bracket's legs are made by the exchange when the entry fills.
            order = Order(
                event.client_order_id,
                event.symbol,
                Leg(event.leg),
                event.quantity,
                price=event.price,
                attempt=attempt_of(event.client_order_id),
            )
        order = transition(order, event.status, price=event.price)
        if event.their_id:
            order = replace(order, their_id=event.their_id)
            self.their_ids[event.their_id] = order.client_order_id
        # Of an entry it is what was asked for: another one is a difference to be told.
        if event.quantity and event.status == Status.WORKING and order.leg != Leg.ENTRY:
            order = replace(order, quantity=event.quantity)
        self.orders[order.client_order_id] = order
        asked = self.unanswered.get(order.client_order_id)
        if event.status != Status.UNKNOWN and not _is_still_ending(asked, event):
            # Unknown is no answer: the request stays to be looked up, after a restart too.
            self.unanswered.pop(order.client_order_id, None)
        s = self.index[event.symbol]
        self.protection.hear(
            before,
            order,
            event,
            asked,
            self.orders,
            held=int(self.book.quantity[s]),
            rests_protection=self._rests_protection,
        )
        if order.leg == Leg.ENTRY and order.status in TERMINAL:
            end_entry(self.book, s, order)
            if event.status == Status.CANCELLED and is_refused_as(
                event.reason, Refusal.NOT_SHORTABLE
            ):
                # It was never sent: what nobody lends uses up none of the session's orders.
                self.book.flags[ENTRY_ORDERS] -= 1
        if event.status == Status.TRIGGERED:
            plan_exit(self.book, s, EXIT_STOP if order.leg == Leg.STOP else EXIT_TARGET)

    @property
    def _rests_protection(self) -> bool:
        return "rests_protection" in self.view.abilities

    def _intend(self, event: Intent) -> None:
        self.unanswered[event.client_order_id] = event
        self.protection.ask(event)
        if event.action == "submit" and event.client_order_id not in self.orders:
            self.orders[event.client_order_id] = order_of(event)
        s = self.index[event.symbol]
        if event.is_adopted and event.leg == Leg.ENTRY and self.book.quantity[s] == 0:
            # Its decision is in no journal of ours, but its fills are to find stop and target.
            cancel_entry(self.book, s)
            await_entry(self.book, s, terms_of(event))

    def _command(self, event: Command) -> None:
        if event.command == "resume":
            self.halt = NO_HALT
            resume(self.book)
            return
        if event.command in ("halt", "flatten"):
            self.halt = Halt(True, event.reason, self.halt.since_us)
        follow(self.book, event.command)

    def exit_reason(self, symbol: str) -> str:
        """Return why a symbol's waiting exit began, or an empty text."""
        s = self.index[symbol]
        return ExitReason(int(self.book.exit_reason[s])).word if self.book.exit_waiting[s] else ""


def _is_still_ending(asked: Intent | None, update: OrderUpdate) -> bool:
    """Return whether an order that was asked to end is said to work on: it may end yet."""
    if asked is None or asked.action != "cancel" or update.reason:
        return False
    return update.status == Status.WORKING


def _first_reasons(words: list[str], found: Bytes) -> Bytes:
    """Return by symbol the reason that comes first, of the session and of the data gate, or 0."""
    both = zip((_of_loops(word) if word else 0 for word in words), found, strict=True)
    return np.array([min(filter(None, pair), default=0) for pair in both], dtype=np.uint8)


def _of_loops(word: str) -> int:
    """Return the number by which loops know a reason's word."""
    reason = Reason.of(word)
    return int(Reason.RECONCILIATION if reason in OF_BROKER else reason)


def _with_words_of_broker(
    rows: Iterable[DecisionRow[float]], words: list[str]
) -> Iterator[DecisionRow[float]]:
    """Yield decisions that say why a broker takes no entry of a symbol, where that is why."""
    for row in rows:
        word = words[int(row.symbol)]
        is_so = int(row.reason) == Reason.RECONCILIATION and word
        yield row._replace(reason=float(Reason.of(word))) if is_so else row
