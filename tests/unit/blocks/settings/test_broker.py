"""Orders go where the settings say, and with real money only by two switches."""

from __future__ import annotations

import pytest

from blocks.settings.broker import UnreadableBroker
from blocks.settings.reader import read_settings
from trading.errors import BadInput

KEYS = {"BROKER_TYPE": "alpaca", "ALPACA_API_KEY": "PK4711", "ALPACA_SECRET_KEY": "s3cret-w0rd"}
LIVE = KEYS | {"TRADING_MODE": "live", "ALPACA_API_KEY": "AK4711", "I_ACCEPT_REAL_MONEY": "yes"}
HERE = "http://127.0.0.1:8123"


def test_without_a_word_nobody_but_the_simulated_venue_is_sent_an_order() -> None:
    broker = read_settings(None, {}).required().broker
    assert (broker.is_mock, broker.account, broker.is_real_money) == (True, "", False)


@pytest.mark.parametrize(
    ("variables", "account", "base", "stream", "is_real_money"),
    [
        (
            KEYS, "alpaca-paper", "https://paper-api.alpaca.markets",
            "wss://paper-api.alpaca.markets/stream", False,
        ),
        (
            LIVE, "alpaca-live", "https://api.alpaca.markets",
            "wss://api.alpaca.markets/stream", True,
        ),
        # As Alpaca's own page shows it.
        (
            KEYS | {"ALPACA_BASE_URL": "https://paper-api.alpaca.markets/v2/"}, "alpaca-paper",
            "https://paper-api.alpaca.markets", "wss://paper-api.alpaca.markets/stream", False,
        ),
        (
            KEYS | {"ALPACA_BASE_URL": f"{HERE}/", "BROKER_TYPE": " Alpaca "}, "alpaca-paper",
            HERE, "ws://127.0.0.1:8123/stream", False,
        ),
        (
            KEYS | {"ALPACA_BASE_URL": "http://[::1]:8", "ALPACA_STREAM_URL": "ws://[::1]:9/s"},
            "alpaca-paper", "http://[::1]:8", "ws://[::1]:9/s", False,
        ),
        # A test double that plays a live account moves no money either.
        (
            LIVE | {"ALPACA_BASE_URL": HERE}, "alpaca-live", HERE, "ws://127.0.0.1:8123/stream",
            False,
        ),
    ],
)  # fmt: skip
def test_orders_go_where_the_settings_say(
    variables: dict[str, str], account: str, base: str, stream: str, is_real_money: bool
) -> None:
    broker = read_settings(None, variables).required().broker
    assert broker.account == account
    assert (broker.base_url, broker.stream_url) == (base, stream)
    assert broker.is_real_money is is_real_money
    assert broker.is_of_this_machine is ("//127." in base or "[::1]" in base)


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"TRADING_MODE": "live"}, "TRADING_MODE: live needs a broker, and BROKER_TYPE=mock"),
        ({"BROKER_TYPE": "alpaca"}, "ALPACA_API_KEY: it is not set, nor is ALPACA_SECRET_KEY"),
        (KEYS | {"ALPACA_SECRET_KEY": ""}, "ALPACA_SECRET_KEY: it is not set, and the other half"),
        (KEYS | {"ALPACA_API_KEY": "AK1"}, "ALPACA_API_KEY: it begins with AK, as keys of live"),
        (LIVE | {"ALPACA_API_KEY": "PK1"}, "ALPACA_API_KEY: it begins with PK, as keys of paper"),
        (LIVE | {"I_ACCEPT_REAL_MONEY": ""}, "I_ACCEPT_REAL_MONEY: TRADING_MODE=live sends orders"),
        (LIVE | {"I_ACCEPT_REAL_MONEY": "YES"}, "I_ACCEPT_REAL_MONEY: TRADING_MODE=live sends"),
        (LIVE | {"I_ACCEPT_REAL_MONEY": "true"}, "I_ACCEPT_REAL_MONEY: TRADING_MODE=live sends"),
        (
            LIVE | {"I_ACCEPT_REAL_MONEY": "no", "ALPACA_BASE_URL": HERE},
            "I_ACCEPT_REAL_MONEY: TRADING_MODE=live sends",
        ),
        (
            KEYS | {"ALPACA_BASE_URL": "https://api.alpaca.markets"},
            "ALPACA_BASE_URL: api.alpaca.markets is of live accounts, and TRADING_MODE=paper",
        ),
        (
            LIVE | {"ALPACA_BASE_URL": "https://paper-api.alpaca.markets"},
            "ALPACA_BASE_URL: paper-api.alpaca.markets is of paper accounts, and TRADING_MODE=live",
        ),
        (
            KEYS | {"ALPACA_STREAM_URL": "wss://api.alpaca.markets/stream"},
            "ALPACA_STREAM_URL: api.alpaca.markets is of live accounts",
        ),
        (
            KEYS | {"ALPACA_BASE_URL": "https://paper-api.alpaca.market"},
            "Did you mean paper-api.alpaca.markets?",
        ),
        (
            KEYS | {"ALPACA_BASE_URL": "https://paper-api.alpaca.markets.example.com"},
            "is neither of Alpaca nor of this machine, and would be sent the keys",
        ),
        (KEYS | {"ALPACA_BASE_URL": "https://10.0.0.7"}, "is neither of Alpaca nor of"),
        (
            KEYS | {"ALPACA_BASE_URL": "http://paper-api.alpaca.markets"},
            "ALPACA_BASE_URL: keys would be sent in the clear",
        ),
        (
            KEYS | {"ALPACA_BASE_URL": "https://paper-api.alpaca.markets:8443"},
            "ALPACA_BASE_URL: keys would be sent in the clear, or to another port",
        ),
        (KEYS | {"ALPACA_BASE_URL": "127.0.0.1:8123"}, "ALPACA_BASE_URL: '127.0.0.1:8123' is no"),
        (KEYS | {"ALPACA_BASE_URL": f"{HERE}/v2/orders"}, "has a path, which is added by itself"),
        (
            KEYS | {"ALPACA_BASE_URL": "http://me:w0rd@127.0.0.1:1"},
            "ALPACA_BASE_URL: an address with a password",
        ),
        (
            KEYS | {"ALPACA_BASE_URL": HERE, "ALPACA_STREAM_URL": HERE},
            "ALPACA_STREAM_URL: 'http://127.0.0.1:8123' is no ws address. Write wss://paper-api",
        ),
        (
            KEYS | {"ALPACA_STREAM_URL": "ws://127.0.0.1:8123/stream"},
            "ALPACA_STREAM_URL: it and the address of orders are not of the same machine",
        ),
        (KEYS | {"BROKER_TYPE": "alpca"}, "BROKER_TYPE: Input should be 'mock' or 'alpaca'"),
        (KEYS | {"TRADING_MODE": "real"}, "TRADING_MODE: Input should be 'paper' or 'live'"),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_without_a_secret_and_is_sent_to_nobody(
    variables: dict[str, str], complaint: str
) -> None:
    if variables.get("BROKER_TYPE") == "alpca":
        variables = variables | {"ALPACA_FEED": "iex"}
    read = read_settings(None, variables)
    (problem,) = read.problems
    assert complaint in problem
    assert "\n" not in problem
    assert "s3cret-w0rd" not in problem
    assert "w0rd@" not in problem
    # A flow's run goes on without what is wrong: never with another broker or another account.
    left = read.without_blamed().required().broker
    assert isinstance(left, UnreadableBroker)
    with pytest.raises(BadInput, match="the settings of the broker are wrong"):
        left.required()


def test_keys_of_the_broker_need_no_feed_of_bars() -> None:
    settings = read_settings(None, KEYS).required()
    assert settings.data.access().alpaca is None
    (problem,) = read_settings(None, KEYS | {"PROVIDERS": "alpaca"}).problems
    assert problem.startswith("PROVIDERS: none of them has")
    with_feed = read_settings(None, KEYS | {"ALPACA_FEED": "iex"}).required()
    assert with_feed.data.access().alpaca is not None
