"""The engine joined to strategies: what is compiled, kept, found again and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import starmap
from pathlib import Path

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from blocks.strategy_file import load_strategy
from tests.full_disk import full_disk
from tests.unit.trading.strategy_files import import_strategy, write_strategy
from trading.backtest import run as backtest
from trading.backtest.run import Outcome, is_worth_compiling, read_compiled, run_backtest
from trading.engine import sessions
from trading.engine.compile import Linker, engine_key, is_compiled, link_compiled
from trading.engine.tapes.trade_tape import DecisionRow
from trading.errors import BadInput
from trading.market.bars import NUMBERS
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import BUILT_IN, RunPlan, make_plan
from trading.reasons import ENTER_LONG, STOP_NOT_PROTECTIVE, Reason
from trading.strategies import orb

SYMBOLS = ("AAA", "BBB", "CCC")
NO_REASON = r"signal returned .* a number that is no reason"
MISTAKES = (
    "if bar == 20 and numbers.stop_usd == 1.0: memory[bar] = 1.0",
    "if bar == 50 and numbers.stop_usd == 2.0: raise ValueError('no such day')",
    "while bar == 40 and numbers.stop_usd == 3.0: memory[0] += 1.0",
    "if bar == 3 and numbers.stop_usd == 4.0: return 280, close + 1.0, 2.0",
    "close = np.full(3, close).max()",
)


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return three simulated sessions of three symbols."""
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 4))
    rows = simulated_rows(SYMBOLS, sessions, 5)
    return make_panel(rows, make_grid(sessions, 5), SYMBOLS)


def plan_with(path: Path) -> RunPlan:
    """Return a plan with the strategy of a file, imported anew."""
    module = import_strategy(path)
    return make_plan(SYMBOLS, {"strategy": path.stem}, strategy_module=module)


def key_of(path: Path) -> str:
    """Return the key of the engine with the strategy of a file."""
    return engine_key(import_strategy(path), sessions.read_sessions)


def stops(outcome: Outcome) -> list[float]:
    """Return the distance from price to stop of each entry."""
    rows = starmap(DecisionRow, outcome.decisions.tolist())
    return [round(row.price - row.stop, 6) for row in rows if row.reason >= ENTER_LONG]


