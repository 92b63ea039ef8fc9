"""A key that was worked out before is believed only while all that it was made of is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trading.engine import decide
from trading.engine.compile import engine_key
from trading.engine.sessions import read_sessions
from trading.engine.settle import settle_sessions
from trading.strategies import ema_trend, gap_fade, orb


def _leave(numbers: Any, memory: Any, bar: Any, read: Any) -> tuple[bool, bool]:
    return True, True


@pytest.mark.parametrize(
    ("where", "name", "other"),
    [
        (decide, "MARKET", 7),
        (decide, "entry_quantity", lambda *arguments: 1),
        (orb, "FIRST_OPEN", 3),
        (orb, "breakout", lambda *arguments: (True, False)),
        (orb, "Read", ema_trend.Read),
        (orb, "leave", _leave),
        (orb, "signal", gap_fade.signal),
    ],
)
def test_a_name_that_stands_for_something_else_makes_another_key(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, other: object
) -> None:
    keys = [engine_key(orb, stage) for stage in (read_sessions, settle_sessions)]
    assert [engine_key(orb, stage) for stage in (read_sessions, settle_sessions)] == keys
    monkeypatch.setattr(where, name, other, raising=False)
    assert [engine_key(orb, stage) for stage in (read_sessions, settle_sessions)] != keys
    monkeypatch.undo()
    assert [engine_key(orb, stage) for stage in (read_sessions, settle_sessions)] == keys


def test_other_code_in_the_same_function_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    key = engine_key(orb, settle_sessions)
    monkeypatch.setattr(decide.may_enter, "__code__", (lambda book, rules: False).__code__)
    assert engine_key(orb, settle_sessions) != key


def test_an_array_that_changes_in_place_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.zeros(3)
    monkeypatch.setattr(decide, "MARKET", numbers)
    key = engine_key(orb, settle_sessions)
    numbers[1] = 1.0
    assert engine_key(orb, settle_sessions) != key
