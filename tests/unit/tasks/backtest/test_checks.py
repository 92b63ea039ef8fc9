"""What the test on noise says, whatever came of it."""

from __future__ import annotations

import json
import math

import pytest

from tasks.backtest.checks import is_honest, noise_facts, noise_line
from trading.backtest.checks.noise_check import NullResult


def result(mean: float, expected: float, error: float, z: float) -> NullResult:
    """Return a result of a thousand trades."""
    return NullResult(1000, mean, expected, error, z)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (result(0.5, 0.0, 0.1, 5.0), "THE ENGINE EARNS ON NOISE"),
        (result(-0.02, 0.0, 0.1, -0.2), "what noise must show, within its error"),
        (result(-0.4, -0.39, 0.02, -0.5), "noise must show -0.3900 R"),
        (result(-0.5, 0.0, 0.1, -5.0), "below what noise must show"),
        (result(0.0, 0.0, 0.0, math.nan), "NOTHING IS SHOWN"),
    ],
    ids=["it earns", "nothing", "a stop entry", "below zero", "no spread"],
)
def test_the_verdict_on_noise_says_what_was_found(found: NullResult, words: str) -> None:
    assert words in noise_line(found)
    assert is_honest(found) == (found.z < 3.5)
    assert ("EARNS" in noise_line(found)) == (found.z >= 3.5)


def test_a_result_without_spread_is_json_with_null() -> None:
    text = json.dumps(noise_facts(result(0.0, 0.0, 0.0, math.nan)), allow_nan=False)
    assert json.loads(text)["z"] is None
