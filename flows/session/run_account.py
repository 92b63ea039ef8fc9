"""The story of an account: its sessions one after another, each waited for and then traded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from blocks.process.stop_request import Interrupted, StopRequest
from flows.session.account import Account
from flows.session.request import SessionRequest
from flows.session.run_session import PlainSteps, RunBar, run_plain_bar, run_session
from tasks.masked import without_secrets_in_errors
from trading.market.calendar import Session

LONGEST_WAIT_SECONDS = 1.0
Progress = Callable[[Session, int, int], None]


@without_secrets_in_errors
async def run_account(
    request: SessionRequest,
    run_bar: RunBar = run_plain_bar,
    steps: Any = PlainSteps,
    should_stop: StopRequest | None = None,
    progress: Progress = lambda session, bar, bars: None,
    *,
    forever: bool = False,
) -> int:
    """Trade the sessions that were asked for; return how many are closed.

    With `forever` and no replay the next session is waited for again and again.
    """
    should_stop = should_stop or StopRequest()
    try:
        account = Account(request, should_stop)
    except Interrupted:
        return 0
    closed = 0
    try:
        while True:
            for session in account.sessions():
                # A session that a crash left open is opened also to be left, and closed.
                is_due = await _wait_for(account, session, should_stop)
                if not is_due and not account.is_to_be_left(session):
                    break
                with account.open_session(session) as runtime:

                    async def watched(runtime: Any, bar: int, session: Session = session) -> None:
                        await run_bar(runtime, bar)
                        progress(session, bar + 1, runtime.grid.rows)

                    closed += await run_session(runtime, watched, steps)
            if should_stop() or request.replay is not None or not forever:
                break
    finally:
        account.close()
    return closed


async def _wait_for(account: Account, session: Session, should_stop: StopRequest) -> bool:
    """Wait until a session's warm-up is due; return False when it is to stop instead."""
    clock = account.clock(session)
    if should_stop():
        return False
    if session.open <= clock.now():
        return True
    due = account.warm_up_start(session)
    while clock.now() < due:
        if should_stop():
            return False
        account.ledger.release()
        nap = clock.now() + timedelta(seconds=LONGEST_WAIT_SECONDS)
        await clock.sleep_until(min(nap, due))
    return True
