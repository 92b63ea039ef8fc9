"""The story of an account: its sessions one after another, each waited for and then traded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from blocks.process.stop_request import Interrupted, StopRequest
from flows.session.account import Account, open_account
from flows.session.request import SessionRequest
from flows.session.run_session import PlainRunner, Runner, run_session
from tasks.masked import without_secrets_in_errors
from tasks.session.runtime import SessionRuntime
from tasks.steps import Steps
from trading.market.calendar import Session

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
) -> int:
    """Trade the sessions that were asked for; return how many are closed.

    With `forever` and no replay the next session is waited for again and again. `progress` hears
    the session, how many of its bars are done, and of how many.
    """
    runner = runner or PlainRunner()
    if progress is not None:
        runner = _Watched(runner, progress)
    try:
        with open_account(request, should_stop or StopRequest()) as account:
            closed = await _trade_sessions(account, runner)
            while forever and request.replay is None and not account.should_stop():
                closed += await _trade_sessions(account, runner)
            return closed
    except Interrupted:
        # Only opening the account waits in a way that is broken off.
        return 0


async def _trade_sessions(account: Account, runner: Runner) -> int:
    """Trade the account's sessions until it is to stop; return how many are closed."""
    closed = 0
    for session in account.sessions():
        # A session that a crash left open is opened also to be left, and closed.
        is_due = await _wait_for(account, session)
        if not is_due and not account.is_to_be_left(session):
            break
        with account.open_session(session) as runtime:
            closed += await run_session(runtime, runner)
    return closed


async def _wait_for(account: Account, session: Session) -> bool:
    """Wait until a session's warm-up is due; return False when it is to stop instead."""
    clock = account.clock(session)
    if account.should_stop():
        return False
    if session.open <= clock.now():
        return True
    due = account.warm_up_start(session)
    while clock.now() < due:
        if account.should_stop():
            return False
        account.ledger.release()
        nap = clock.now() + timedelta(seconds=LONGEST_WAIT_SECONDS)
        await clock.sleep_until(min(nap, due))
    return True


class _Watched:
    """A runner whose bars are told to somebody."""

    def __init__(self, runner: Runner, progress: Progress) -> None:
        self._runner = runner
        self._progress = progress

    @property
    def steps(self) -> Steps:
        return self._runner.steps

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        await self._runner.run_bar(runtime, bar)
        self._progress(runtime.session, bar + 1, runtime.grid.rows)
