"""An account that cannot be opened whole leaves nothing held."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.channel import Channel
from blocks.messages.discord.channel import DiscordChannel
from blocks.messages.discord.webhook import WebhookClient
from blocks.messages.drain_thread import Drains
from blocks.process.stop_request import Interrupted, StopRequest
from blocks.stores.duckdb_file import DuckDBFile
from flows.session.account import opening
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from trading.errors import BadInput, StoreUnavailable
from trading.plan import RunPlan
from trading.session.ports import MarketData


@dataclass(frozen=True)
class CountedParts(PlainParts):
    """Parts whose source counts how often it was closed, and a webhook that nobody hears."""

    closed: tuple[list[str], ...] = ([],)

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        market = super().market(plan, is_replay=is_replay)
        market.close = lambda: self.closed[0].append("market")  # type: ignore[method-assign]
        return market

    def channels(self) -> tuple[list[Channel], list[BadInput]]:
        return [DiscordChannel(WebhookClient(SecretStr("http://127.0.0.1:9/api/webhooks/1/x")))], []


def asked(folder: Path, closed: list[str]) -> SessionRequest:
    return SessionRequest(
        CountedParts(folder, closed=(closed,)), replay="2025-06-10", symbols=("AAA",)
    )


def raising(error: Exception) -> Callable[..., Any]:
    def refuse(*arguments: Any, **named: Any) -> Any:
        raise error

    return refuse


def drains() -> int:
    return sum(thread.name.startswith("outbox") for thread in threading.enumerate())


STEPS_OF_OPENING = {
    "the ledger is of another account": (DuckDBLedger, "check_account"),
    "the market is another": (DuckDBLedger, "newest_plan"),
    "the exchange's store is locked": (CountedParts, "exchange"),
    "messages cannot be chosen": (CountedParts, "wanted_messages"),
    "the outbox cannot be opened": (opening, "start_drains"),
}


@pytest.mark.parametrize("step", STEPS_OF_OPENING)
def test_what_was_opened_is_given_back_when_a_later_step_fails(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name = STEPS_OF_OPENING[step]
    monkeypatch.setattr(owner, name, raising(StoreUnavailable(step, "Wait")))
    handlers, threads = list(logging.getLogger().handlers), drains()
    closed: list[str] = []
    with (
        pytest.raises(StoreUnavailable, match=step),
        open_account(asked(tmp_path, closed), StopRequest()),
    ):
        pass
    assert closed == ["market"]
    assert logging.getLogger().handlers == handlers
    assert drains() == threads
    # Another process could trade it at once, and open its files.
    assert DuckDBLedger(tmp_path, "replay").acquire_lease() >= 1


def test_an_account_that_is_left_by_an_error_is_given_back(tmp_path: Path) -> None:
    closed: list[str] = []
    epochs: list[int] = []

    def trade() -> None:
        with open_account(asked(tmp_path, closed), StopRequest()) as account:
            epochs.append(account.epoch)
            assert drains() == threads + 1
            raise BadInput("odd", "Mend it")

    threads = drains()
    with pytest.raises(BadInput, match="odd"):
        trade()
    assert closed == ["market"]
    assert drains() == threads
    assert DuckDBLedger(tmp_path, "replay").acquire_lease() > epochs[0]


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    request = SessionRequest(
        PlainParts(tmp_path), "2025-06-10", ("A", "A"), 7, capital=0.0, exchange="XXX",
        settings={"max_positions": -1, "nonsense": 1},
    )  # fmt: skip
    with pytest.raises(BadInput) as refused, open_account(request, StopRequest()):
        pass
    words = ("symbol A", "capital 0", "interval 7", "exchange 'XXX'", "max_positions", "nonsense")
    for word in words:
        assert str(refused.value).count(word) == 1
    assert not list(tmp_path.iterdir())


def test_a_stop_while_the_copy_is_looked_for_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "bring_back", raising(Interrupted()))
    closed: list[str] = []
    request = SessionRequest(CountedParts(tmp_path, closed=(closed,)), symbols=("AAA",))
    with pytest.raises(Interrupted), open_account(request, StopRequest()):
        pass
    assert closed == ["market"]
    assert not (tmp_path / "simulated" / "ledger.duckdb").exists()


def test_nobody_waits_for_the_stores_while_the_last_messages_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def stop(drain: Drains, limit_seconds: float) -> None:
        for name in ("ledger", "exchange-mock"):
            path = tmp_path / "replay" / f"{name}.duckdb"
            with DuckDBFile(path, "", wait_seconds=0.0).transaction():
                opened.append(name)
        DuckDBLedger(tmp_path, "replay").acquire_lease()
        original(drain, limit_seconds)

    original = Drains.stop
    monkeypatch.setattr(Drains, "stop", stop)
    with open_account(asked(tmp_path, []), StopRequest()) as account:
        account.exchange.positions()
    assert opened == ["ledger", "exchange-mock"]
