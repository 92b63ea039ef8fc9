"""What a user's strategy answers is looked at: what cannot be is one line, and never an order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from blocks.strategy_file import load_strategy
from trading.backtest.run import Outcome, run_backtest
from trading.errors import BadInput
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import make_plan

SYMBOLS = ("AAA", "BBB")
FILE = """import math
from typing import NamedTuple

from trading.entries import LIMIT, MARKET, R, STOP, USD, Entry, enter, enter_at, no_entry
from trading.parameters import StrategyParameters
from trading.prices import round_down
from trading.reasons import BAR_MISSING, ENTER_LONG, NO_BREAKOUT, OWN_1

MEMORY = 1
REASONS = {{"too_early": "it was too early"}}


class Numbers(NamedTuple):
    tick_units: int


class Parameters(StrategyParameters):
    strategy: str = "answering"

    def has_orders(self):
        return True

    def numbers(self, interval_minutes):
        return Numbers(100)


def observe(numbers, memory, bar, read):
    memory[0] = bar.close


def signal(numbers, memory, bar, read):
    stop = round_down(bar.close - 1.0, numbers.tick_units)
    if bar.number < 10:
        return no_entry(OWN_1)
    return {answer}


def leave(numbers, memory, bar, read):
    return {leaves}
"""
SIGNAL_LINE = FILE[: FILE.index("def signal")].count("\n") + 1
LEAVE_LINE = FILE[: FILE.index("def leave")].count("\n") + 1
ENTERS = "enter(True, stop, 1.0, USD)"


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return two simulated sessions of two symbols."""
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 3))
    rows = simulated_rows(SYMBOLS, sessions, 15)
    return make_panel(rows, make_grid(sessions, 15), SYMBOLS)


def run(panel: Panel, path: Path, answer: str, leaves: str = "False, False") -> Outcome:
    """Run a strategy that answers so from bar 10 on."""
    path.write_text(FILE.format(answer=answer, leaves=leaves))
    plan = make_plan(SYMBOLS, {}, interval_minutes=15, strategy_module=load_strategy(path))
    return run_backtest(panel, plan, compiled=False, keep="all")


def test_what_can_be_is_taken(panel: Panel, tmp_path: Path) -> None:
    for answer in (ENTERS, "enter(True, stop, math.nan, USD)", "enter(True, stop, 2.0, R)"):
        assert len(run(panel, tmp_path / "fine.py", answer).trades) > 0
    # A tuple of the same seven is an entry too.
    plain = "(ENTER_LONG, stop, 1.0, USD, MARKET, math.nan, 0)"
    assert len(run(panel, tmp_path / "plain.py", plain).trades) > 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("enter(True, stop, -0.5, USD)", "target=-0.5.*target's distance is not positive"),
        ("enter(True, stop, 0.0, R)", "target=0.*target's distance is not positive"),
        ("enter(False, stop + 2.0, -1.0, USD)", "the target's distance is not positive"),
        ("enter(True, stop, math.inf, USD)", "the target's distance is not positive"),
        ("enter_at(STOP, bar.high, True, stop, 1.0, USD, -1)", "lifetime is below 0 bars"),
        ("Entry(99, stop, 1.0, USD, MARKET, math.nan, 0)", "reason=99.*a number that is no reason"),
        ("no_entry(-1)", "reason=-1.*a number that is no reason"),
        ("no_entry(math.nan)", "a number that is no reason"),
        ("no_entry(24.5)", "a number that is no reason"),
        ("None", "signal returned None"),
        ("OWN_1", "signal returned 3[12]"),
        ("(ENTER_LONG, stop, 1.0)", r"signal returned \(4[45], .*, 1\).*not enough values"),
        ("no_entry('no_breakout')", "signal returned .reason=str"),
        (
            "enter_at(7, bar.high, True, stop, 1.0, USD, 0)",
            "it names no kind of order or of target",
        ),
        ("enter(True, stop, 1.0, 5)", "it names no kind of order or of target"),
    ],
)
def test_an_answer_that_cannot_be_is_one_line_with_its_function_and_bar(
    panel: Panel, tmp_path: Path, answer: str, said: str
) -> None:
    path = tmp_path / "answering.py"
    with pytest.raises(BadInput, match=said) as caught:
        run(panel, path, answer)
    text = str(caught.value)
    assert f"strategy file {path}, line {SIGNAL_LINE}: signal returned " in text
    assert "(AAA bar 10 of 2025-06-02)" in text
    assert "\n" not in text


@pytest.mark.parametrize("answer", ["True", "None", "(True, False, True)"])
def test_leave_has_to_say_it_of_both_sides(panel: Panel, tmp_path: Path, answer: str) -> None:
    path = tmp_path / "leaving.py"
    with pytest.raises(BadInput, match=r"leave returned .*\(AAA bar 0 of 2025-06-02\)") as caught:
        run(panel, path, ENTERS, answer)
    assert f"line {LEAVE_LINE}: " in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("enter(True, math.nan, 1.0, USD)", "stop_not_protective"),
        ("enter(True, bar.close + 1.0, 1.0, USD)", "stop_not_protective"),
        ("enter(False, stop, 1.0, USD)", "stop_not_protective"),
        ("enter_at(STOP, math.nan, True, stop, 1.0, USD, 0)", "stop_not_protective"),
        ("enter(True, -math.inf, 1.0, USD)", "size_below_one"),
        ("no_entry(OWN_1)", "own:too_early"),
    ],
)
def test_an_entry_that_protects_nothing_is_a_reason(
    panel: Panel, tmp_path: Path, answer: str, word: str
) -> None:
    path = tmp_path / "unprotected.py"
    outcome = run(panel, path, answer)
    plan = make_plan(SYMBOLS, {}, interval_minutes=15, strategy_module=load_strategy(path))
    assert len(outcome.trades) == 0
    assert word in {plan.word_of(int(reason)) for reason in np.unique(outcome.log.reason)}


def test_a_function_may_have_the_name_of_what_it_reads(panel: Panel, tmp_path: Path) -> None:
    path = tmp_path / "named.py"
    answer = "enter(True, stop, tick_units(numbers) * 0.01, USD)"
    path.write_text(
        FILE.format(answer=answer, leaves="False, False")
        + "\n\ndef tick_units(numbers):\n    return numbers.tick_units\n"
    )
    plan = make_plan(SYMBOLS, {}, interval_minutes=15, strategy_module=load_strategy(path))
    assert len(run_backtest(panel, plan, compiled=False).trades) > 0


def test_levels_and_stops_off_the_grid_of_prices_come_to_it(panel: Panel, tmp_path: Path) -> None:
    answer = "enter_at(LIMIT, bar.close - 0.0123456, True, stop - 0.0567891, math.nan, USD, 0)"
    outcome = run(panel, tmp_path / "between.py", answer)
    price, stop = outcome.fills[:, 4], outcome.trades[:, 11]
    assert len(price) > 1
    np.testing.assert_array_equal(price, np.floor(price * 10000 + 0.5) / 10000)
    np.testing.assert_array_equal(stop, np.floor(stop * 10000 + 0.5) / 10000)
