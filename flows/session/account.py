"""Wiring: the one place that chooses real, replayed or simulated parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from blocks.exchange.order_desk import OrderDesk
from blocks.messages.outbox_drain import start_drain
from blocks.messages.session_notifier import SessionNotifier
from blocks.process.clocks import ReplayClock, ScaledClock, SystemClock
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from flows.session.copies import bring_back, storage_of
from tasks.session.runtime import RUNTIMES, SessionRuntime
from trading.errors import BadInput, OpenbellError
from trading.market.calendar import Session, make_grid, next_session
from trading.plan import RunPlan, make_plan
from trading.session.messages import ERROR_KINDS, Kind
from trading.session.ports import Clock, MarketData
from trading.session.state import SessionState

if TYPE_CHECKING:
    from blocks.messages.discord.webhook import WebhookClient
from flows.session.request import DEFAULT_SYMBOLS, SessionRequest, replayed_sessions

LAST_MESSAGES_SECONDS = 15.0
OF_MANY_SESSIONS = frozenset(map(str, {Kind.DAILY_SUMMARY, *ERROR_KINDS}))


class Account:
    """The parts that outlive a session: plan, market data, ledger, exchange and lease."""

    def __init__(self, request: SessionRequest, should_stop: StopRequest | None = None) -> None:
        """Open the account; raises Interrupted when `should_stop` ends the wait for its copy."""
        self.request = request
        self._should_stop = should_stop or StopRequest()
        parts = request.parts
        symbols = request.symbols or parts.symbols() or DEFAULT_SYMBOLS
        self.plan: RunPlan = make_plan(
            symbols,
            request.settings,
            exchange=request.exchange,
            interval_minutes=request.interval_minutes,
            capital=request.capital,
            strategy_module=request.strategy_module,
        )
        # Everything that can be refused is refused before a store is made.
        self._replayed = replayed_sessions(request)
        self.market: MarketData = parts.market(self.plan, is_replay=request.replay is not None)
        self.notifier = parts.notifier()
        self.storage = storage_of(request, self.notifier)
        webhook = self._webhook()
        if request.replay is None:
            with self._should_stop.interrupting():
                bring_back(request, self.storage, self.notifier)
        self.ledger = parts.ledger(request.account)
        self.epoch = self.ledger.acquire_lease(datetime.now(UTC))
        self.ledger.check_account()
        # Providers may come and go, with a key or without; simulated bars are another account.
        source = getattr(self.market, "family", self.market.name)
        self.ledger.check_plan({**self.plan.describe(), "source": source})
        self.exchange = parts.exchange(request.account, self.plan)
        self.telemetry = SessionTelemetry(request.data_dir, request.account)
        self.telemetry.attach()
        self.drain = start_drain(self.ledger, webhook, self._wanted(parts.wanted_messages()))

    def _webhook(self) -> WebhookClient | None:
        try:
            return self.request.parts.webhook()
        except BadInput as error:
            self.notifier.send("SYSTEM_WARNING", f"messages go to the log only: {error}")
            return None

    def _wanted(self, kinds: frozenset[str]) -> frozenset[str]:
        # Nobody reads the orders of a year in a channel that takes 30 messages a minute.
        return kinds & OF_MANY_SESSIONS if len(self._replayed) > 1 else kinds

    def sessions(self) -> list[Session]:
        """Return the sessions of a replay, or the next one of the calendar."""
        if self.request.replay is None:
            return [next_session(self.plan.exchange, datetime.now(UTC))]
        found = self._replayed
        later = [name for name, _ in self.ledger.sessions() if name > str(found[-1].date)]
        known = {name for name, _ in self.ledger.sessions()}
        if later and any(str(session.date) not in known for session in found):
            raise BadInput(
                f"account {self.request.account} has already traded {later[-1]}",
                "Replay later sessions, or use another --data-dir",
            )
        return found

    def is_to_be_left(self, session: Session) -> bool:
        """Return whether a stop must open this session: it was begun, and is to be flat."""
        begun = (session.date.isoformat(), False) in self.ledger.sessions()
        return begun and self.request.on_shutdown == "flatten"

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
            began = datetime.now(UTC).isoformat()
            self.ledger.remember(name, began)
        return ScaledClock(session.open, datetime.fromisoformat(began), self.request.speed)

    @contextmanager
    def open_session(self, session: Session) -> Iterator[SessionRuntime]:
        """Yield the runtime of a session, known to subflows by the session's date."""
        state = SessionState(self.plan, session)
        is_real_time = self.request.replay is None or self.request.speed is not None
        clock = self.clock(session)
        notifier = SessionNotifier(self.notifier, self.ledger, clock, session.date.isoformat())
        runtime = SessionRuntime(
            account=self.request.account,
            plan=self.plan,
            session=session,
            grid=make_grid([session], self.plan.interval_minutes),
            clock=clock,
            market=self.market,
            exchange=self.exchange,
            ledger=self.ledger,
            notifier=notifier,
            storage=self.storage,
            state=state,
            desk=OrderDesk(
                state,
                self.ledger,
                self.exchange,
                self.request.account,
                self.epoch,
                dry_run=self.request.dry_run,
                provider=self.market.name,
            ),
            epoch=self.epoch,
            settle_seconds=self.request.parts.settle_seconds
            if self.request.replay is None
            else 0.0,
            is_real_time=is_real_time,
            # The machine's seconds; a replay that does not wait tends once a bar.
            tend_seconds=self.request.parts.tend_seconds * (self.request.speed or 1.0)
            if is_real_time
            else 3600.0,
            on_shutdown=self.request.on_shutdown,
            should_stop=self._should_stop,
            seen_command=int(self.ledger.meta("seen_command") or 0),
            drain=self.drain,
            telemetry=self.telemetry,
        )
        RUNTIMES[runtime.name] = runtime
        try:
            yield runtime
        except OpenbellError as error:
            notifier.send(
                "SYSTEM_ERROR", error.what, title="The session ended", action_required=error.hint
            )
            raise
        finally:
            RUNTIMES.pop(runtime.name, None)
            notifier.keep()
            self.ledger.release()
            self.telemetry.release()

    def close(self) -> None:
        """Give the lease back, let go of the stores and the source, and see messages off."""
        # First what another process waits for: a source may take its time.
        self.ledger.give_back_lease(self.epoch)
        self.exchange.close()
        self.market.close()
        self.telemetry.close()
        if self.drain is not None:
            self.drain.stop(LAST_MESSAGES_SECONDS)
        self.ledger.release()
