"""What a real broker says of the account: looked at beside the session, and heeded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from blocks.ledger.notes.broker_view import BROKER_VIEW, view_of
from blocks.ledger.transfers import transfer_of
from blocks.process.logs import get_logger
from tasks.session.runtime import SessionRuntime
from trading.session.broker.answers import ExchangeUnavailable, NotOffered, in_words
from trading.session.broker.exchange_port import Exchange
from trading.session.broker.facts import BrokerAccount
from trading.session.broker.objections import not_entered, objections_of
from trading.session.events import EVERY_SYMBOL

CENT = Decimal("0.01")
# A test double may have any time of its own: so far off, or so near the session, it is no mistake.
OWN_TIME = timedelta(hours=1)
OF_THE_SESSION = timedelta(days=1)


def meet_broker(runtime: SessionRuntime) -> None:
    """See at a session's start, or when it goes on, what may be traded, and with what money.

    What may not be is blocked for the session with its reason; exits go on. Of a broker that is
    silent nothing is entered, until a look at a later bar finds out.
    """
    broker = runtime.broker
    if broker is None:
        return
    try:
        account = broker.account()
        said = objections_of(
            broker.name,
            account,
            [broker.instrument(symbol) for symbol in runtime.plan.symbols],
            _ahead_of_double(runtime, broker) if runtime.pace.is_replay else seconds_ahead(broker),
        )
        if runtime.is_at_broker and runtime.state.last_bar < 0:
            _book_difference(runtime, account)
        _keep_view(runtime, broker, account, said.forbidden)
    except ExchangeUnavailable as error:
        unmet = {EVERY_SYMBOL: f"{broker.name} was not asked what may be traded: {error.what}"}
        runtime.desk.heed(unmet, {}, is_met=False)
        runtime.notifier.send("SYSTEM_WARNING", f"nothing is entered: {unmet[EVERY_SYMBOL]}")
        return
    runtime.desk.heed(said.forbidden, said.unshortable)
    for symbol, why in said.forbidden.items():
        runtime.notifier.send("SYSTEM_WARNING", not_entered(symbol, why))
    for words in (*said.warnings, *said.unshortable.values()):
        runtime.notifier.send("SYSTEM_WARNING", words)


def look_at_broker(runtime: SessionRuntime) -> None:
    """Keep how the account looks now for those who read; a silent broker is looked at later.

    An account that is blocked in the middle of a session enters nothing until it is free again;
    then everything is asked as at a session's start.
    """
    broker, desk = runtime.broker, runtime.desk
    if broker is None:
        return
    if not desk.has_met_broker:
        meet_broker(runtime)
        return
    try:
        account = broker.account()
        before = runtime.seen.view
        if before is not None and before.blocked and not account.blocked:
            runtime.notifier.send("SYSTEM_WARNING", f"{broker.name} blocks the account no more")
            meet_broker(runtime)
            return
        if account.blocked and EVERY_SYMBOL not in desk.forbidden:
            desk.forbidden[EVERY_SYMBOL] = account.blocked
            runtime.notifier.send("SYSTEM_ERROR", f"nothing is entered: {account.blocked}")
        _keep_view(runtime, broker, account, desk.forbidden)
    except ExchangeUnavailable as error:
        get_logger("session").warning("the broker's account was not seen: %s", error)


def _keep_view(
    runtime: SessionRuntime,
    broker: Exchange,
    account: BrokerAccount,
    not_entered: dict[str, str],
) -> None:
    refused = runtime.state.protection.refused_entries
    seen = view_of(
        broker.name,
        account,
        broker.positions(),
        broker.open_orders(),
        {symbol: in_words(why) for symbol, why in refused.items()} | not_entered,
        datetime.now(UTC),
    )
    runtime.seen.view = seen
    runtime.ledger.remember(BROKER_VIEW, seen.to_text())


def _book_difference(runtime: SessionRuntime, account: BrokerAccount) -> None:
    """Book as a transfer by what the broker's money differs from the ledger's before a session.

    Fees, interest, deposits and trades by hand are no profit of the strategy. While something is
    held, money and shares are told apart only where broker and ledger hold the same.
    """
    state = runtime.state
    if state.unanswered or not (account.equity.is_finite() and account.cash.is_finite()):
        return
    if not state.book.quantity.any():
        difference = account.equity - _cents(state.equity())
    elif not runtime.desk.differences() and not runtime.desk.of_others:
        difference = account.cash - _cents(state.cash())
    else:
        return
    difference = difference.quantize(CENT)
    if difference == 0:
        return
    note = (
        f"{runtime.exchange.name} has {difference:+,.2f} USD against the ledger: fees, interest,"
        " money that was moved, or trades by hand"
    )
    before = [name for name, _ in runtime.ledger.sessions() if name < runtime.name]
    after = before[-1] if before else (runtime.session.date - timedelta(days=1)).isoformat()
    now = runtime.clock.now()
    runtime.desk.move_money(*transfer_of(runtime.ledger, after, difference, note, now))
    runtime.notifier.send("SYSTEM_WARNING", f"booked as a transfer, which is no profit: {note}")


def seconds_ahead(broker: Exchange) -> float:
    """Return by how much this machine's clock is ahead of a broker's, at the least."""
    before = datetime.now(UTC)
    theirs = broker.clock().now
    # The answer was given somewhere in between: it is only as far off as it is from both.
    offsets = [(moment - theirs).total_seconds() for moment in (before, datetime.now(UTC))]
    return 0.0 if offsets[0] <= 0 <= offsets[1] else min(offsets, key=abs)


def _ahead_of_double(runtime: SessionRuntime, broker: Exchange) -> float | None:
    """Return by how much our clock is ahead of a double's that has one like ours, else None.

    Most have the time of the session that is replayed, or one that stands or goes faster: it is
    asked twice, and may go no further meanwhile than ours.
    """
    began = datetime.now(UTC)
    try:
        first, second = broker.clock().now, broker.clock().now
        passed = datetime.now(UTC) - began
        ahead = seconds_ahead(broker)
    except NotOffered:
        return None
    is_like_ours = timedelta(0) < second - first <= passed
    is_of_session = abs(second - runtime.session.open) <= OF_THE_SESSION
    is_near = abs(ahead) <= OWN_TIME.total_seconds()
    return ahead if is_like_ours and is_near and not is_of_session else None


def _cents(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(CENT)
