"""An account at one moment, as the screen is given it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from blocks.account.day.decisions import Decision, ReasonCount
from blocks.account.day.phase import Phase
from blocks.live.answers import (
    Age,
    ClockAnswer,
    EquityAnswer,
    HealthAnswer,
    LastBarAnswer,
    LatchAnswer,
    LiveAnswer,
    PlanAnswer,
    SessionAnswer,
    SymbolAnswer,
)
from blocks.live.held import PositionAnswer
from blocks.records.order import Order
from trading.session.orders import Leg, Status

DAY = date(2025, 6, 10)
NOW = datetime(2025, 6, 10, 14, 33, 12, tzinfo=UTC)
BAR = datetime(2025, 6, 10, 14, 25, tzinfo=UTC)


def clock(**changed: Any) -> ClockAnswer:
    told: dict[str, Any] = {
        "now": NOW, "machine": NOW, "zone": "America/New_York", "is_replayed": False, "warning": "",
    }  # fmt: skip
    return ClockAnswer(**{**told, **changed})


def session(**changed: Any) -> SessionAnswer:
    told: dict[str, Any] = {
        "today": DAY, "shown": DAY, "phase": Phase.TRADING, "sentence": "Trading: session closes.",
        "closure": "", "hours": None, "next_bar": datetime(2025, 6, 10, 14, 35, tzinfo=UTC),
        "next_session": None, "clock": clock(), "plan": plan(),
    }  # fmt: skip
    return SessionAnswer(**{**told, **changed})


def plan(symbols: int = 3) -> PlanAnswer:
    return PlanAnswer(
        strategy="orb", symbols=symbols, interval_minutes=5, source="archive", is_simulated=False,
        changed_in=None, changes=[], values={},
    )  # fmt: skip


def last_bar(age: Age = Age.FRESH, sentence: str = "The last bar is 72 s old.") -> LastBarAnswer:
    return LastBarAnswer(
        number=11, start=BAR, end=BAR + timedelta(minutes=5), arrived=NOW, interval_s=300, age=age,
        counts_from=NOW, late_after_s=335, stale_after_s=905, sentence=sentence,
    )  # fmt: skip


def position(symbol: str = "AAPL", mark: str = "201.70", **changed: Any) -> PositionAnswer:
    told: dict[str, Any] = {
        "symbol": symbol, "quantity": 9, "entry_price": Decimal("203.29"), "mark": Decimal(mark),
        "stop": Decimal("200.57"), "target": Decimal("208.44"),
        "entry_time": BAR, "initial_stop": Decimal("200.57"),
    }  # fmt: skip
    return PositionAnswer(**{**told, **changed})


def order(number: int = 1, status: Status = Status.WORKING, **changed: Any) -> Order:
    told: dict[str, Any] = {
        "client_order_id": f"id-{number}", "session": DAY, "symbol": "AAPL", "leg": Leg.STOP,
        "quantity": -9, "price": Decimal("200.57"), "status": status,
    }  # fmt: skip
    return Order(**{**told, **changed})


def decision(symbol: str, words: str = "the range is not left", **changed: Any) -> Decision:
    told: dict[str, Any] = {
        "session": DAY, "bar": BAR, "symbol": symbol, "reason": "inside_range", "is_entry": False,
        "words": words,
    }  # fmt: skip
    return Decision(**{**told, **changed})


def answer(**changed: Any) -> LiveAnswer:
    told: dict[str, Any] = {
        "account": "paper", "account_words": "paper", "others": [],
        "problem": None, "session": session(),
        "health": HealthAnswer(status="healthy", sentence="All is well.", components=[]),
        "halt": None, "last_bar": last_bar(),
        "equity": EquityAnswer(
            shown=DAY, equity=10_040.44, day_pnl=40.44, day_pnl_pct=0.0040, curve=[], days=[],
            latch=LatchAnswer(
                baseline=10_000, limit=9_700, distance=340.44, distance_pct=0.034,
                is_reached=False, sentence="Equity may fall by 340.44 USD more.",
            ),
        ),
        "positions": [position()], "symbols": [], "entries": [], "decisions": [decision("AAPL")],
        "reasons": [], "orders": [order()], "trades": [], "fills": [], "messages": [], "parity": [],
        "newest_bar": None,
    }  # fmt: skip
    return LiveAnswer(**{**told, **changed})


def five_hundred() -> LiveAnswer:
    """Return an account of 500 symbols, of which 60 are held."""
    names = [f"S{number:03d}" for number in range(500)]
    symbols = [
        SymbolAnswer(
            symbol=name,
            close=1.0,
            change=0.0,
            held=0,
            reason="inside_range",
            words="",
            upper=None,
            lower=None,
        )
        for name in names
    ]
    return answer(
        session=session(plan=plan(500)),
        symbols=symbols,
        decisions=[decision(name) for name in names[:120]],
        reasons=[ReasonCount(reason="inside_range", words="the range is not left", symbols=500)],
        positions=[position(name, mark=f"{200 + n}") for n, name in enumerate(names[:60])],
        orders=[order(n, symbol=name) for n, name in enumerate(names[:120])],
    )
