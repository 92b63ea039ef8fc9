"""A run that does not go with its broker is refused before anything is opened or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blocks.settings.broker import BrokerSettings, UnreadableBroker
from flows.session.account.broker_account import real_money_words
from flows.session.account.broker_terms import refuse_unfit_broker
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from trading.errors import BadInput

ALPACA = BrokerSettings(broker_type="alpaca")
HERE = BrokerSettings(broker_type="alpaca", alpaca_base_url="http://127.0.0.1:8123")
MOCK = BrokerSettings()


def asked(broker: BrokerSettings, *, is_live: bool = True, **said: Any) -> SessionRequest:
    return SessionRequest(PlainParts(Path("nowhere"), is_live=is_live, broker=broker), **said)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (asked(MOCK, shadow=True), "BROKER_TYPE is mock. Set BROKER_TYPE=alpaca"),
        (asked(ALPACA, dry_run=True), "BROKER_TYPE is alpaca. Use --shadow"),
        (asked(ALPACA, exchange="LSE"), "EXCHANGE is LSE, and alpaca trades US stocks"),
        (
            asked(ALPACA, replay="2025-06-10", speed=60.0),
            "orders of 2025-06-10 to https://paper-api.alpaca.markets now. Set ALPACA_BASE_URL",
        ),
        (asked(ALPACA, replay="2025-06-10", speed=60.0, shadow=True), "Set ALPACA_BASE_URL=http"),
        (asked(HERE, replay="2025-06-10"), "leaves a broker no time to fill its orders. Add --spe"),
        (asked(ALPACA, is_live=False), "bars of no real market would send orders to https://pap"),
        (asked(UnreadableBroker()), "the settings of the broker are wrong"),
    ],
)
def test_what_does_not_go_together_is_one_line_and_makes_no_folder(
    request_: SessionRequest, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refused, open_account(request_, lambda: False):  # type: ignore[arg-type]
        pass
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "nowhere").exists()


def test_real_money_is_said_at_each_start_and_play_money_is_not() -> None:
    live = BrokerSettings(broker_type="alpaca", trading_mode="live", i_accept_real_money="yes")
    assert real_money_words(live).startswith("REAL MONEY: orders go to the live account")
    here = live.model_copy(update={"alpaca_base_url": "http://127.0.0.1:8123"})
    assert [real_money_words(broker) for broker in (MOCK, ALPACA, here)] == ["", "", ""]


@pytest.mark.parametrize(
    ("request_", "account"),
    [
        (asked(MOCK), "paper"),
        (asked(ALPACA), "alpaca-paper"),
        (asked(ALPACA, shadow=True), "alpaca-paper-shadow"),
        (asked(HERE, replay="2025-06-10", speed=60.0), "alpaca-paper"),
        (asked(HERE, is_live=False, replay="2025-06-10", speed=60.0), "alpaca-paper"),
        (
            asked(BrokerSettings(broker_type="alpaca", trading_mode="live")),
            "alpaca-live",
        ),
    ],
)
def test_orders_at_a_broker_have_an_account_of_their_own(
    request_: SessionRequest, account: str
) -> None:
    refuse_unfit_broker(request_)
    assert request_.account == account
