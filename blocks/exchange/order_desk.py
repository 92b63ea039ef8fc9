"""The order desk: the one place where intent, commit, send and answer follow each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from blocks.exchange.books import Books
from blocks.exchange.comparison import Comparison
from blocks.exchange.dispatch import Dispatch
from blocks.exchange.exchange_news import ExchangeNews
from blocks.exchange.objections import Objections
from blocks.exchange.questions import Questions
from blocks.exchange.silence import Silence
from blocks.exchange.unanswered import Unanswered
from blocks.ledger.projector import Projector
from blocks.ledger.rows import Projection
from blocks.process.failpoints import reach
from trading.market.calendar import to_microseconds
from trading.reasons import Reason
from trading.session.broker.exchange_port import Exchange
from trading.session.broker.facts import names_of
from trading.session.events import (
    EVERY_SYMBOL,
    BarClosed,
    BarPassed,
    Command,
    Event,
    ExchangeView,
    Intent,
    SessionClosed,
    Transfer,
    intent_of,
)
from trading.session.journalled import follow
from trading.session.messages.message import Message
from trading.session.messages.order_reporter import Place
from trading.session.messages.reporter import Reporter
from trading.session.order_times import OrderTimes, present_us
from trading.session.orders import Leg
from trading.session.planning.order_planner import OrderPlanner
from trading.session.protection.legs import is_unheard
from trading.session.protection.limits import ProtectionLimits
from trading.session.protection.watch import Look, Watch
from trading.session.state import SessionState

# Cancel, then submit what the cancel made room for: more rounds than that mean a loop.
MOST_ROUNDS = 8
# What is asked of an exchange besides its news.
BOOKS = "positions and orders"


class OrderDesk:
    """Keeps one session's state, ledger and exchange in step.

    State changes in memory first and is committed before anything is sent. When a commit fails
    the session is to be opened anew: the next desk folds the journal. `times` is the clock of its
    orders, None where a replay does not wait, and `limits` are how long what protects a position is
    waited for.
    """

    def __init__(
        self,
        state: SessionState,
        ledger: Books,
        exchange: Exchange,
        account: str,
        epoch: int,
        *,
        dry_run: bool = False,
        provider: str = "",
        times: OrderTimes | None = None,
        limits: ProtectionLimits | None = None,
    ) -> None:
        self.state = state
        self.ledger = ledger
        self.exchange = exchange
        self.epoch = epoch
        self.dry_run = dry_run
        self._session = state.session.date.isoformat()
        self._planner = OrderPlanner(account, self._session, state.plan.strategy_name, epoch)
        self._uncommitted: list[Event] = []
        self._recorded = 0
        self._times = times
        limits = limits or ProtectionLimits()
        self._watch = Watch(limits)
        self._questions = Questions(exchange, limits.question)
        self._news = ExchangeNews(exchange, ledger)
        self._committed_cursor = self._news.cursor
        # By symbol, until its next bar: what does not settle is not asked again and again.
        self._refused: dict[str, str] = {}
        self._objections = Objections(state)
        speed = times.speed if times else 1.0
        self._silence = Silence(partial(present_us, times), speed)
        self._unanswered = Unanswered(state, exchange, self._questions, self.record, speed)
        self._dispatch = Dispatch(
            state,
            exchange,
            self.record,
            self._unanswered,
            self._objections,
            self._silence,
            times,
            dry_run=dry_run,
        )
        self._comparison = Comparison(state, exchange, self.record)
        self._shown_blocked: dict[str, str] | None = None
        self.reporter = Reporter(state, Place(account, exchange.name, provider))
        self._projector = Projector(state, self.reporter)
        self._shown = 0

    def fold(self, events: Iterable[Event]) -> None:
        """Apply what the journal holds; people were told of it then."""
        follow(events, self.reporter.take)
        self._shown = len(self.reporter.messages)

    def record(self, event: Event) -> None:
        """Apply an event and keep it for the next commit."""
        self.reporter.take(event)
        self._uncommitted.append(event)
        self._recorded += 1

    def listen(self) -> int:
        """Take what happened at the exchange into the state; return how many events there were."""
        heard = 0
        with self._silence.bridged("its news"):
            for event in self._news.read(self.state):
                self.record(event)
                heard += 1
        return heard

    def take_bar(self, bar: BarClosed) -> None:
        """Let the exchange and then the strategy see a bar; one that was taken changes nothing.

        Neither sees what the data gate rejects.
        """
        if bar.bar <= self.state.last_bar:
            return
        judged = self.state.gate.judge(bar)
        symbols = self.state.plan.symbols
        self.exchange.observe(judged.accepted, [symbols[s] for s in judged.begins_anew])
        reach("after observe")
        self.listen()
        self._refused = {}
        self.reconcile()
        self.record(bar)

    def leave(self, command: Command, newest: Mapping[str, float]) -> None:
        """Follow an operator who wants everything left: now, at the newest prices known, USD."""
        self.record(command)
        self.execute(newest)

    def execute(self, newest: Mapping[str, float] | None = None) -> None:
        """Bring the orders in line with the book: commit, send, hear the answers, until done."""
        intents: list[Intent] = []
        for _ in range(MOST_ROUNDS):
            intents = self._planned(newest)
            self._ask(intents)
            if not intents:
                return
        # Asked for so often and still not there: the next bar asks again.
        for intent in intents:
            self._refused[intent.symbol] = f"its orders did not settle in {MOST_ROUNDS} rounds"
        self.commit()
        self.reconcile()

    def protect(self) -> None:
        """Protect or leave what stands without a stop, before anything else is asked for."""
        self._ask([each for each in self._planned(None) if each.symbol in self._watch.bare])
        self.commit()

    def next_look_seconds(self) -> float:
        """Return how soon, by the session's clock, the desk has to look again: inf for no hurry."""
        return self._watch.next_look_seconds

    @property
    def is_urgent(self) -> bool:
        """Return whether something is waited for that has a time: protection, an end, an answer."""
        return self._watch.is_urgent

    def look_again(self) -> int:
        """Do what is due because time has gone by; return how many events came of it."""
        before = self._recorded
        self.execute()
        return self._recorded - before

    def _planned(self, newest: Mapping[str, float] | None) -> list[Intent]:
        state, us = self.state, present_us(self._times)
        for update in self._questions.settle(state, us):
            self.record(update)
        # What was filled there before its fills are heard may be gone.
        is_unheard_of = any(map(is_unheard, state.orders.values()))
        is_seen = False
        if self._comparison.elsewhere or is_unheard_of:
            # What was asked a moment ago may have changed it.
            is_seen = self._sees_quantities()
        look = self._watch.look(state, us, is_seen=is_seen or not is_unheard_of)
        for event in look.events:
            self.record(event)
        self._take_view(look)
        wanted = self._planner.wanted(state, newest)
        if not is_seen and self._sells_what_may_be_gone(wanted) and self._sees_quantities():
            self._take_view(look)
            wanted = self._planner.wanted(state, newest)
        return [replace(intent, us=us) for intent in wanted]

    def _sells_what_may_be_gone(self, intents: Iterable[Intent]) -> bool:
        """Return whether a position elsewhere is left, which its stop may have left a moment ago.

        An exit that comes second opens another position.
        """
        if self.exchange.is_simulated:
            return False
        return any(each.action == "submit" and each.leg == Leg.EXIT for each in intents)

    def _sees_quantities(self) -> bool:
        """Ask what the exchange holds; return whether it has said so."""
        with self._silence.bridged(BOOKS):
            self._comparison.see_quantities()
            return True
        return False

    def _take_view(self, look: Look) -> None:
        view = ExchangeView(
            dict(self._comparison.elsewhere),
            dict(self._refused),
            names_of(self.exchange.abilities),
            look.cut,
            look.paused,
        )
        if view != self.state.view:
            # No order is planned by what the journal does not know.
            self.record(view)

    def pass_bar(self) -> None:
        """Keep the last bar as one that was history: what it asks for waits for the next."""
        if self.state.passed_bar < self.state.last_bar:
            self.record(BarPassed(self._session, self.state.last_bar))
        self.commit()

    def commit(self) -> None:
        """Write what was recorded to the journal, all or none."""
        if not self._uncommitted and self._news.cursor == self._committed_cursor:
            return
        reach("before commit")
        self.ledger.commit(
            self._uncommitted, epoch=self.epoch, session=self._session, cursor=self._news.cursor
        )
        self._uncommitted = []
        self._committed_cursor = self._news.cursor
        reach("after commit")

    def project(self) -> None:
        """Write the projections that people read."""
        self.commit()
        reach("before project")
        changes = self._projector.changes()
        # Said again only when it is another: a statement costs a millisecond.
        blocked = self.not_entered
        changes.differences = None if blocked == self._shown_blocked else blocked
        self.ledger.commit([], epoch=self.epoch, projection=changes)
        self._projector.done()
        self._shown_blocked = blocked
        reach("after project")

    def resolve(self, now: datetime, entry_deadline: datetime, *, is_history: bool = False) -> None:
        """Find out what became of requests without an answer; never resend what may have arrived.

        An entry that never arrived and whose bar is over is given up: a late one is another trade.
        While the bars that come next are history, nothing is sent: what rested rested through them.
        """
        self.listen()
        self._dispatch.send(
            self._unanswered.settle(
                now, present_us(self._times), entry_deadline, is_history=is_history
            )
        )
        self._hear_answers()
        self.commit()

    def reconcile(self) -> dict[str, str]:
        """Compare ledger and exchange; return by symbol why it is not entered."""
        with self._silence.bridged(BOOKS):
            self._comparison.compare(mends=not self.dry_run)
            if self._comparison.elsewhere and self.listen():
                # What was filled between two questions is no difference.
                self._comparison.compare(mends=not self.dry_run)
        state = self.state
        self._objections.blocked = (
            self._refused
            | state.protection.troubles()
            | state.discrepancies
            | self._comparison.found
        )
        return self.blocked

    def heed(
        self,
        forbidden: Mapping[str, str],
        unshortable: Mapping[str, str],
        *,
        is_met: bool = True,
    ) -> None:
        """Enter none of the first, and sell none of the second short; both say why by symbol.

        `is_met` says that the broker was asked, and need not be asked again in this session.
        Exits go on whatever is said. `every symbol` stands for all.
        """
        self._objections.heed(forbidden, unshortable, is_met=is_met)

    def move_money(self, transfer: Transfer, row: Projection) -> None:
        """Book money that came or went before the session's first bar, in journal and table."""
        self.record(transfer)
        self.ledger.commit(
            self._uncommitted,
            epoch=self.epoch,
            session=self._session,
            cursor=self._news.cursor,
            projection=row,
        )
        self._uncommitted = []
        self._committed_cursor = self._news.cursor

    def objection_to(self, symbol: str) -> Reason | None:
        """Return why a symbol is not entered: the books differ, or a broker forbids it."""
        return self._objections.to(symbol)

    @property
    def blocked(self) -> dict[str, str]:
        """Return by symbol where ledger and exchange differ, or what does not settle."""
        return self._objections.blocked

    @property
    def forbidden(self) -> dict[str, str]:
        """Return by symbol why its broker does not let it be entered; kept to the session's end."""
        return self._objections.forbidden

    @property
    def has_met_broker(self) -> bool:
        """Return whether the broker was asked what it forbids, and need not be asked again."""
        return self._objections.is_met

    def break_silence(self) -> None:
        """Ask again between bars for what the exchange has not answered, if it is time for it."""
        if self._silence.is_to_be_broken:
            self.reconcile()

    @property
    def silence(self) -> str:
        """Return what the exchange does not answer: nothing is entered meanwhile."""
        return self._silence.words

    @property
    def not_entered(self) -> dict[str, str]:
        """Return by symbol why it is not entered, the exchange's silence among the reasons."""
        return self.blocked | ({EVERY_SYMBOL: self.silence} if self.silence else {})

    def differences(self) -> dict[str, tuple[int, int]]:
        """Return symbols traded here whose quantity differs, as (ledger, exchange)."""
        return self._comparison.see_quantities()

    @property
    def of_others(self) -> dict[str, str]:
        """Return what others have at the account of symbols not traded here, in words."""
        return self._comparison.of_others

    def close_session(self) -> None:
        """Let the venue end its day, take the answers and write the session's last point."""
        self.exchange.end_session(self._session, to_microseconds(self.state.session.close))
        self.listen()
        self._end_what_rests()
        self.reconcile()
        self.record(SessionClosed(self._session, self.state.equity()))
        self.commit()

    def _end_what_rests(self) -> None:
        """Cancel what a broker has open of ours after the close: one that came too late waits.

        Orders of the day end by themselves there; to cancel one twice changes nothing.
        """
        if self.dry_run or not self._dispatch.is_after_the_close:
            return
        late = [
            replace(intent_of(order), action="cancel", us=present_us(self._times))
            for order in self.state.orders.values()
            if order.is_live and order.symbol in self.state.index
        ]
        self._ask(late)

    def take_news(self) -> list[Message]:
        """Return what people should hear since this was asked last."""
        news = self.reporter.messages[self._shown :]
        self._shown += len(news)
        return news

    def _ask(self, intents: Sequence[Intent]) -> None:
        """Commit requests with what was recorded before, send them, and hear the answers."""
        for intent in intents:
            self.record(intent)
        self.commit()
        if intents:
            self._dispatch.send(intents)
            self._hear_answers()

    def _hear_answers(self) -> None:
        """Take what happened into the state, and then what only the answers to requests say."""
        self.listen()
        self._dispatch.take_answers()
