"""What a real broker says of the account: looked at beside the session, and heeded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from blocks.ledger.broker_view import BROKER_VIEW, view_of
from blocks.ledger.transfers import transfer_of
from blocks.process.logs import get_logger
from tasks.session.runtime import SessionRuntime
from trading.session.broker_answers import ExchangeUnavailable
from trading.session.broker_facts import BrokerAccount, Instrument
from trading.session.events import EVERY_SYMBOL
from trading.session.exchange_port import Exchange

# How far our clock may be from the broker's: beyond the first it is told, beyond the second
# nothing is entered, for bars and orders of different times would be taken for one.
TOLD_SECONDS, WRONG_SECONDS = 2.0, 30.0
CENT = Decimal("0.01")


def meet_broker(runtime: SessionRuntime) -> None:
    """See at a session's start, or when it goes on, what may be traded, and with what money.

    What may not be is blocked for the session with its reason; exits go on. Raises
    ExchangeUnavailable where the broker is silent.
    """
    broker = runtime.broker
    if broker is None:
        return
    account = broker.account()
    if runtime.is_at_broker and runtime.state.last_bar < 0:
        _book_difference(runtime, account)
    forbidden, unshortable = dict[str, str](), dict[str, str]()
    if account.blocked:
        forbidden[EVERY_SYMBOL] = account.blocked
    elif not runtime.pace.is_replay and (wrong := _wrong_clock(runtime, broker)):
        forbidden[EVERY_SYMBOL] = wrong
    if not account.may_short:
        unshortable[EVERY_SYMBOL] = "the account may not sell short"
    for symbol in runtime.plan.symbols:
        said = broker.instrument(symbol)
        if why := _untradable(said, broker.name):
            forbidden[symbol] = why
        elif account.may_short and not said.is_shortable:
            unshortable[symbol] = f"{broker.name} lends no {symbol}"
    runtime.desk.heed(forbidden, unshortable)
    for symbol, why in forbidden.items():
        runtime.notifier.send("SYSTEM_WARNING", f"{symbol} is not entered: {why}")
    if shorts := "; ".join(unshortable.values()):
        runtime.notifier.send("SYSTEM_WARNING", f"nothing is sold short where {shorts}")
    _keep_view(runtime, broker, account)


def look_at_broker(runtime: SessionRuntime) -> None:
    """Keep how the account looks now for those who read; a silent broker is looked at later."""
    broker = runtime.broker
    if broker is None:
        return
    try:
        _keep_view(runtime, broker, broker.account())
    except ExchangeUnavailable as error:
        get_logger("session").warning("the broker's account was not seen: %s", error)


def _keep_view(runtime: SessionRuntime, broker: Exchange, account: BrokerAccount) -> None:
    seen = view_of(
        broker.name,
        account,
        broker.positions(),
        broker.open_orders(),
        runtime.desk.forbidden,
        datetime.now(UTC),
    )
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


def _wrong_clock(runtime: SessionRuntime, broker: Exchange) -> str:
    """Return why our clock forbids entries, telling people of less; empty where it is right."""
    before = datetime.now(UTC)
    theirs = broker.clock().now
    # The answer was given somewhere in between: it is only as far off as it is from both.
    offsets = [(moment - theirs).total_seconds() for moment in (before, datetime.now(UTC))]
    if offsets[0] <= 0 <= offsets[1]:
        return ""
    ahead = min(offsets, key=abs)
    words = (
        f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} that"
        f" of {broker.name}; set it: sudo timedatectl set-ntp true"
    )
    if abs(ahead) > WRONG_SECONDS:
        return words
    if abs(ahead) > TOLD_SECONDS:
        runtime.notifier.send("SYSTEM_WARNING", words)
    return ""


def _untradable(said: Instrument, broker: str) -> str:
    if said.is_halted:
        return f"trading in {said.symbol} is halted"
    if not said.is_tradable:
        return f"{broker} does not trade {said.symbol}, or does not know it"
    return ""


def _cents(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(CENT)
