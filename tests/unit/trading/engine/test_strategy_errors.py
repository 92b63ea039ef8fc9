"""A mistake in a user's strategy is one line with its place, whatever kind of mistake it is."""

from __future__ import annotations

import threading
import warnings
from datetime import date
from pathlib import Path
from textwrap import indent

import pytest

from blocks.markets.random_walk import simulated_rows
from blocks.strategy_file import load_strategy
from trading.backtest.run import run_backtest
from trading.errors import BadInput
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import make_plan

SYMBOLS = ("AAA", "BBB")
FILE = """import math
from typing import NamedTuple

from trading.parameters import StrategyParameters
from trading.prices import round_down
from trading.reasons import BAR_MISSING, NO_BREAKOUT

MEMORY = 2


class Numbers(NamedTuple):
    tick_units: int
    nothing: float


class Parameters(StrategyParameters):
    strategy: str = "mistaken"

    def needs_indicators(self):
        return False

    def numbers(self, interval_minutes):
        return {numbers}


def observe(numbers, memory, bar, opened, high, low, close, volume):
{observe}


def signal(numbers, memory, bar, opened, high, low, close, volume, atr, mean_volume):
    return NO_BREAKOUT, math.nan, math.nan
"""
NUMBERS = "Numbers(100, 0.0)"
FIRST_LINE = FILE[: FILE.index("{observe}")].count("\n") + 1


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return two simulated sessions of two symbols."""
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 3))
    rows = simulated_rows(SYMBOLS, sessions, 5)
    return make_panel(rows, make_grid(sessions, 5), SYMBOLS)


def write(path: Path, observe: str, numbers: str = NUMBERS) -> Path:
    """Write a strategy whose `observe` has a body."""
    path.write_text(FILE.format(observe=indent(observe, "    "), numbers=numbers))
    return path


@pytest.mark.parametrize(
    ("observe", "line", "said"),
    [
        ("at = bar\nmemory[at + 1] = close", 1, r"memory\[at \+ 1\] is beyond MEMORY, which is 2"),
        ("for i in range(5):\n    memory[i] += 1", 1, r"memory\[i\].*with i = 2"),
        ("memory[0] = memory[-bar - 2]", 0, r"memory\[-bar - 2\] is beyond MEMORY.*bar = 1"),
        ("if bar == 50:\n    raise ValueError('no such day')", 1, "ValueError: no such day"),
        ("if bar == 50:\n    memory[0] = 1 / numbers.nothing", 1, "ZeroDivisionError.*nothing = 0"),
        ("memory[0] = round_down(math.nan, numbers.tick_units)", 0, "ValueError.*round_down"),
        ("memory[1] = volumes", 0, "NameError: name 'volumes' is not defined"),
        ("memory[0] = math.log(-close)", 0, r"math domain error in math.log\(-close\) with close"),
        ("memory[0] = 'text'", 0, "could not convert string to float"),
        ("if bar == 40:\n    while close > 0:\n        pass", 1, "1,000,000 times.*LOOP_LIMIT"),
        ("if bar == 40:\n    for i in iter(int, 1):\n        pass", 1, "LOOP_LIMIT"),
        ("def again(x):\n    return again(x)\nif bar == 40:\n    again(1)", 1, "RecursionError"),
        ("if bar == 40:\n    raise SystemExit(0)", 1, "SystemExit: 0"),
    ],
)
def test_what_a_strategy_raises_names_file_line_values_symbol_and_bar(
    panel: Panel, tmp_path: Path, observe: str, line: int, said: str
) -> None:
    path = write(tmp_path / "mistaken.py", observe)
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    with pytest.raises(BadInput, match=said) as caught:
        run_backtest(panel, plan, compiled=False)
    text = str(caught.value)
    assert f"strategy file {path}, line {FIRST_LINE + line}: " in text
    assert "(AAA bar " in text
    assert "of 2025-06-02)" in text
    assert "\n" not in text


READS = """from typing import NamedTuple

from trading.indicators import macd, sma

from {elsewhere} import MEMORY, Parameters


class Read(NamedTuple):
    mean: float


def indicators(parameters, interval_minutes):
    return {declared}


