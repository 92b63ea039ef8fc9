"""Sessions replayed at the broker's model, in this process and without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from flows.session.account import account as account_module
from flows.session.account import pace as pace_module
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.backtest.bars import load_bars
from tasks.backtest.request import BacktestRequest, plan_of
from tasks.session.runtime import RUNTIMES, Pace
from tasks.simulation.alpaca_double.bar_market import BarMarket, BarSteps
from tasks.simulation.alpaca_model.answers import ApiAnswer, Json
from tasks.simulation.alpaca_model.model import AlpacaModel
from tasks.simulation.alpaca_model.transport import ModelTransport
from tests.unit.replay.runs import Case, Row, ledger_rows
from trading.market.bars import Prices
from trading.market.calendar import make_grid
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan

ANYWHERE = BrokerAccess(
    SecretStr("key"), SecretStr("secret"), base_url="http://127.0.0.1:1", requests_a_minute=10**9
)


class Broker:
    """The model with the bars of a case, at the session's own time."""

    def __init__(self, case: Case) -> None:
        request = BacktestRequest(
            bars=case.bars,
            symbols=case.symbols,
            start=case.start,
            end=case.end,
            settings=case.settings,
            capital=case.capital,
            interval_minutes=case.interval_minutes,
        )
        loaded = load_bars(request, warm_up=False)
        panel = make_panel(
            loaded.blocks, make_grid(loaded.sessions, case.interval_minutes), loaded.symbols
        )
        columns = Prices(panel.open, panel.high, panel.low, panel.close, panel.volume)
        self.model = AlpacaModel(
            plan_of(request).rules(), case.symbols, loaded.sessions, case.capital
        )
        self.market = BarMarket(
            self.model, loaded.sessions, panel.symbols, columns, case.interval_minutes, BarSteps()
        )
        self._last = loaded.sessions[0].open
        # Orders of one bar are sent side by side, and the model knows no threads.
        self._lock = Lock()
        self.asked: list[tuple[str, str, Json, ApiAnswer]] = []

    def now(self) -> datetime:
        for runtime in RUNTIMES.values():
            self._last = max(self._last, runtime.clock.now())
        return self._last

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> ApiAnswer:
        with self._lock:
            now = self.now()
            self.market.catch_up(now)
            answer = self.model.respond(method, path, query, body, now)
            if method != "GET":
                self.asked.append((method, path, body, answer))
            return answer

    def exchange(self, symbols: Sequence[str]) -> AlpacaExchange:
        began = datetime(1970, 1, 1, tzinfo=UTC)
        # Each look at the time takes a while: news are asked for as often as they are wanted.
        looks = iter(range(10**12))

        def steady() -> float:
            return (self.now() - began) / timedelta(seconds=1) + 1.5 * next(looks)

        transport = ModelTransport(self.answer)
        return AlpacaExchange(ANYWHERE, self.now, symbols, transport=transport, steady=steady)

    def refusals(self) -> list[Any]:
        return [(body, a.body) for _, _, body, a in self.asked if a.status >= 400]


@dataclass(frozen=True)
class AlpacaParts(PlainParts):
    """The usual parts with the broker's model in the place of the mock exchange."""

    at: Broker | None = None

    def exchange(  # type: ignore[override]
        self, account: str, plan: RunPlan, stored_symbols: Sequence[str] | None = None
    ) -> AlpacaExchange:
        assert self.at is not None
        return self.at.exchange(plan.symbols)


@contextmanager
def looking_twice_a_bar(interval_minutes: int) -> Iterator[None]:
    """Let replayed sessions look at their orders in the middle of a bar, as live ones do."""
    pace = Pace(tend_seconds=30.0 * interval_minutes)
    with pytest.MonkeyPatch.context() as patch:
        for module in (account_module, pace_module):
            patch.setattr(module, "pace_of", lambda request, minutes: pace)
        yield


def traded_at_alpaca(case: Case, folder: Path, broker: Broker) -> list[Row]:
    """Return the ledger's trades of sessions whose orders the broker's model took."""
    request = SessionRequest(
        AlpacaParts(folder, case.bars, at=broker),
        replay=f"{case.start}:{case.end}",
        symbols=case.symbols,
        settings=case.settings,
        capital=case.capital,
        interval_minutes=case.interval_minutes,
    )
    with looking_twice_a_bar(case.interval_minutes):
        asyncio.run(run_account(request))
    return ledger_rows(folder, request.account)[0]
