"""What one session holds while it runs; live objects stay here and out of Prefect's parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.notes.broker_view import BrokerView
from blocks.messages.drain_thread import Drains
from blocks.messages.session_notifier import SessionNotifier
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from tasks.session.bar_notes import BarNotes
from tasks.session.beginning import Beginning
from tasks.session.difference_news import DifferenceNews
from tasks.session.inbox import Inbox
from tasks.session.long_question import LongQuestion
from tasks.session.source_news import SourceNews
from trading.market.calendar import Grid, Session
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import Clock, MarketData, Storage
from trading.session.state import SessionState


@dataclass(frozen=True)
class Pace:
    """How a session keeps time; seconds are those of its clock.

    `settle_seconds` go by after a bar's end before it is fetched, `tend_seconds` between two looks
    at the exchange. What is made within `settling_seconds` of a bar's end counts as made at it
    (rules, section 15). For `last_exit_seconds` after the close the exits are waited for that are
    under way at a broker. `is_real_time` is False for a replay that does not wait, `is_replay` True
    for any.
    """

    settle_seconds: float = 0.0
    tend_seconds: float = 3600.0
    settling_seconds: float = 0.0
    last_exit_seconds: float = 0.0
    is_real_time: bool = False
    is_replay: bool = True


@dataclass
class SeenBroker:
    """How the account looked at its broker last, None before it was asked."""

    view: BrokerView | None = None


@dataclass(frozen=True)
class SessionRuntime:
    """The parts of a session, chosen by `flows.session.account`; what a bar is travels as values.

    `desk` alone changes the books. `news`, `inbox` and `notes` remember what was told, taken up
    and written, so that nothing is twice.
    """

    beginning: Beginning
    session: Session
    grid: Grid
    clock: Clock
    pace: Pace
    market: MarketData
    exchange: Exchange
    ledger: DuckDBLedger
    desk: OrderDesk
    notifier: SessionNotifier
    storage: Storage
    should_stop: StopRequest
    on_shutdown: str
    news: SourceNews
    inbox: Inbox
    notes: BarNotes
    differences: DifferenceNews
    telemetry: SessionTelemetry
    question: LongQuestion
    drain: Drains | None = None
    # The account at a broker, which in a shadow is looked at alone; None with the simulated venue.
    broker: Exchange | None = None
    seen: SeenBroker = field(default_factory=SeenBroker)

    @property
    def plan(self) -> RunPlan:
        """Return what the session is traded with, to its end."""
        return self.beginning.plan

    @property
    def name(self) -> str:
        """Return the session's date as text, its name everywhere."""
        return self.session.date.isoformat()

    @property
    def state(self) -> SessionState:
        """Return what the session knows."""
        return self.desk.state

    @property
    def is_at_broker(self) -> bool:
        """Return whether orders go to the broker, and its money is ours."""
        return self.broker is self.exchange

    def release_stores(self) -> None:
        """Let others read the account's files until they are needed again.

        A copy that is made in the middle of a session holds the simulated exchange's too.
        """
        self.ledger.release()
        if self.exchange.is_simulated:
            self.exchange.close()

    def bar_start(self, bar: int) -> datetime:
        """Return a bar's START."""
        return self.session.bar_start(bar, self.plan.interval_minutes)

    def bar_end(self, bar: int) -> datetime:
        """Return a bar's END."""
        return self.session.bar_end(bar, self.plan.interval_minutes)

    def is_missed(self, bar: int) -> bool:
        """Return whether it is too late to enter by what a bar says."""
        settling = timedelta(seconds=self.pace.settling_seconds)
        return self.pace.is_real_time and self.clock.now() > self.bar_end(bar) + settling

    def is_overtaken(self, bar: int) -> bool:
        """Return whether a next bar would be over as well, so that this one is history."""
        interval = timedelta(minutes=self.plan.interval_minutes)
        settle = timedelta(seconds=self.pace.settle_seconds)
        return self.pace.is_real_time and self.clock.now() >= self.bar_end(bar) + interval + settle


# Sessions that run in this process, by date; a process runs one at a time.
RUNTIMES: dict[str, SessionRuntime] = {}
