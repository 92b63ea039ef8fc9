"""A broker's account when a run opens it: whose it is, and with what money it begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.notes.broker_view import BROKER, BROKER_TIME, OF_NOW, REPLAYED
from flows.session.request import SessionRequest
from trading.errors import BadInput
from trading.plan import MOST_CAPITAL, RunPlan
from trading.session.broker.answers import KeysRefused
from trading.session.broker.exchange_port import Exchange

if TYPE_CHECKING:
    from blocks.settings.broker import BrokerSettings

# With which account there a ledger was begun.
BROKER_ACCOUNT = "broker account"


def refuse_another_broker(request: SessionRequest, ledger: DuckDBLedger) -> None:
    """Raise BadInput for a ledger that was begun elsewhere: its orders and money are there."""
    wanted = request.parts.broker.account
    known = ledger.meta(BROKER) or ""
    if wanted and not known and not ledger.sessions():
        ledger.remember(BROKER, wanted)
    elif known != wanted:
        raise BadInput(
            f"account {ledger.account} was begun at {known or 'the simulated venue'}, and this run"
            f" is for {wanted or 'the simulated venue'}",
            "Go on with BROKER_TYPE and TRADING_MODE of then, or use another DATA_DIR",
        )
    if not wanted:
        return
    time = OF_NOW if request.replay is None else REPLAYED
    before = ledger.meta(BROKER_TIME)
    if before is None:
        ledger.remember(BROKER_TIME, time)
    elif before != time:
        raise BadInput(
            f"account {ledger.account} in {request.data_dir} has sessions that were"
            f" {'replayed' if before == REPLAYED else 'traded when they took place'}",
            "Use another --data-dir: a double's orders and a broker's are never in one ledger",
        )


def begun_at_broker(broker: Exchange, plan: RunPlan, ledger: DuckDBLedger) -> RunPlan:
    """Return the plan with the broker's money; a ledger that has begun keeps its beginning.

    Raises BadInput for another account than the one that the ledger was begun with, for one in
    another currency, and for one without money; ExchangeUnavailable where the broker is silent.
    """
    try:
        account = broker.account()
    except KeysRefused as error:
        # They are read once: waiting mends nothing.
        raise BadInput(error.what, error.hint) from None
    if ledger.sessions():
        known = ledger.meta(BROKER_ACCOUNT)
        if known != account.number:
            raise BadInput(
                f"account {ledger.account} was begun with number {known} of {broker.name}, and"
                f" these keys are of {account.number}",
                "Set the keys of then, or use another DATA_DIR for another account",
            )
        # What came and went since then is booked where a session begins.
        return replace(plan, capital=float(ledger.newest_plan()["capital"]))
    if account.currency != "USD":
        raise BadInput(
            f"the account {account.number} of {broker.name} is in {account.currency}",
            "Trade one in USD",
        )
    if not account.equity.is_finite() or not 0 < account.equity <= MOST_CAPITAL:
        raise BadInput(
            f"the account {account.number} of {broker.name} has an equity of"
            f" {account.equity:,.2f} USD",
            "Bring money there, or set the keys of another account",
        )
    ledger.remember(BROKER_ACCOUNT, account.number)
    return replace(plan, capital=float(account.equity))


def real_money_words(broker: BrokerSettings) -> str:
    """Return what is said at each start of a run that moves real money, else an empty text."""
    if not broker.is_real_money:
        return ""
    return (
        "REAL MONEY: orders go to the live account at Alpaca (TRADING_MODE=live,"
        " I_ACCEPT_REAL_MONEY=yes). Stop it with: openbell halt, or flatten"
    )
