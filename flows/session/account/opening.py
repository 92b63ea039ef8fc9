"""An account is opened: the one place that chooses real, replayed or simulated parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from blocks.account.names import PAPER
from blocks.messages.drain_thread import start_drains
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from flows.session.account.account import Account
from flows.session.account.broker_account import (
    begun_at_broker,
    real_money_words,
    refuse_another_broker,
)
from flows.session.account.broker_terms import refuse_unfit_broker
from flows.session.account.copies import bring_back, storage_of
from flows.session.account.own_terms import on_its_own_terms
from flows.session.account.replayed_time import ToldTime
from flows.session.account.wanted_plan import wanted_plan
from flows.session.account.where_orders_go import broker_of, exchange_of
from flows.session.request import SessionRequest, replayed_sessions
from tasks.session.beginning import PlanBook
from trading.plan_record import record_of, refuse_another_market
from trading.session.messages.message import ERROR_KINDS, Kind

LAST_MESSAGES_SECONDS = 15.0
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
        broker = broker_of(request, plan, replayed, told)
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
        exchange = exchange_of(request, plan, ledger, broker)
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


def _wanted(kinds: frozenset[str], sessions: int) -> frozenset[str]:
    # Nobody reads the orders of a year in a channel that takes 30 messages a minute.
    return kinds & OF_MANY_SESSIONS if sessions > 1 else kinds
