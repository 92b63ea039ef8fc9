"""The order desk: the one place where intent, commit, send and answer follow each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.projector import Projector
from blocks.process.failpoints import reach
from trading.errors import OpenbellError, OutcomeUnknown
from trading.market.calendar import to_microseconds
from trading.session.events import BarClosed, Event, Intent, OrderUpdate, SessionClosed
from trading.session.messages import Message
from trading.session.order_plan import OrderPlanner
from trading.session.order_reporter import Place
from trading.session.orders import Leg, Status
from trading.session.ports import Exchange
from trading.session.reporter import Reporter
from trading.session.state import SessionState

# Cancel, then submit what the cancel made room for: more rounds than that mean a loop.
MOST_ROUNDS = 8


class OrderDesk:
    """Keeps one session's state, ledger and exchange in step.

    State changes in memory first and is committed before anything is sent. When a commit fails
    for good the process is to end: the next one folds the journal. `blocked` says by symbol why
    it is not entered.
    """

    def __init__(
        self,
        state: SessionState,
        ledger: DuckDBLedger,
        exchange: Exchange,
        account: str,
        epoch: int,
        *,
        dry_run: bool = False,
        provider: str = "",
    ) -> None:
        self.state = state
        self.ledger = ledger
        self.exchange = exchange
        self.epoch = epoch
        self.dry_run = dry_run
        self._session = state.session.date.isoformat()
        self._planner = OrderPlanner(account, self._session, state.plan.strategy_name, epoch)
        self._uncommitted: list[Event] = []
        self._cursor = ledger.cursor()
        self.blocked: dict[str, str] = {}
        self.reporter = Reporter(state, Place(account, exchange.name, provider))
        self._projector = Projector(state, self.reporter)
        self._shown = 0

    def fold(self, events: Iterable[Event]) -> None:
        """Apply what the journal holds; people were told of it then."""
        for event in events:
            self.reporter.take(event)
        self._shown = len(self.reporter.messages)

    def record(self, event: Event) -> None:
        """Apply an event and keep it for the next commit."""
        self.reporter.take(event)
        self._uncommitted.append(event)

    def listen(self) -> int:
        """Take what happened at the exchange into the state; return how many events there were."""
        news = self.exchange.events_since(self._cursor)
        for item in news:
            reach("before apply")
            self.record(item.event)
            self._cursor = item.number
            reach("after apply")
        return len(news)

    def take_bar(self, bar: BarClosed) -> None:
        """Let the exchange and then the strategy see a bar; one that was taken changes nothing."""
        if bar.bar <= self.state.last_bar:
            return
        self.exchange.observe(bar)
        reach("after observe")
        self.listen()
        self.record(bar)

    def execute(self) -> None:
        """Bring the orders in line with the book: commit, send, hear the answers, until done."""
        for _ in range(MOST_ROUNDS):
            intents = self._planner.plan(
                self.state.book, self.state.plan.symbols, self.state.orders, self.state.unanswered
            )
            for intent in intents:
                self.record(intent)
            self.commit()
            if not intents:
                return
            for intent in intents:
                self._send(intent)
            self.listen()
        raise OpenbellError(
            f"orders of {self._session} did not settle in {MOST_ROUNDS} rounds",
            "Halt, and compare the orders with the exchange by hand",
        )

    def commit(self) -> None:
        """Write what was recorded to the journal, all or none."""
        if not self._uncommitted:
            return
        reach("before commit")
        self.ledger.commit(
            self._uncommitted, epoch=self.epoch, session=self._session, cursor=self._cursor
        )
        self._uncommitted = []
        reach("after commit")

    def project(self) -> None:
        """Write the projections that people read."""
        self.commit()
        reach("before project")
        self.ledger.commit([], epoch=self.epoch, projection=self._projector.changes())
        self._projector.done()
        reach("after project")

    def resolve(self, now: datetime, entry_deadline: datetime) -> None:
        """Find out what became of requests without an answer; never resend what may have arrived.

        An entry that never arrived and whose bar is over is given up: a late one is another trade.
        """
        self.listen()
        for intent in list(self.state.unanswered.values()):
            if intent.action != "submit":
                self._send(intent)
                continue
            found = self.exchange.find_order(intent.client_order_id)
            if found is not None:
                self.record(
                    OrderUpdate(
                        intent.client_order_id,
                        intent.symbol,
                        intent.leg,
                        found.status,
                        to_microseconds(now),
                        found.price,
                        found.quantity,
                    )
                )
            elif intent.leg == Leg.ENTRY and now > entry_deadline:
                self.record(self._answer(intent, Status.CANCELLED, "missed"))
            else:
                self._send(intent)
        self.listen()
        self.commit()

    def reconcile(self) -> dict[str, str]:
        """Block every symbol whose quantity differs from the exchange's; return why, by symbol."""
        self.blocked = {
            symbol: f"ledger {ours}, exchange {theirs}"
            for symbol, (ours, theirs) in self.differences().items()
        }
        return self.blocked

    def differences(self) -> dict[str, tuple[int, int]]:
        """Return symbols whose quantity differs, as (ledger, exchange), over both sides' union."""
        theirs = self.exchange.positions()
        found: dict[str, tuple[int, int]] = {}
        for symbol in {*self.state.index, *theirs}:
            s = self.state.index.get(symbol)
            ours = 0 if s is None else int(self.state.book.quantity[s])
            if ours != theirs.get(symbol, 0):
                found[symbol] = (ours, theirs.get(symbol, 0))
        return found

    def close_session(self) -> None:
        """Let the venue end its day, take the answers and write the session's last point."""
        self.exchange.end_session(self._session)
        self.listen()
        self.record(SessionClosed(self._session, self.state.equity()))
        self.commit()

    def take_news(self) -> list[Message]:
        """Return what people should hear since this was asked last."""
        news = self.reporter.messages[self._shown :]
        self._shown += len(news)
        return news

    def _send(self, intent: Intent) -> None:
        if self.dry_run:
            status = Status.REJECTED if intent.action == "submit" else Status.WORKING
            self.record(self._answer(intent, status, "dry_run"))
            return
        request = {
            "submit": self.exchange.submit,
            "replace": self.exchange.replace,
            "cancel": self.exchange.cancel,
        }[intent.action]
        reach(f"before {intent.action}")
        try:
            request(intent)
        except OutcomeUnknown:
            if intent.action == "submit":
                self.record(self._answer(intent, Status.UNKNOWN, "no answer"))
                # Unknown is no answer: it stays to be looked up.
                self.state.unanswered[intent.client_order_id] = intent
        reach(f"after {intent.action}")

    def _answer(self, intent: Intent, status: Status, reason: str) -> OrderUpdate:
        return OrderUpdate(
            intent.client_order_id,
            intent.symbol,
            intent.leg,
            status,
            0,
            intent.price,
            intent.quantity,
            reason,
        )
