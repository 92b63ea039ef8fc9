"""A day at the broker's model, in the words of the tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.simulation.alpaca_model.fill_models import FillModel, MarketBar
from tasks.simulation.alpaca_model.model import AlpacaModel
from trading.market.calendar import Session
from trading.parameters import FillParameters, RiskParameters, make_rules
from trading.strategies.orb import OrbParameters

OPEN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
CLOSE = datetime(2025, 6, 10, 20, 0, tzinfo=UTC)
DAYS = [
    Session(date(2025, 6, 10), OPEN, CLOSE),
    Session(date(2025, 6, 11), OPEN + timedelta(days=1), CLOSE + timedelta(days=1)),
]


class Day:
    """Sends requests as the API's JSON and keeps the time."""

    def __init__(self, fills: FillModel | None = None, **more: Any) -> None:
        filled = FillParameters(**more.pop("filled", {}))
        rules = make_rules(OrbParameters(), RiskParameters(), filled, 5)
        cash = more.pop("cash", 100_000)
        self.model = AlpacaModel(rules, ("AAA", "BBB"), DAYS, cash, fills=fills, **more)
        self.now = OPEN

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        self.now += timedelta(milliseconds=10)
        return self.model.respond(method, f"/v2/{path}", query, body, self.now)

    def get(self, path: str, **query: str) -> Any:
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    def send(self, side: str, qty: int, **more: Any) -> Any:
        body = {
            "symbol": "AAA",
            "side": side,
            "qty": str(qty),
            "type": "market",
            "time_in_force": "day",
            **more,
        }
        return self.ask("POST", "orders", body)

    def order(self, side: str, qty: int, **more: Any) -> Any:
        answer = self.send(side, qty, **more)
        assert answer.status == 200, answer
        return answer.body

    def bar(self, *prices: float, volume: float = 1e6, symbol: str = "AAA") -> None:
        self.model.take_bar(symbol, MarketBar(*prices, volume), self.now)

    def price(self, last: float, symbol: str = "AAA") -> None:
        self.model.take_price(symbol, last, self.now)

    def hold(self, qty: int, last: float) -> None:
        """Hold shares that nobody ordered here."""
        self.model.trade_by_hand("AAA", qty, last, self.now)
        self.price(last)

    def state(self, order: Any) -> str:
        return str(self.get(f"orders/{order['id']}")["status"])

    def held(self) -> dict[str, str]:
        return {p["symbol"]: p["qty"] for p in self.get("positions")}

    def events(self) -> list[str]:
        return [update["data"]["event"] for update in self.model.updates()]


def refused(answer: Any, status: int, words: str) -> bool:
    return answer.status == status and words in answer.body["message"]


def bracket(profit: float, loss: float) -> dict[str, Any]:
    return {
        "order_class": "bracket",
        "take_profit": {"limit_price": str(profit)},
        "stop_loss": {"stop_price": str(loss)},
    }
