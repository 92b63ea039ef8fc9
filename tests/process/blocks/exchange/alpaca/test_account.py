"""What Alpaca says of an account, of symbols and of itself, and to whom the keys are shown."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from tests.process.blocks.exchange.alpaca.trader import ENTRY, trader_at, trading
from tests.servers.alpaca_broker import KEYS, AlpacaBroker, Said
from tests.servers.https_server import HttpsServer, as_json
from tests.servers.tls import Authority
from trading.errors import BadInput
from trading.session.broker.answers import ExchangeUnavailable, NotOffered, Refused
from trading.session.broker.facts import BrokerAccount, Instrument


def test_an_account_is_what_alpaca_says_and_the_day_trade_count_decides_nothing() -> None:
    with trading() as trader:
        assert trader.exchange.account() == BrokerAccount(
            Decimal("100250.5"), Decimal("100000"), Decimal("400000"), True, "", "USD", "...1234"
        )


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"account_blocked": True}, "account_blocked"),
        ({"trading_blocked": True}, "trading_blocked"),
        ({"trade_suspended_by_user": True}, "trade_suspended_by_user"),
        ({"status": "APPROVAL_PENDING"}, "APPROVAL_PENDING"),
        ({"status": "ACCOUNT_UPDATED"}, "until it has approved them"),
    ],
)
def test_an_account_that_may_not_trade_says_why(said: dict[str, Any], word: str) -> None:
    with trading() as trader:
        trader.broker.account |= said
        assert word in trader.exchange.account().blocked


def test_an_account_without_fields_that_may_be_left_out_trades_as_its_others_say() -> None:
    with trading() as trader:
        for name in set(trader.broker.account) - {"id", "status", "equity", "shorting_enabled"}:
            del trader.broker.account[name]
        account = trader.exchange.account()
        assert (account.may_short, account.blocked) == (True, "")


@pytest.mark.parametrize("said", [{"shorting_enabled": False}, {"multiplier": "1"}])
def test_an_account_without_margin_may_not_sell_short(said: dict[str, Any]) -> None:
    with trading() as trader:
        trader.broker.account |= said
        account = trader.exchange.account()
        assert (account.may_short, account.blocked) == (False, "")


@pytest.mark.parametrize(
    ("is_live", "mode", "other"), [(False, "paper", "live"), (True, "live", "paper")]
)
def test_wrong_keys_are_one_line_that_says_which_keys_belong_there(
    is_live: bool, mode: str, other: str
) -> None:
    with trading(secret=SecretStr("of-somebody-else"), is_live=is_live) as trader:
        with pytest.raises(ExchangeUnavailable) as refusal:
            trader.exchange.events(trader.position)
        said = str(refusal.value)
        assert f"of the {mode} account" in said and f"TRADING_MODE={other}" in said
        assert "\n" not in said and "of-somebody-else" not in said
        answer = trader.exchange.submit(ENTRY)
        assert isinstance(answer, Refused) and "keys" in answer.words
        trader.broker.script("GET", "/v2/positions", Said(403, {"message": "forbidden."}))
        with pytest.raises(ExchangeUnavailable, match="refuses the keys"):
            trader.exchange.positions()


def test_a_question_that_came_too_soon_is_put_again_when_alpaca_says_so() -> None:
    with trading() as trader:
        busy = Said(429, {"message": "too many requests."}, headers={"Retry-After": "2"})
        trader.broker.script("GET", "/v2/account", busy)
        assert trader.exchange.account().equity == Decimal("100250.5")
        assert trader.seconds == 2.0
        # A minute is too long to wait for: the session goes on, and asks again.
        long = Said(429, {"message": "too many requests."}, headers={"Retry-After": "60"})
        trader.broker.script("GET", "/v2/account", long)
        with pytest.raises(ExchangeUnavailable, match="for 60 s"):
            trader.exchange.account()


def test_a_double_without_a_clock_says_so() -> None:
    with trading() as trader:
        trader.broker.script("GET", "/v2/clock", Said(404, {"message": "endpoint not found."}))
        with pytest.raises(NotOffered, match="no /clock"):
            trader.exchange.clock()


def test_a_part_of_a_share_elsewhere_is_not_taken_for_nothing() -> None:
    with trading() as trader:
        trader.broker.positions = [
            {"symbol": "AAPL", "qty": "0.25", "side": "long"},
            {"symbol": "BRK.B", "qty": "-3", "side": "short"},
            {"symbol": "MSFT", "qty": "100.5", "side": "long"},
            {"symbol": "NONE", "qty": "0", "side": "long"},
        ]
        assert trader.exchange.positions() == {"AAPL": 1, "BRK-B": -3, "MSFT": 101}


def test_a_symbol_is_tradable_as_far_as_alpaca_says_and_an_unknown_one_is_not() -> None:
    with trading() as trader:
        asset = {"symbol": "BRK.B", "status": "active", "tradable": True, "shortable": True}
        trader.broker.assets["BRK.B"] = asset | {"easy_to_borrow": False, "fractionable": True}
        assert trader.exchange.instrument("BRK-B") == Instrument("BRK-B", True, True, False, True)
        asset = trader.broker.assets["BRK.B"]
        asset["status"] = "inactive"
        assert not trader.exchange.instrument("BRK-B").is_tradable
        assert trader.exchange.instrument("ZZZZ") == Instrument("ZZZZ", False, False, False, False)


def test_fields_that_are_empty_or_of_another_type_are_read_as_far_as_they_go() -> None:
    with trading() as trader:
        account = {"id": "a", "status": "active", "equity": 1000, "cash": None, "multiplier": "2"}
        trader.broker.script("GET", "/v2/account", Said(200, {**account, "shorting_enabled": True}))
        said = trader.exchange.account()
        assert (said.equity, said.cash, said.may_short, said.blocked) == (1000, 0, True, "")
        asset = {"symbol": "AAPL", "tradable": True, "status": "active", "shortable": None}
        trader.broker.script("GET", "/v2/assets/AAPL", Said(200, {**asset, "halted": True}))
        instrument = trader.exchange.instrument("AAPL")
        assert (instrument.is_tradable, instrument.is_shortable) == (True, False)
        assert instrument.is_halted
        moment = {"timestamp": "2026-03-02T10:00:00.123456789-05:00", "is_open": True}
        trader.broker.script("GET", "/v2/clock", Said(200, moment))
        assert trader.exchange.clock().now == datetime(2026, 3, 2, 15, 0, 0, 123456, UTC)


def test_the_clock_is_alpacas_in_utc() -> None:
    with trading() as trader:
        clock = trader.exchange.clock()
        assert (clock.now.isoformat(), clock.is_open) == ("2026-03-02T15:00:00.123456+00:00", True)


@pytest.mark.parametrize(
    "document", [[], {}, {"id": 7}, None, "hello", {"id": "x", "status": "ACTIVE"}]
)
def test_an_answer_of_another_shape_is_one_line(document: Any) -> None:
    with trading() as trader:
        for path in ("/v2/account", "/v2/clock", "/v2/positions"):
            trader.broker.script(
                "GET", path, Said(200, document, "null" if document is None else "")
            )
        for ask in (trader.exchange.account, trader.exchange.clock):
            with pytest.raises(ExchangeUnavailable) as refusal:
                ask()
            assert "\n" not in str(refusal.value)
            assert "_" not in refusal.value.what


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "http://paper-api.alpaca.markets", "https://api.alpaca.markets",
        "https://127.0.0.1@example.com", "https://paper-api.alpaca.markets.example.com",
        "https://paper-api.alpaca.markets:8443", "ftp://127.0.0.1", "paper-api.alpaca.markets",
        "https://key:secret@paper-api.alpaca.markets", "http://127.0.0.1:port", "http://[::1",
        "http://10.0.0.1", "https://paper-api.alpaca.markets\\@example.com",
    ],
)  # fmt: skip
def test_keys_are_shown_to_alpaca_and_to_this_machine_alone(url: str) -> None:
    access = BrokerAccess(SecretStr("K"), SecretStr("very-secret"), base_url=url)
    with pytest.raises(BadInput) as refusal:
        AlpacaExchange(access, lambda: pytest.fail("the clock was asked"))
    assert "secret" not in str(refusal.value) and "\n" not in str(refusal.value)


def test_trade_updates_are_not_heard_from_another_machine_than_orders_go_to() -> None:
    access = BrokerAccess(
        SecretStr("K"), SecretStr("S"), base_url="http://127.0.0.1:1",
        stream_url="wss://paper-api.alpaca.markets/stream",
    )  # fmt: skip
    with pytest.raises(BadInput, match="not of the same machine"):
        access.stream_address
    assert BrokerAccess(SecretStr("K"), SecretStr("S"), True).stream_address == (
        "wss://api.alpaca.markets/stream"
    )


def test_keys_are_in_no_text_of_the_exchange(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with trading() as trader:
        trader.news()
        trader.exchange.submit(ENTRY)
        texts = [repr(vars(trader.exchange)), repr(trader.exchange), caplog.text]
        assert not any(key in text for key in KEYS for text in texts)


def test_proxies_and_netrc_of_this_machine_get_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with AlpacaBroker().running() as broker:
        trader_at(broker).exchange.account()
        assert "authorization" not in broker.asked[0].headers


def test_who_does_not_trade_at_alpaca_does_not_load_its_library() -> None:
    code = (
        "import sys, blocks.exchange.alpaca.exchange;"
        "print([name for name in sys.modules if name.split('.')[0] == 'alpaca'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_server_of_this_machine_under_tls_is_trusted_by_the_machines_own_authorities(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    account = as_json({"id": "x", "status": "ACTIVE", "equity": "1"})
    server = HttpsServer(authority.server_context(["localhost"]), lambda _: account, str)
    with server.running():
        keys = BrokerAccess(
            SecretStr("K"), SecretStr("S"), base_url=f"https://localhost:{server.port}"
        )
        stranger = AlpacaExchange(keys, lambda: datetime.now(UTC))
        # Nothing of the order was sent, and all of it is said.
        answer = stranger.submit(ENTRY)
        assert isinstance(answer, Refused) and "certificate" in answer.words
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        assert AlpacaExchange(keys, lambda: datetime.now(UTC)).account().equity == 1
