"""An exit under way at the close is waited for, in a replay also one that is not sent yet."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flows.session import run_session
from tasks.session.runtime import Pace
from tests.unit.blocks.exchange.alpaca.model_line import LIMITED, WHOLE
from tests.unit.blocks.exchange.test_order_desk import SESSION
from tests.unit.blocks.exchange.test_protection_at_alpaca import AtAlpaca
from trading.session.events import Command

PATIENCE = timedelta(seconds=10)
# The broker's day goes on, so that it takes what comes late.
ENDED = replace(SESSION, close=SESSION.close - timedelta(hours=1))


class Real(AtAlpaca):
    """A session at a broker that fills whatever it is sent."""

    session = ENDED


class Replayed(Real):
    """One whose machine is too slow for its last bar."""

    grace = PATIENCE


class StepClock:
    """Moves a trading's clock by naps, as far as it may."""

    def __init__(self, trading: AtAlpaca) -> None:
        self._trading = trading

    def now(self) -> datetime:
        return self._trading.clock.moment

    async def sleep_until(self, moment: datetime, at_most_seconds: float) -> None:
        nap = timedelta(seconds=at_most_seconds)
        self._trading.clock.moment = min(moment, self.now() + nap)


def _at_the_close(trading: AtAlpaca, refused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a second before the close, while the first requests are refused for haste."""
    trading.enter()
    trading.look_for(1.0)
    trading.clock.moment = ENDED.close - timedelta(seconds=1)
    trading.price(11.0)
    asked: list[str] = []

    def fate(method: str, path: str) -> str:
        if (method, path) == ("POST", "/v2/orders"):
            asked.append(path)
            return LIMITED if len(asked) <= refused else WHOLE
        return WHOLE

    trading.line.fate = fate
    trading.desk.record(Command("leave", "shutdown"))
    trading.look()
    runtime: Any = SimpleNamespace(
        clock=StepClock(trading),
        pace=Pace(tend_seconds=1.0, last_exit_seconds=PATIENCE.total_seconds()),
        desk=trading.desk,
        state=trading.desk.state,
        is_at_broker=True,
    )
    monkeypatch.setattr(run_session, "poll", lambda runtime: trading.look(0.0))
    asyncio.run(run_session._let_last_exits_fill(runtime))


def test_a_replay_sends_its_last_exit_after_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    trading = Replayed(1000)
    _at_the_close(trading, 1, monkeypatch)
    assert trading.held == 0
    assert trading.clock.moment > ENDED.close


def test_it_is_not_waited_for_beyond_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    trading = Replayed(1000)
    _at_the_close(trading, 1000, monkeypatch)
    assert trading.held == 66
    assert trading.clock.moment < ENDED.close + 2 * PATIENCE


def test_a_real_session_sends_nothing_that_another_day_would_fill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trading = Real(1000)
    _at_the_close(trading, 1, monkeypatch)
    assert trading.held == 66
    assert ("POST", "/v2/orders") not in trading.line.sent[-3:]
