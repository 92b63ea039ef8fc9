"""An account while it is open: the one place that chooses real, replayed or simulated parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from blocks.account.names import PAPER
from blocks.exchange.order_desk import OrderDesk
from blocks.exchange.shadow import ShadowExchange
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import STOPPED
from blocks.messages.drain_thread import Drains, start_drains
from blocks.messages.session_notifier import SessionNotifier
from blocks.process.clocks import ReplayClock, ScaledClock, SystemClock
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from flows.session.account.broker_account import (
    begun_at_broker,
    real_money_words,
    refuse_another_broker,
)
from flows.session.account.broker_terms import refuse_unfit_broker
from flows.session.account.copies import bring_back, storage_of
from flows.session.account.own_terms import on_its_own_terms
from flows.session.account.replayed_time import ToldTime, beginning_of
from flows.session.account.wanted_plan import wanted_plan
from flows.session.request import SessionRequest, replayed_sessions
from tasks.session.bar_notes import BarNotes
from tasks.session.beginning import Beginning, PlanBook
from tasks.session.difference_news import DifferenceNews
from tasks.session.inbox import Inbox
from tasks.session.long_question import LongQuestion
from tasks.session.runtime import RUNTIMES, Pace, SessionRuntime
from tasks.session.source_news import SourceNews
from trading.errors import BadInput, LeaseLost, OpenbellError
from trading.market.calendar import Session, make_grid, next_session, sessions_between
from trading.plan import RunPlan
from trading.plan_record import record_of, refuse_another_market
from trading.session.broker.exchange_port import Exchange
from trading.session.messages import ERROR_KINDS, Kind
from trading.session.order_times import OrderTimes
from trading.session.ports import Clock, MarketData, Notifier, Storage
from trading.session.protection.limits import ProtectionLimits
from trading.session.state import SessionState

LAST_MESSAGES_SECONDS = 15.0
# What a bar's steps may take until its orders are late, and the most of a bar that may be.
WORK_SECONDS = 10.0
# Of the machine: so long after the close an exit at a broker may take to be filled.
LAST_EXIT_SECONDS = 10.0
LONGEST_WORK = 1 / 6
OF_MANY_SESSIONS = frozenset(map(str, {Kind.DAILY_SUMMARY, *ERROR_KINDS}))


@contextmanager
def open_account(request: SessionRequest, should_stop: StopRequest) -> Iterator[Account]:
    """Yield the account that a request names, its lease held; whatever happens, all is given back.

    Raises Interrupted when `should_stop` ends the wait for the account's copy, LeaseLost when
    another process trades it, and BadInput before any store is made where that is possible.
    """
    refuse_unfit_broker(request)
    request = on_its_own_terms(request)
    parts, is_replay = request.parts, request.replay is not None
    plan, unfit = wanted_plan(request)
    replayed = replayed_sessions(request)
    with ExitStack() as held:
        market = parts.market(plan, is_replay=is_replay)
        held.callback(market.close)
        notifier = parts.notifier()
        if unfit is not None:
            text = "the settings are no use, the session that is open goes on with its own plan"
            notifier.send("SYSTEM_WARNING", f"{text}: {unfit}")
        storage = storage_of(request, notifier)
        channels, wrong = parts.channels()
        for error in wrong:
            notifier.send("SYSTEM_WARNING", f"a channel of messages is left out: {error}")
        if not is_replay:
            with should_stop.interrupting():
                bring_back(request, storage, notifier)
        ledger = parts.ledger(request.account)
        held.callback(ledger.release)
        epoch = ledger.acquire_lease()
        lease = held.enter_context(ExitStack())
        lease.callback(ledger.release)
        lease.callback(ledger.give_back_lease, epoch)
        ledger.check_account()
        refuse_another_broker(request, ledger)
        refuse_another_market(
            ledger.newest_plan(),
            plan.exchange,
            request.account,
            has_simulated_bars=market.is_simulated,
        )
        if market.is_simulated and request.account.startswith(PAPER):
            notifier.send(
                "SYSTEM_WARNING",
                f"account {request.account} was begun on simulated bars and goes on with them. To"
                " begin on real ones, name another folder: DATA_DIR=data-real in .env",
            )
        ledger.mark_simulated(market.is_simulated)
        if words := real_money_words(parts.broker):
            notifier.send("SYSTEM_WARNING", words)
        told = ToldTime()
        broker = _broker(request, plan, replayed, told)
        if broker is not None:
            lease.callback(broker.close)
            plan = begun_at_broker(broker, plan, ledger)
        plans = PlanBook(
            ledger,
            plan,
            market.family,
            request.strategy_module,
            parts.seed_of_bars,
            unfit,
            parts.daily,
        )
        if not ledger.newest_plan():
            # For those who look before the first session begins.
            ledger.keep_plan(record_of(plan, market.family))
        exchange = _exchange(request, plan, ledger, broker)
        lease.callback(exchange.close)
        telemetry = SessionTelemetry(request.data_dir, request.account)
        telemetry.attach()
        held.callback(telemetry.close)
        wanted = _wanted(parts.wanted_messages(), len(replayed))
        drain = start_drains(ledger, channels, wanted, are_all=not wrong)
        if drain is not None:
            held.callback(drain.stop, LAST_MESSAGES_SECONDS)
        # First what another process waits for: the last messages and a source may take their time.
        with lease.pop_all() as given_back:
            yield Account(
                request,
                should_stop,
                plans,
                plan,
                tuple(replayed),
                market,
                notifier,
                storage,
                ledger,
                epoch,
                exchange,
                telemetry,
                drain,
                given_back,
                broker,
                told,
            )


def _exchange(
    request: SessionRequest, plan: RunPlan, ledger: DuckDBLedger, broker: Exchange | None
) -> Exchange:
    """Return where orders go; a store of an earlier version has the symbols of its newest session.

    `broker` is the account at a broker, None with the simulated venue alone.
    """
    if broker is not None and not request.shadow:
        return broker
    stored = ledger.newest_plan().get("symbols")
    venue = request.parts.exchange(request.account, plan, stored)
    return venue if broker is None else ShadowExchange(venue, broker)


def _broker(
    request: SessionRequest, plan: RunPlan, replayed: Sequence[Session], told: ToldTime
) -> Exchange | None:
    if request.parts.broker.is_mock:
        return None
    if not replayed:
        return request.parts.broker_exchange(plan.symbols)
    return request.parts.broker_exchange(plan.symbols, replayed[0], request.speed, told)


def _bars_of(plan: RunPlan) -> tuple[tuple[str, ...], str, int]:
    # The order counts: rows of bars name their symbol by its place.
    return plan.symbols, plan.exchange, plan.interval_minutes


def _wanted(kinds: frozenset[str], sessions: int) -> frozenset[str]:
    # Nobody reads the orders of a year in a channel that takes 30 messages a minute.
    return kinds & OF_MANY_SESSIONS if sessions > 1 else kinds


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
        self.broker = _broker(self.request, self.plan, self.replayed, self.told)
        self.exchange = _exchange(self.request, self.plan, self.ledger, self.broker)
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
        return self.request.replay is None or self.request.speed is not None

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
            pace=self._pace(),
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
                times=self._times(clock, session),
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

    def _pace(self) -> Pace:
        if not self.is_real_time:
            return Pace()
        settle_seconds = self.request.parts.settle_seconds if self.request.replay is None else 0.0
        # The machine's seconds between two looks, whatever the speed of the session's clock.
        tend_seconds = self.request.parts.tend_seconds * (self.request.speed or 1.0)
        interval_seconds = self.plan.interval_minutes * 60.0
        # A replay's seconds are short: only what comes a whole bar late is late there.
        work_seconds = min(WORK_SECONDS, interval_seconds * LONGEST_WORK)
        if self.request.replay is not None:
            work_seconds = interval_seconds
        return Pace(
            settle_seconds,
            tend_seconds,
            settle_seconds + work_seconds,
            LAST_EXIT_SECONDS * (self.request.speed or 1.0),
            is_real_time=True,
            is_replay=self.request.replay is not None,
        )

    def _times(self, clock: Clock, session: Session) -> OrderTimes | None:
        pace = self._pace()
        if not pace.is_real_time:
            return None
        settling = timedelta(seconds=pace.settling_seconds)
        speed = self.request.speed or 1.0
        grace = timedelta(seconds=pace.last_exit_seconds if pace.is_replay else 0.0)
        return OrderTimes(clock, session, self.plan.interval_minutes, settling, speed, grace)