def assert_same(one: Outcome, other: Outcome) -> None:
    """Two outcomes are the same to the last bit."""
    for name in ("fills", "trades", "decisions", "equity"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@pytest.mark.soak
def test_an_edited_strategy_file_changes_the_result_of_the_kept_machine_code(
    panel: Panel, many: Path, engine_cache: Path
) -> None:
    """That kept machine code is found by all of a file's code, the tests of the key show."""
    text = many.read_text(encoding="utf-8")
    before = run_backtest(panel, plan_of_mistake(many, 6), compiled=True, cache_folder=engine_cache)
    many.write_text(text.replace("close - 1.0", "close - 3.0"), encoding="utf-8")
    edited = plan_of_mistake(many, 6)
    many.write_text(text, encoding="utf-8")
    after = run_backtest(panel, edited, compiled=True, cache_folder=engine_cache)
    assert set(stops(before)) == {1.0}
    assert set(stops(after)) == {3.0}
    assert_same(after, run_backtest(panel, edited, compiled=False))


def test_a_copy_of_a_strategy_file_in_another_folder_has_machine_code_of_its_own(
    tmp_path: Path,
) -> None:
    # Kept machine code names the class of the numbers by its module, which no other process
    # finds when the module is called after another file.
    keys = []
    for folder in (tmp_path / "mine", tmp_path / "copy"):
        folder.mkdir()
        write_strategy(folder / "same.py")
        keys.append(engine_key(load_strategy(folder / "same.py"), sessions.read_sessions))
    assert keys[0] != keys[1]


def test_the_key_follows_code_and_constants_and_not_comments(tmp_path: Path) -> None:
    path = tmp_path / "keyed.py"
    write_strategy(path, extra="STEP = 1.0", stop="close - STEP")
    key = key_of(path)
    path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert key_of(path) == key
    write_strategy(path, extra="STEP = 2.0", stop="close - STEP")
    assert key_of(path) != key


def test_the_key_follows_what_a_strategy_calls(tmp_path: Path) -> None:
    path = tmp_path / "calling.py"
    helper = "def step():\n    return {}\n"
    keys = set()
    for value in ("1.0", "2.0", "3.0"):
        write_strategy(path, extra=helper.format(value), stop="close - step()")
        keys.add(key_of(path))
    assert len(keys) == 3


def test_what_a_strategy_calls_is_linked_in_the_order_of_its_code(tmp_path: Path) -> None:
    """Linked by chance, it would have another key in each process, and be compiled in each."""
    names = [f"step_{letter}" for letter in "qjxbwmzkfa"]
    module = write_strategy(
        tmp_path / "calls_many.py",
        extra="".join(f"def {name}():\n    return 0.1\n" for name in names),
        stop=" - ".join(["close", *(f"{name}()" for name in names)]),
    )
    linker = Linker(module, lambda copy: copy)
    linker.link(module.signal)
    assert [function.__name__ for function in linker.originals] == ["signal", *names]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Both are machine code's numbers: a field's place, and a member's value.
        (
            "class Pair(NamedTuple):\n    first: float\n    second: float",
            "class Pair(NamedTuple):\n    second: float\n    first: float",
        ),
        (
            "from enum import IntEnum\nclass Wait(IntEnum):\n    BARS = 5",
            "from enum import IntEnum\nclass Wait(IntEnum):\n    BARS = 20",
        ),
    ],
    ids=["fields", "enumeration"],
)
def test_the_key_follows_the_order_of_fields_and_the_values_of_enumerations(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / "classes.py"
    write_strategy(path, extra=before)
    key = key_of(path)
    write_strategy(path, extra=after)
    assert key_of(path) != key


@pytest.mark.parametrize("reason", [max(Reason) + 1, 255, 256, -1, 280])
def test_a_number_that_is_no_reason_is_refused_and_never_an_order(
    panel: Panel, tmp_path: Path, reason: int
) -> None:
    path = tmp_path / f"odd_{reason % 1000}.py"
    write_strategy(path, body=f"if bar == 3: return {reason}, close + 1.0, 2.0")
    with pytest.raises(BadInput, match=NO_REASON):
        run_backtest(panel, plan_with(path), compiled=False)


@pytest.mark.parametrize("stop", ["close + 1.0", "close", "math.nan"])
def test_an_entry_whose_stop_does_not_protect_is_none(
    panel: Panel, tmp_path: Path, stop: str
) -> None:
    path = tmp_path / f"unprotected_{len(stop)}.py"
    write_strategy(path, extra="import math", stop=stop)
    assert_nothing_is_entered(run_backtest(panel, plan_with(path), compiled=False, keep="all"))


def assert_nothing_is_entered(outcome: Outcome) -> None:
    """Nothing was filled, and the decisions say that the stops do not protect."""
    assert len(outcome.fills) == 0
    assert STOP_NOT_PROTECTIVE in outcome.log.reason


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's file that makes the mistake of its `max_entries`: compiling takes long."""
    path = tmp_path_factory.mktemp("many") / "mistaken.py"
    write_strategy(
        path,
        extra="import math\nimport numpy as np",
        body="\n    ".join(MISTAKES),
        stop="math.nan if numbers.stop_usd == 5.0 else close - 1.0",
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("Numbers(1.0)", "Numbers(float(self.max_entries))"), encoding="utf-8"
    )
    return path


def plan_of_mistake(path: Path, number: int) -> RunPlan:
    """Return a plan with the mistake of this number; there are none from 6 on."""
    return make_plan(SYMBOLS, {"max_entries": number}, strategy_module=load_strategy(path))


def test_a_mistake_is_the_same_line_from_machine_code_as_from_the_interpreter(
    panel: Panel, many: Path, engine_cache: Path
) -> None:
    # Machine code knows no lines, reaches past an array unless told not to, and is not interrupted.
    text = many.read_text(encoding="utf-8")
    first_line = text[: text.index(MISTAKES[0])].count("\n") + 1
    for mistake, said in enumerate(("memory[bar] is beyond", "no such day", "LOOP_LIMIT")):
        plan = plan_of_mistake(many, mistake + 1)
        lines = set()
        for compiled in (False, True):
            with pytest.raises(BadInput) as caught:
                run_backtest(panel, plan, compiled=compiled, cache_folder=engine_cache)
            lines.add(str(caught.value))
        assert len(lines) == 1
        assert said in min(lines)
        assert f"{many}, line {first_line + mistake}: " in min(lines)
        assert f"({SYMBOLS[0]} bar " in min(lines)


def test_machine_code_takes_no_order_without_a_reason_or_a_stop(
    panel: Panel, many: Path, engine_cache: Path
) -> None:
    on = {"compiled": True, "cache_folder": engine_cache}
    # As a byte this would be a long entry.
    with pytest.raises(BadInput, match=NO_REASON):
        run_backtest(panel, plan_of_mistake(many, 4), **on)
    assert_nothing_is_entered(run_backtest(panel, plan_of_mistake(many, 5), keep="all", **on))


def test_a_strategy_may_make_arrays(panel: Panel, many: Path, engine_cache: Path) -> None:
    plan = plan_of_mistake(many, 6)
    fast = run_backtest(panel, plan, compiled=True, cache_folder=engine_cache)
    assert len(fast.trades) > 0
    assert_same(fast, run_backtest(panel, plan, compiled=False))


def test_the_key_follows_the_code_in_memory_not_a_newer_file(tmp_path: Path) -> None:
    path = tmp_path / "reloaded.py"
    module = write_strategy(path)
    key = engine_key(module, sessions.read_sessions)
    write_strategy(path, stop="close - 3.0")
    assert engine_key(module, sessions.read_sessions) == key


def test_machine_code_is_made_once_for_any_number_of_symbols_and_of_bars(
    panel: Panel, engine_cache: Path
) -> None:
    linked = [link_compiled(orb, stage, engine_cache) for stage in backtest.STAGES]
    run_backtest(panel, make_plan(SYMBOLS, {}), compiled=True, cache_folder=engine_cache)
    one = replace(
        panel,
        symbols=SYMBOLS[:1],
        # Laid out by symbol, as a panel may be that was picked from another.
        **{name: getattr(panel, name)[:, :1] for name in NUMBERS},
    )
    by_symbol = replace(panel, close=np.asfortranarray(panel.close))
    for some in (one, by_symbol):
        plan = make_plan(some.symbols, {})
        fast = run_backtest(some, plan, compiled=True, cache_folder=engine_cache)
        assert_same(fast, run_backtest(some, plan, compiled=False))
        read_compiled(plan, engine_cache)
    assert [len(stage.signatures) for stage in linked] == [1] * len(linked)


def test_what_a_full_disk_cannot_keep_is_not_compiled_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading.engine.compile._COMPILED", {})
    plan, last = make_plan(SYMBOLS, {}), len(backtest.STAGES) - 1
    with full_disk(1_000):
        with pytest.raises(OSError, match="File too large"):
            backtest.compile_stage(plan, last, tmp_path)
        linked = link_compiled(orb, backtest.STAGES[last], None)
        assert len(linked.signatures) == 1
        assert backtest.compile_stage(plan, last, None) == ""


def test_a_strategy_that_numba_refuses_runs_and_says_why(
    panel: Panel, tmp_path: Path, engine_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "refused.py"
    write_strategy(path, extra="class Odd:\n    pass", body="odd = Odd()")
    monkeypatch.setattr(backtest, "COMPILE_ABOVE_BARS", 0)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", 0)
    outcome = run_backtest(panel, plan_with(path), cache_folder=engine_cache)
    assert not outcome.compiled
    assert "Odd" in outcome.refusal
    assert len(outcome.trades) > 0
    assert_same(outcome, run_backtest(panel, plan_with(path), compiled=False))


def test_a_run_is_compiled_when_it_is_long_or_the_machine_code_is_there(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(SYMBOLS, {})
    bars = panel.close.size
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", bars - 1)
    monkeypatch.setattr("trading.engine.compile._COMPILED", {})
    for stage in backtest.STAGES:
        assert not is_worth_compiling(panel.close.size, plan, tmp_path)
        folder = tmp_path / engine_key(orb, stage) / "trading"
        folder.mkdir(parents=True)
        (folder / "stage.nbc").touch()
        assert is_compiled(orb, stage, tmp_path)
    assert is_worth_compiling(panel.close.size, plan, tmp_path)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", bars)
    assert not is_worth_compiling(panel.close.size, plan, tmp_path)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", 0)
    monkeypatch.setattr(backtest, "COMPILE_ABOVE_BARS", bars - 1)
    assert is_worth_compiling(panel.close.size, plan, None)


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"orb"}))
def test_machine_code_of_a_built_in_strategy_does_what_the_interpreter_does(
    panel: Panel, engine_cache: Path, name: str
) -> None:
    plan = make_plan(SYMBOLS, {"strategy": name, "max_entries": 5})
    fast = run_backtest(panel, plan, compiled=True, keep="all", cache_folder=engine_cache)
    slow = run_backtest(panel, plan, compiled=False, keep="all")
    for table in ("fills", "trades", "decisions", "equity"):
        # Levels may be no numbers yet, and of those there are several.
        np.testing.assert_array_equal(getattr(fast, table), getattr(slow, table), table)
