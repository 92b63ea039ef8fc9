"""A session of an account, opened anew from its journal after each fault that may pass."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from flows.session.account.account import Account
from flows.session.passing_fault import PassingFaults
from flows.session.run_session import Runner, run_session
from tasks.session.close import differences_at_the_close, held_at_the_close
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.session.ports import Clock

# A session's last steps come after its close; so long they are tried again when they fail.
TRIED_AFTER_CLOSE = timedelta(hours=1)


class Traded(NamedTuple):
    """How a session ended: whether it was closed, and what a person has to mend of it.

    What is `held` at its close the next session may leave.
    """

    is_closed: bool
    differences: BadInput | None
    held: BadInput | None


async def trade_session(
    account: Account, session: Session, clock: Clock, runner: Runner, faults: PassingFaults
) -> Traded | None:
    """Trade a session to its close or until it is to stop; `faults` waits out what may pass.

    Returns None when it was to stop before it was opened. In a replay that does not wait nothing
    is waited out.
    """
    until = max(session.close, clock.now()) + TRIED_AFTER_CLOSE
    has_failed = False
    while True:
        try:
            if has_failed:
                account.reopen_exchange()
            # A session that a crash left open is opened also to be left.
            if account.should_stop() and not account.is_to_be_left(session):
                return None
            with account.open_session(session) as runtime:
                is_closed = await run_session(runtime, runner)
                return Traded(
                    is_closed, differences_at_the_close(runtime), held_at_the_close(runtime)
                )
        except Exception as error:
            has_failed = True
            if not account.is_real_time or not await faults.wait(error, until, clock):
                raise
