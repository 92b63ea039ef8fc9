"""An account while it is open: its sessions, and the parts that each is traded with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import STOPPED
from blocks.messages.drain_thread import Drains
from blocks.messages.session_notifier import SessionNotifier
from blocks.process.clocks import ReplayClock, ScaledClock, SystemClock
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from flows.session.account.pace import is_real_time, pace_of, times_of
from flows.session.account.replayed_time import ToldTime, beginning_of
from flows.session.account.where_orders_go import broker_of, exchange_of
from flows.session.request import SessionRequest
from tasks.session.bar_notes import BarNotes
from tasks.session.beginning import Beginning, PlanBook
from tasks.session.difference_news import DifferenceNews
from tasks.session.inbox import Inbox
from tasks.session.long_question import LongQuestion
from tasks.session.runtime import RUNTIMES, SessionRuntime
from tasks.session.source_news import SourceNews
from trading.errors import BadInput, LeaseLost, OpenbellError
from trading.market.calendar import Session, make_grid, next_session, sessions_between
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import Clock, MarketData, Notifier, Storage
from trading.session.protection.limits import ProtectionLimits
from trading.session.state import SessionState


def _bars_of(plan: RunPlan) -> tuple[tuple[str, ...], str, int]:
    # The order counts: rows of bars name their symbol by its place.
    return plan.symbols, plan.exchange, plan.interval_minutes


@dataclass
class Account:
    """The parts that outlive a session; `open_account` makes them and gives them back.

    `plan` is the one that market and exchange were opened for last.
    """

    request: SessionRequest
    should_stop: StopRequest
    plans: PlanBook
    plan: RunPlan
    replayed: tuple[Session, ...]
    market: MarketData
    notifier: Notifier
    storage: Storage
    ledger: DuckDBLedger
    epoch: int
    exchange: Exchange
    telemetry: SessionTelemetry
    drain: Drains | None
    given_back: ExitStack
    broker: Exchange | None = None
    told: ToldTime = field(default_factory=ToldTime)
    question: LongQuestion = field(default_factory=LongQuestion)
    # Seconds by a clock that nobody sets.
    steady: Callable[[], float] = time.monotonic

    def reopen_exchange(self) -> None:
        """Read the exchange's store anew: what it holds in memory a fault may have kept from it."""
        self.exchange.close()
        self.broker = broker_of(self.request, self.plan, self.replayed, self.told)
        self.exchange = exchange_of(self.request, self.plan, self.ledger, self.broker)
        self.given_back.callback(self.exchange.close)

    def _turn_to(self, beginning: Beginning) -> None:
        """Open market and exchange anew where a session has another plan than they were for."""
        plan, source = beginning.plan, beginning.record.get("source")
        if source not in (None, self.market.family) or _bars_of(plan) != _bars_of(self.plan):
            market = self._market(beginning)
            self.market.close()
            self.market = market
            self.given_back.callback(market.close)
        if plan != self.plan:
            self.plan = plan
            self.reopen_exchange()

    def _market(self, beginning: Beginning) -> MarketData:
        parts, source = self.request.parts, beginning.record.get("source")
        seed = beginning.record.get("seed")
        if isinstance(seed, int) and parts.seed_of_bars not in (None, seed):
            parts = parts.with_seed(seed)
        market = parts.market(beginning.plan, is_replay=self.request.replay is not None)
        if source not in (None, market.family):
            market.close()
            raise BadInput(
                f"the session was begun on bars of {source}, and this run has {market.family}",
                "Go on with the same bars; the next session may have others",
            )
        return market

    @property
    def is_real_time(self) -> bool:
        """Return whether time passes while nothing is done, as in all but a replay at once."""
        return is_real_time(self.request)

    def sessions(self) -> list[Session]:
        """Return the sessions of a replay, or those left open and the next one of the calendar."""
        if self.request.replay is None:
            coming = next_session(self.plan.exchange, datetime.now(UTC))
            return [*self._left_open(coming), coming]
        found = list(self.replayed)
        later = [name for name, _ in self.ledger.sessions() if name > str(found[-1].date)]
        known = {name for name, _ in self.ledger.sessions()}
        if later and any(str(session.date) not in known for session in found):
            raise BadInput(
                f"account {self.request.account} has already traded {later[-1]}",
                "Replay later sessions, or use another --data-dir",
            )
        closed = {name for name, is_closed in self.ledger.sessions() if is_closed}
        if all(str(session.date) in closed for session in found):
            # Nothing is left to trade: what is shown is of the plan of then.
            changes = self.plans.changes_since(str(found[-1].date))
            if changes:
                raise BadInput(
                    f"account {self.request.account} has traded {found[-1].date} with another"
                    f" plan: {'; '.join(changes)}",
                    "Use another --data-dir, or the same settings as then",
                )
        return found

    def _left_open(self, coming: Session) -> list[Session]:
        """Return the session that was begun last, if it was not closed and is over.

        Its bars are taken before anything else: what rested at the exchange rested through them,
        and while something is held, through those of the sessions since then.
        """
        name, is_closed = (self.ledger.sessions() or [("", True)])[-1]
        if is_closed or date.fromisoformat(name) >= coming.date:
            return []
        first, before = date.fromisoformat(name), coming.date - timedelta(days=1)
        is_holding = bool(self.ledger.query("SELECT symbol FROM positions LIMIT 1"))
        return sessions_between(self.plan.exchange, first, before if is_holding else first)

    def is_to_be_left(self, session: Session) -> bool:
        """Return whether a stop must open this session: it is to be flat, or not yet stopped."""
        name = session.date.isoformat()
        if (name, False) not in self.ledger.sessions():
            return False
        return self.request.on_shutdown == "flatten" or self.ledger.meta(STOPPED) != name

    def warm_up_start(self, session: Session) -> datetime:
        """Return when a session's warm-up is due."""
        return session.open - timedelta(minutes=self.request.parts.warm_up_minutes)

    def clock(self, session: Session) -> Clock:
        """Return the clock by which a session is traded."""
        if self.request.replay is None:
            return SystemClock()
        if self.request.speed is None:
            return ReplayClock(session.open)
        # The beginning is remembered, so that time goes on while a process is dead.
        name = f"replay began {session.date}"
        began = self.ledger.meta(name)
        if began is None:
            own = self.plan.interval_minutes * 60.0
            began = beginning_of(session, self.request.speed, self.broker, own).isoformat()
            self.ledger.remember(name, began)
        return ScaledClock(session.open, datetime.fromisoformat(began), self.request.speed)

    @contextmanager
    def open_session(self, session: Session) -> Iterator[SessionRuntime]:
        """Yield the runtime of a session, known to subflows by the session's date."""
        clock = self.clock(session)
        self.told.begin(session, clock)
        notifier = SessionNotifier(self.notifier, self.ledger, clock, session.date.isoformat())
        beginning = self.plans.beginning_of(session.date.isoformat())
        self._turn_to(beginning)
        runtime = SessionRuntime(
            beginning=beginning,
            session=session,
            grid=make_grid([session], self.plan.interval_minutes),
            clock=clock,
            pace=pace_of(self.request, self.plan.interval_minutes),
            market=self.market,
            exchange=self.exchange,
            ledger=self.ledger,
            desk=OrderDesk(
                SessionState(beginning.plan, session),
                self.ledger,
                self.exchange,
                self.request.account,
                self.epoch,
                dry_run=self.request.dry_run,
                provider=self.market.name,
                times=times_of(self.request, self.plan.interval_minutes, clock, session),
                limits=ProtectionLimits().at_speed(self.request.speed or 1.0),
            ),
            notifier=notifier,
            storage=self.storage,
            should_stop=self.should_stop,
            on_shutdown=self.request.on_shutdown,
            news=SourceNews(),
            inbox=Inbox(self.ledger),
            notes=BarNotes(self.steady),
            differences=DifferenceNews(),
            telemetry=self.telemetry,
            drain=self.drain,
            question=self.question,
            broker=self.broker,
        )
        RUNTIMES[runtime.name] = runtime
        try:
            yield runtime
        except OpenbellError as error:
            # Others are waited out, and told by who waits.
            if isinstance(error, BadInput | LeaseLost) or not self.is_real_time:
                notifier.send(
                    "SYSTEM_ERROR",
                    error.what,
                    title="The session ended",
                    action_required=error.hint,
                )
            raise
        finally:
            RUNTIMES.pop(runtime.name, None)
            notifier.keep()
            self.ledger.release()
            self.telemetry.keep_errors()
            self.telemetry.release()
