"""An account at a broker: whose it is, with what money it trades, and what it may not enter."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from blocks.account.facts import read_facts
from blocks.account.names import account_name
from blocks.account.status import account_status, live_account
from blocks.health.health import check_health
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.notes.broker_view import BROKER_VIEW
from blocks.ledger.transfers import EARNED_EQUITY
from blocks.process.stop_request import StopRequest
from blocks.settings.broker import BrokerSettings
from flows.__main__ import main
from flows.session.account.opening import open_account
from flows.session.run_account import run_account
from tasks.session.broker_watch import look_at_broker, meet_broker
from tasks.session.runtime import Pace, SessionRuntime
from tests.unit.flows.session.broker_stand_in import (
    ACCOUNT,
    DAY,
    NEXT_DAY,
    SYMBOLS,
    UNAVAILABLE,
    SilentBroker,
    StandInBroker,
    asked,
)
from trading.errors import BadInput
from trading.session.broker.answers import ExchangeUnavailable, KeysRefused
from trading.session.broker.facts import BrokerClock
from trading.session.events import EVERY_SYMBOL, Transfer

NAME = "alpaca-paper"


def trade(folder: Path, broker: StandInBroker, days: str = DAY, **more: Any) -> int:
    return asyncio.run(run_account(asked(folder, broker, days, **more)))


def rows(folder: Path, sql: str, account: str = NAME) -> list[dict[str, Any]]:
    return DuckDBLedger(folder, account).query(sql)


def runtime_of(folder: Path, broker: StandInBroker, held: ExitStack) -> SessionRuntime:
    account = held.enter_context(open_account(asked(folder, broker), StopRequest()))
    return held.enter_context(account.open_session(account.sessions()[0]))


def test_it_begins_with_the_brokers_equity_and_shows_what_the_broker_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trade(tmp_path, StandInBroker(), capital=777.0) == 1
    assert live_account(tmp_path) == NAME
    assert main(["show-status", "--json", "--data-dir", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["account"], shown["equity"], shown["transfers"]) == (NAME, 31_250.5, [])
    broker = shown["broker"]
    assert broker.pop("as_of")
    assert broker == {
        "name": "Stand-in", "account": "...1234", "equity": 31_250.5, "cash": 31_250.5,
        "buying_power": 125_002.0, "currency": "USD", "may_short": True, "blocked": "",
        "not_entered": {}, "open_orders": [], "positions": {},
    }  # fmt: skip
    assert shown["health"]["components"]["broker"]["status"] == "healthy"
    assert main(["show-status", "--data-dir", str(tmp_path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Stand-in ...1234: equity 31,250.50, cash 31,250.50, buying power 125,002.00" in text


def test_an_account_of_replays_is_not_missed_by_health_when_nobody_trades_it(
    tmp_path: Path,
) -> None:
    trade(tmp_path, StandInBroker())
    facts = read_facts(tmp_path, NAME)
    assert not facts.is_real_time
    assert facts.broker is not None


def test_what_the_brokers_money_differs_by_is_a_transfer_and_no_profit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = StandInBroker()
    trade(tmp_path, broker)
    broker.said = replace(ACCOUNT, equity=Decimal("31000.25"), cash=Decimal("31000.25"))
    trade(tmp_path, broker, NEXT_DAY)
    (moved,) = account_status(tmp_path, NAME).transfers
    assert (moved["amount"], moved["session"]) == (-250.25, DAY)
    assert moved["note"].startswith("Stand-in has -250.25 USD against the ledger: fees")
    # Decimal in the books: no cent comes or goes by rounding.
    assert rows(tmp_path, "SELECT amount FROM transfers")[0]["amount"] == Decimal("-250.25")
    assert account_status(tmp_path, NAME).equity == 31_000.25
    earned = {row["equity"] for row in rows(tmp_path, EARNED_EQUITY)}
    assert earned == {Decimal("31250.5")}
    assert main(["show-status", "--data-dir", str(tmp_path)]) == 0
    assert "transfer of -250.25 USD after 2025-06-10" in " ".join(capsys.readouterr().out.split())
    # The same again is nothing new, and a session is not paid twice.
    trade(tmp_path, broker, "2025-06-12")
    assert len(account_status(tmp_path, NAME).transfers) == 1


def test_the_days_loss_is_counted_from_the_brokers_equity(tmp_path: Path) -> None:
    broker = StandInBroker()
    trade(tmp_path, broker)
    broker.said = replace(ACCOUNT, equity=Decimal(20_000), cash=Decimal(20_000))
    trade(tmp_path, broker, NEXT_DAY)
    # Of a day on which a third was taken out nothing was lost.
    reasons = rows(tmp_path, f"SELECT DISTINCT reason FROM decisions WHERE session = '{NEXT_DAY}'")
    assert "latched" not in {row["reason"] for row in reasons}
    journal = DuckDBLedger(tmp_path, NAME).journal_of(NEXT_DAY)
    assert [type(row.event) for row in journal][1] is Transfer


def test_money_is_not_told_from_shares_that_differ(tmp_path: Path) -> None:
    broker = StandInBroker()
    trade(tmp_path, broker)
    with ExitStack() as held:
        runtime = runtime_of_next_day(tmp_path, broker, held)
        runtime.state.book.quantity[0] = 5
        broker.said = replace(ACCOUNT, cash=Decimal(1))
        meet_broker(runtime)
    assert account_status(tmp_path, NAME).transfers == []


def runtime_of_next_day(folder: Path, broker: StandInBroker, held: ExitStack) -> SessionRuntime:
    account = held.enter_context(open_account(asked(folder, broker, NEXT_DAY), StopRequest()))
    return held.enter_context(account.open_session(account.sessions()[0]))


def test_a_ledger_goes_on_only_with_the_account_that_it_was_begun_with(tmp_path: Path) -> None:
    broker = StandInBroker()
    trade(tmp_path, broker)
    broker.said = replace(ACCOUNT, number="...9999")
    said = r"was begun with number \.\.\.1234 of Stand-in, and these keys are of \.\.\.9999"
    with pytest.raises(BadInput, match=said):
        trade(tmp_path, broker, NEXT_DAY)
    assert not rows(tmp_path, f"SELECT * FROM journal WHERE session = '{NEXT_DAY}'")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"currency": "EUR"}, "the account ...1234 of Stand-in is in EUR"),
        ({"equity": Decimal(0)}, "has an equity of 0.00 USD. Bring money there"),
        ({"equity": Decimal(-5)}, "has an equity of -5.00 USD"),
        ({"equity": Decimal("NaN")}, "has an equity of"),
    ],
)
def test_an_account_that_cannot_be_begun_with_is_one_line(
    change: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    broker = StandInBroker()
    broker.said = replace(ACCOUNT, **change)
    with pytest.raises(BadInput) as refused:
        trade(tmp_path, broker)
    assert complaint in str(refused.value)


def test_keys_that_are_refused_end_the_run_and_a_silent_broker_is_said_to_be_silent(
    tmp_path: Path,
) -> None:
    broker = StandInBroker()
    broker.failure = KeysRefused("the keys are refused", "Set others")
    with pytest.raises(BadInput, match="the keys are refused"):
        trade(tmp_path, broker)
    broker.failure = UNAVAILABLE
    with pytest.raises(ExchangeUnavailable, match="did not answer"):
        trade(tmp_path, broker)


def test_a_ledger_of_one_venue_refuses_another(tmp_path: Path) -> None:
    trade(tmp_path, StandInBroker())
    request = asked(tmp_path, StandInBroker())
    live = BrokerSettings(
        broker_type="alpaca", trading_mode="live", alpaca_base_url="http://127.0.0.1:9"
    )
    (tmp_path / NAME).rename(tmp_path / "alpaca-live")
    ledger = DuckDBLedger(tmp_path, "alpaca-live")
    ledger.remember("account", "alpaca-live")
    ledger.release()
    other = replace(request, parts=replace(request.parts, broker=live))
    with pytest.raises(BadInput, match="was begun at alpaca-paper, and this run is for alpaca-li"):
        asyncio.run(run_account(other))
    (tmp_path / "alpaca-live").rename(tmp_path / "replay")
    ledger = DuckDBLedger(tmp_path, "replay")
    ledger.remember("account", "replay")
    ledger.release()
    mock = replace(request, parts=replace(request.parts, broker=BrokerSettings()))
    with pytest.raises(BadInput, match="was begun at alpaca-paper, and this run is for the simul"):
        asyncio.run(run_account(mock))


def test_replayed_sessions_and_those_of_today_are_never_in_one_ledger(tmp_path: Path) -> None:
    trade(tmp_path, StandInBroker())
    now = replace(asked(tmp_path, StandInBroker()), replay=None, speed=None)
    with (
        pytest.raises(BadInput, match=r"has sessions that were replayed\. Use another --data-dir"),
        open_account(now, StopRequest()),
    ):
        pass


def test_what_the_broker_does_not_trade_is_not_entered_and_all_else_is(tmp_path: Path) -> None:
    broker = StandInBroker()
    broker.instruments = {"BBB": {"is_halted": True}}
    with ExitStack() as held:
        runtime = runtime_of(tmp_path, broker, held)
        meet_broker(runtime)
        assert runtime.desk.forbidden == {"BBB": "trading in BBB is halted"}
        assert [runtime.desk.objection_to(symbol) is not None for symbol in SYMBOLS] == [
            False,
            True,
        ]
        broker.instruments = {"AAA": {"is_tradable": False}}
        meet_broker(runtime)
        why = "Stand-in does not trade AAA, or does not know it"
        # It lasts, and is no difference between ledger and exchange.
        assert runtime.desk.reconcile() == {}
        assert [runtime.desk.objection_to(symbol) is not None for symbol in SYMBOLS] == [
            True,
            False,
        ]
        look_at_broker(runtime)
        assert json.loads(str(runtime.ledger.meta(BROKER_VIEW)))["not_entered"] == {"AAA": why}


def test_an_account_that_is_blocked_enters_nothing_and_health_says_why(tmp_path: Path) -> None:
    broker = StandInBroker()
    broker.said = replace(ACCOUNT, blocked="the broker has blocked the account")
    assert trade(tmp_path, broker) == 1
    decisions = rows(tmp_path, "SELECT DISTINCT reason FROM decisions")
    assert {row["reason"] for row in decisions} == {"account_restricted"}
    found = {c.name: c for c in check_health(tmp_path, NAME, datetime.now(UTC)).components}
    assert found["broker"].reason == "the broker has blocked the account"
    assert str(found["broker"].level) == "unhealthy"


@pytest.mark.parametrize(
    ("seconds_off", "is_blocked"), [(0.0, False), (10.0, False), (-10.0, False), (90.0, True)]
)
def test_a_clock_that_is_far_off_forbids_entries_where_time_is_real(
    seconds_off: float, is_blocked: bool, tmp_path: Path
) -> None:
    broker = StandInBroker()
    broker.seconds_off = seconds_off
    with ExitStack() as held:
        runtime = runtime_of(tmp_path, broker, held)
        meet_broker(runtime)
        # A double's that goes like ours is meant to be ours.
        assert (EVERY_SYMBOL in runtime.desk.forbidden) is is_blocked
        meet_broker(replace(runtime, pace=Pace(is_real_time=True, is_replay=False)))
        assert (EVERY_SYMBOL in runtime.desk.forbidden) is is_blocked
        assert (runtime.desk.objection_to("AAA") is not None) is is_blocked
        if is_blocked:
            why = runtime.desk.forbidden[EVERY_SYMBOL]
            assert "clock is 90 s ahead of that of Stand-in" in why


@pytest.mark.parametrize("minutes_a_look", [0, 10])
def test_in_a_replay_a_double_may_have_a_clock_that_stands_or_goes_faster(
    minutes_a_look: int, tmp_path: Path
) -> None:
    class OwnTime(StandInBroker):
        shown = datetime.now(UTC) - timedelta(minutes=5)

        def clock(self) -> BrokerClock:
            self.shown += timedelta(minutes=minutes_a_look)
            return BrokerClock(self.shown, is_open=True)

    with ExitStack() as held:
        runtime = runtime_of(tmp_path, OwnTime(), held)
        meet_broker(runtime)
        assert not runtime.desk.forbidden


def test_a_broker_that_is_silent_for_a_look_leaves_what_was_seen_before(tmp_path: Path) -> None:
    broker = StandInBroker()
    with ExitStack() as held:
        runtime = runtime_of(tmp_path, broker, held)
        meet_broker(runtime)
        before = runtime.ledger.meta(BROKER_VIEW)
        broker.failure = UNAVAILABLE
        look_at_broker(runtime)
        assert before is not None
        assert runtime.ledger.meta(BROKER_VIEW) == before


def test_a_broker_that_is_silent_at_the_start_is_asked_again_and_nothing_is_entered_till_then(
    tmp_path: Path,
) -> None:
    broker = StandInBroker()
    broker.instruments = {"BBB": {"is_halted": True}}
    with ExitStack() as held:
        runtime = runtime_of(tmp_path, broker, held)
        broker.failure = UNAVAILABLE
        meet_broker(runtime)
        assert [runtime.desk.objection_to(symbol) is not None for symbol in SYMBOLS] == [True, True]
        look_at_broker(runtime)
        assert runtime.desk.objection_to("AAA") is not None
        broker.failure = None
        look_at_broker(runtime)
        assert [runtime.desk.objection_to(symbol) is not None for symbol in SYMBOLS] == [
            False,
            True,
        ]
        # From here on it is only looked at; what blocks the account in the middle counts too.
        broker.said = replace(ACCOUNT, blocked="the account is blocked now")
        look_at_broker(runtime)
        assert runtime.desk.forbidden[EVERY_SYMBOL] == "the account is blocked now"
        # A block that is taken back costs no entry more, and what else was said of symbols stays.
        broker.said = ACCOUNT
        look_at_broker(runtime)
        assert [runtime.desk.objection_to(symbol) is not None for symbol in SYMBOLS] == [
            False,
            True,
        ]


def test_a_shadow_fills_as_the_market_did_and_sends_the_broker_nothing(tmp_path: Path) -> None:
    account = account_name(
        tmp_path, is_replay=True, has_simulated_bars=True, broker=NAME, is_shadow=True
    )
    assert trade(tmp_path, SilentBroker(), shadow=True) == 1
    assert account == "alpaca-paper-shadow"
    status = account_status(tmp_path, account)
    assert status.broker is not None
    assert status.broker["account"] == "...1234"
    assert not (tmp_path / NAME).exists()
    assert {row["symbol"] for row in rows(tmp_path, "SELECT symbol FROM decisions", account)} == {
        *SYMBOLS
    }


def test_money_at_a_broker_is_moved_there_and_not_in_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trade(tmp_path, StandInBroker())
    asked_for = ["transfer", "--amount", "5", "--data-dir", str(tmp_path)]
    assert main(asked_for) == 2
    assert "the money of account alpaca-paper is at its broker" in capsys.readouterr().err
    assert account_status(tmp_path, NAME).transfers == []
