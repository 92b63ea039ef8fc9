"""What the test on noise says, whatever came of it."""

from __future__ import annotations

import json
import math
from datetime import date

import pytest

from tasks.backtest.checks import (
    is_honest,
    noise_facts,
    noise_line,
    run_look_ahead_test,
    run_null_test,
)
from tasks.backtest.request import BacktestRequest, plan_of
from trading.backtest.checks.noise_check import NullResult
from trading.errors import BadInput


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


def test_a_seed_that_seeds_nothing_is_refused_before_anything_runs() -> None:
    request = BacktestRequest(symbols=("AAA",), start=date(2025, 6, 2), end=date(2025, 6, 2))
    with pytest.raises(BadInput, match=r"seed -1 is negative\. Use a whole number from 0 up"):
        run_null_test(plan_of(request), 1, -1)
    with pytest.raises(BadInput, match="seed -1 is negative"):
        run_look_ahead_test(request, 1, -1)
