"""The story of an account: its sessions one after another, each waited for and then traded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from blocks.messages.session_notifier import SessionNotifier
from blocks.process.logs import get_logger
from blocks.process.stop_request import Interrupted, StopRequest
from flows.session.account.account import Account
from flows.session.account.opening import open_account
from flows.session.account.other_holder import wait_for_the_account
from flows.session.passing_fault import PassingFaults
from flows.session.request import SessionRequest
from flows.session.run_session import PlainRunner, Runner
from flows.session.trade_session import trade_session
from tasks.masked import without_secrets_in_errors
from tasks.session.runtime import SessionRuntime
from tasks.steps import Steps
from trading.errors import BadInput, LeaseLost, SourceUnavailable, StoreUnavailable
from trading.market.calendar import Session, next_session
from trading.session.broker.answers import ExchangeUnavailable
from trading.session.ports import Clock

LONGEST_WAIT_SECONDS = 1.0
Progress = Callable[[Session, int, int], None]


@without_secrets_in_errors
async def run_account(
    request: SessionRequest,
    runner: Runner | None = None,
    should_stop: StopRequest | None = None,
    progress: Progress | None = None,
    *,
    forever: bool = False,
    patiently: bool = False,
) -> int:
    """Trade the sessions that were asked for; return how many are closed.

    With `forever` and no replay the next session is waited for again and again. Once the account
    is open, no fault that may pass ends a session in real time; `patiently` also waits when it
    cannot be opened, which somebody at a terminal is told at once. `progress` hears the session,
    how many of its bars are done, and of how many.

    Raises BadInput, in the end also for a session that was closed while ledger and exchange
    differed, or when the last one closed with something held, and LeaseLost when another process
    has the account: TradedByAnother when that one trades this very session.
    """
    run = _Run(
        request,
        runner or PlainRunner(),
        should_stop or StopRequest(),
        progress,
        forever=forever and request.replay is None,
    )
    await run.open_and_trade(is_patient=patiently)
    to_mend = run.differences or run.held
    if to_mend is not None:
        # Said last: the sessions after it were traded all the same.
        raise to_mend
    return run.closed


@dataclass
class _Run:
    """A run of an account, over all the times that the account has to be opened."""

    request: SessionRequest
    runner: Runner
    should_stop: StopRequest
    progress: Progress | None
    forever: bool
    closed: int = 0
    differences: BadInput | None = None
    held: BadInput | None = None

    async def open_and_trade(self, *, is_patient: bool) -> None:
        """Open the account, again where that may help, and trade its sessions."""
        faults = PassingFaults(self.request.parts.notifier(), self.should_stop)
        session = _upcoming(self.request)
        was_open = False
        while True:
            is_open = is_done = False
            try:
                with open_account(self.request, self.should_stop) as account:
                    is_open = was_open = True
                    await self._trade(account, faults)
                    is_done = True
                return
            except Interrupted:
                # Only opening the account waits in a way that is broken off.
                return
            except LeaseLost as error:
                if session is None:
                    raise
                if is_open:
                    # Its new holder may be gone already.
                    await faults.pause()
                elif (
                    was_open
                    or not is_patient
                    or not await wait_for_the_account(
                        self.request, session, error, faults, self.should_stop
                    )
                ):
                    raise
            except Exception as error:
                if is_done and isinstance(error, StoreUnavailable):
                    get_logger("session").warning("the account was not given back: %s", error)
                    return
                # Of a run without end, the session before may be over.
                session = _upcoming(self.request) if self.forever else session
                may_wait = (
                    self._passes_between_sessions(error) if is_open else (is_patient or was_open)
                )
                if session is None or not may_wait or not await faults.wait(error, session.close):
                    raise
            if self.forever:
                session = _upcoming(self.request)

    def _passes_between_sessions(self, error: Exception) -> bool:
        """Return whether opening the account anew may help where no session was under way.

        One that is to stop has had its tries.
        """
        is_away = isinstance(error, StoreUnavailable | SourceUnavailable | ExchangeUnavailable)
        return is_away and not self.should_stop()

    async def _trade(self, account: Account, faults: PassingFaults) -> None:
        while True:
            sessions = account.sessions()
            # Not before: what fails here each time is told once.
            faults.are_over()
            for session in sessions:
                clock = account.clock(session)
                await _wait_for(account, session, clock)
                await self._trade_session(account, session, clock)
                if self.should_stop():
                    return
            if not self.forever:
                return

    async def _trade_session(self, account: Account, session: Session, clock: Clock) -> None:
        notifier = SessionNotifier(
            account.notifier, account.ledger, clock, session.date.isoformat()
        )
        faults = PassingFaults(notifier, self.should_stop)

        def all_is_well() -> None:
            if faults.are_over():
                notifier.keep()

        runner = _Watched(self.runner, self.progress, all_is_well)
        traded = await trade_session(account, session, clock, runner, faults)
        if traded is None:
            return
        all_is_well()
        self.closed += traded.is_closed
        self.differences = traded.differences or self.differences
        self.held = traded.held


async def _wait_for(account: Account, session: Session, clock: Clock) -> None:
    """Wait until a session's warm-up is due, or it is time to stop."""
    if session.open <= clock.now():
        return
    due = account.warm_up_start(session)
    while clock.now() < due and not account.should_stop():
        account.ledger.release()
        await clock.sleep_until(due, LONGEST_WAIT_SECONDS)


def _upcoming(request: SessionRequest) -> Session | None:
    """Return the session that a run in real time is for, None for a replay."""
    return None if request.replay is not None else next_session(request.exchange, datetime.now(UTC))


class _Watched:
    """A runner whose bars are told to somebody."""

    def __init__(
        self, runner: Runner, progress: Progress | None, all_is_well: Callable[[], None]
    ) -> None:
        self._runner = runner
        self._progress = progress
        self._all_is_well = all_is_well

    @property
    def steps(self) -> Steps:
        return self._runner.steps

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        await self._runner.run_bar(runtime, bar)
        self._all_is_well()
        if self._progress is not None:
            self._progress(runtime.session, bar + 1, runtime.grid.rows)
