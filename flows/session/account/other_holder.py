"""Another process that has the account when a session is to begin."""

from __future__ import annotations

from datetime import UTC, datetime

from blocks.account_files import LEDGER_FILE
from blocks.ledger.lease import is_held
from blocks.ledger.open_session import find_open_session
from blocks.process.stop_request import StopRequest
from flows.session.passing_fault import PassingFaults
from flows.session.request import SessionRequest
from trading.errors import LeaseLost, StoreUnavailable
from trading.market.calendar import Session


class TradedByAnother(LeaseLost):
    """Another process trades the very session that this one was to trade."""


async def wait_for_the_account(
    request: SessionRequest,
    session: Session,
    lost: LeaseLost,
    faults: PassingFaults,
    should_stop: StopRequest,
) -> bool:
    """Wait until the process that has the account lets go, as at the end of another session.

    Returns False when the session is over before, or it is time to stop. Raises TradedByAnother
    as soon as that process trades this session.
    """
    faults.say(lost)
    while datetime.now(UTC) < session.close and not should_stop():
        if _is_traded(request, session):
            raise TradedByAnother(lost.what, lost.hint)
        await faults.pause()
        if not is_held(request.data_dir / request.account):
            return True
    return False


def _is_traded(request: SessionRequest, session: Session) -> bool:
    try:
        begun = find_open_session(request.data_dir / request.account / LEDGER_FILE)
    except StoreUnavailable:
        # Whoever has it open may be at it for long; the next look will tell.
        return False
    return begun is not None and begun.session == session.date.isoformat()
