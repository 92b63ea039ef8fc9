"""What `explain` says of decisions of any strategy."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from blocks.account.explanation.line import StrategyWords, explain
from blocks.records.signal import Signal
from trading.session.orders import TargetKind

VWAP = StrategyWords(("VWAP", "entry band"), {"near": "price is too near its VWAP"})


def signal(**values: object) -> Signal:
    """Return a decision at a close of 10.5 with two levels."""
    known: dict[str, object] = {
        "session": date(2025, 6, 9),
        "bar": datetime(2025, 6, 9, 14, 30, tzinfo=UTC),
        "symbol": "AAA",
        "reason": "no_breakout",
        "price": Decimal("10.5"),
        "range_high": Decimal(11),
        "range_low": Decimal(10),
    }
    return Signal.model_validate(known | values)


@pytest.mark.parametrize(
    ("words", "said", "unsaid"),
    [
        (None, "range 10.0000 to 11.0000", "VWAP"),
        (VWAP, "VWAP 11.0000; entry band 10.0000", "range"),
        (StrategyWords((), {}), "close 10.5000", "11.0000"),
    ],
    ids=["the breakout, or an earlier version", "levels with names", "no levels"],
)
def test_levels_have_the_names_that_the_strategy_gives_them(
    words: StrategyWords | None, said: str, unsaid: str
) -> None:
    line = explain(signal(reason="bar_missing"), None, words)
    assert said in line
    assert unsaid not in line


def test_a_reason_of_the_strategys_own_is_said_in_its_words() -> None:
    assert "own:near, price is too near its VWAP" in explain(signal(reason="own:near"), None, VWAP)
    assert "a reason of the strategy" in explain(signal(reason="own:other"), None, VWAP)


def test_an_entry_that_rests_counts_its_risk_from_its_level() -> None:
    line = explain(
        signal(
            reason="enter_long",
            stop=Decimal("10.4"),
            level=Decimal("11.02"),
            quantity=4600,
            target_offset=2.0,
            target_kind=TargetKind.R,
            score=71.25,
            relative_opening_volume=3.456,
        )
    )
    assert "rests at 11.0200; 4,600 shares; stop 10.4000; risk 0.6200 a share" in line
    assert "2,852.00 USD at risk; target 2 R from the fill" in line
    assert "validation score 71.2 of 100; relative opening volume 3.46" in line


@pytest.mark.parametrize(
    ("kind", "offset", "said"),
    [
        (TargetKind.USD, 0.5, "target 0.5000 from the fill"),
        (TargetKind.FRACTION, 0.02, "target 2 % from the fill"),
        (TargetKind.R, 1.5, "target 1.5 R from the fill"),
    ],
)
def test_a_target_says_what_it_counts_in(kind: TargetKind, offset: float, said: str) -> None:
    assert said in explain(signal(target_offset=offset, target_kind=kind))


def test_a_plan_of_an_earlier_version_has_the_words_of_the_breakout() -> None:
    assert StrategyWords.of({}) == StrategyWords()
    assert StrategyWords.of({"levels": ["VWAP"], "own_reasons": {"a": "b"}}) == StrategyWords(
        ("VWAP",), {"a": "b"}
    )