def observe(numbers, memory, bar, read): pass
def signal(numbers, memory, bar, read): pass
"""


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("None", "indicators returned NoneType, and no dictionary. Let it return an indicator"),
        ("[sma(5)]", "indicators returned list"),
        ("{'mean': sma(5), 'other': sma(6)}", "indicators names mean, other, and Read has mean"),
        ("{1: sma(5)}", "indicators names 1, and Read has mean"),
        ("{'mean': 5.0}", "float 5.0 is no indicator"),
        ("{'mean': macd()}", "has several values"),
        ("{'mean': sma(5, minutes=7)}", r"sma\(5\)@7 runs over bars of 7 minutes"),
    ],
)
def test_indicators_of_a_wrong_kind_name_file_and_line(
    tmp_path: Path, declared: str, said: str
) -> None:
    path = tmp_path / "reads.py"
    elsewhere = "trading.strategies.ema_trend"
    path.write_text(READS.format(declared=declared, elsewhere=elsewhere))
    with pytest.raises(BadInput, match=said) as caught:
        make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    assert f"strategy file {path}, line 12: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", ["", "./", "../here/"])
def test_a_file_that_is_named_from_the_folder_of_work_is_explained_too(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    write(folder / "near.py", "if bar == 40:\n    raise ValueError('no such day')")
    monkeypatch.chdir(folder)
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(Path(f"{start}near.py")))
    with pytest.raises(
        BadInput, match=rf"near\.py, line {FIRST_LINE + 1}: ValueError: no such day"
    ):
        run_backtest(panel, plan, compiled=False)


def test_the_symbol_and_the_session_are_those_at_which_it_failed(
    panel: Panel, tmp_path: Path
) -> None:
    close = float(panel.close[100, 1])
    path = write(tmp_path / "late.py", f"if close == {close!r}: memory[bar] = 0.0")
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    with pytest.raises(BadInput, match=r"\(BBB bar 22 of 2025-06-03\)"):
        run_backtest(panel, plan, compiled=False)


@pytest.mark.parametrize("is_main", [True, False])
@pytest.mark.parametrize("waits", ["time.sleep(3600)", "while True: time.sleep(0.001)"])
def test_a_call_that_does_not_come_back_is_ended_in_whatever_thread_it_runs(
    panel: Panel, tmp_path: Path, waits: str, is_main: bool
) -> None:
    if waits.startswith("time") and not is_main:
        waits = waits.replace("3600", "1.0")  # what only a signal ends, and it ends by itself
    path = write(tmp_path / f"waits_{is_main}.py", f"if bar == 40:\n    {waits}")
    path.write_text(f"TIME_LIMIT_SECONDS = 0.2\nimport time\n{path.read_text()}")
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    caught: list[BadInput] = []

    def run() -> None:
        try:
            run_backtest(panel, plan, compiled=False)
        except BadInput as error:
            caught.append(error)

    if is_main:
        run()
    else:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert "longer than 0.2 s, which is TIME_LIMIT_SECONDS (AAA bar 40" in str(caught[0])
    assert f"{path}, line {FIRST_LINE + 3}: " in str(caught[0])


def test_a_price_divided_by_zero_is_no_mistake_and_warns_of_nothing(
    panel: Panel, tmp_path: Path
) -> None:
    flat = "memory[0] = close / (close - close)\nmemory[1] = (close - opened) / memory[1]"
    path = write(tmp_path / "flat.py", flat)
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run_backtest(panel, plan, compiled=False)
    assert len(outcome.equity) == panel.close.shape[0]


def test_a_file_may_say_for_itself_how_often_its_loops_go_round(
    panel: Panel, tmp_path: Path
) -> None:
    path = write(tmp_path / "loops.py", "for i in range(1_000 + bar):\n    pass")
    text = path.read_text()
    for limit, is_enough in (("1_050", False), ("1_078", True)):
        path.write_text(f"LOOP_LIMIT = {limit}\n{text}")
        plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
        if is_enough:
            run_backtest(panel, plan, compiled=False)
        else:
            with pytest.raises(BadInput, match=r"1,050 times in one call.* bar 51 of"):
                run_backtest(panel, plan, compiled=False)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("Numbers(1)", r"line 23: TypeError: .*Numbers\(1\)"),
        ("Numbers(100, 1 / (interval_minutes - 5))", "line 23: ZeroDivisionError.*minutes = 5"),
        ("(100, 0.0)", "numbers of its Parameters returned tuple"),
        ("None", "numbers of its Parameters returned NoneType"),
    ],
)
def test_numbers_that_cannot_be_made_are_refused_before_anything_runs(
    tmp_path: Path, numbers: str, said: str
) -> None:
    module = load_strategy(write(tmp_path / "numbers.py", "pass", numbers))
    with pytest.raises(BadInput, match=said):
        make_plan(SYMBOLS, {}, strategy_module=module)


def test_the_line_is_shown_that_ran_though_the_file_is_another_by_then(
    panel: Panel, tmp_path: Path
) -> None:
    path = write(tmp_path / "changed.py", "memory[bar] = close")
    plan = make_plan(SYMBOLS, {}, strategy_module=load_strategy(path))
    path.write_text("x = 1\n" * 60)
    with pytest.raises(BadInput, match=r"memory\[bar\] is beyond MEMORY"):
        run_backtest(panel, plan, compiled=False)
