"""The engine joined to strategies: what is compiled, kept, found again and refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from blocks.simulated_market import simulated_rows
from tests.trading.strategy_files import import_strategy, write_strategy
from trading import backtest, engine
from trading.backtest import Outcome, is_worth_compiling, run_backtest
from trading.bars import Panel, make_panel
from trading.calendar import make_grid, sessions_between
from trading.linking import engine_key, is_compiled
from trading.plan import RunPlan, make_plan
from trading.strategies import orb

SYMBOLS = ("AAA", "BBB", "CCC")
ROOT = Path(__file__).parents[2]


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
    return engine_key(import_strategy(path), engine.run_sessions)


def stops(outcome: Outcome) -> list[float]:
    """Return the distance from price to stop of each entry."""
    entered = outcome.decisions[outcome.decisions[:, 2] >= 24]
    return np.round(entered[:, 3] - entered[:, 6], 6).tolist()


def assert_same(one: Outcome, other: Outcome) -> None:
    """Two outcomes are the same to the last bit."""
    for name in ("fills", "trades", "decisions", "equity"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


def test_an_edited_strategy_file_changes_the_result_of_the_kept_machine_code(
    panel: Panel, tmp_path: Path, engine_cache: Path
) -> None:
    path = tmp_path / "edited.py"
    write_strategy(path)
    before = run_backtest(panel, plan_with(path), compiled=True, cache_folder=engine_cache)
    write_strategy(path, stop="close - 3.0 * numbers.stop_usd")
    after = run_backtest(panel, plan_with(path), compiled=True, cache_folder=engine_cache)
    assert set(stops(before)) == {1.0}
    assert set(stops(after)) == {3.0}
    assert_same(after, run_backtest(panel, plan_with(path), compiled=False))


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


def test_the_key_follows_the_code_in_memory_not_a_newer_file(tmp_path: Path) -> None:
    path = tmp_path / "reloaded.py"
    module = write_strategy(path)
    key = engine_key(module, engine.run_sessions)
    write_strategy(path, stop="close - 3.0")
    assert engine_key(module, engine.run_sessions) == key


def test_a_strategy_may_make_arrays(panel: Panel, tmp_path: Path, engine_cache: Path) -> None:
    path = tmp_path / "array.py"
    write_strategy(path, extra="import numpy as np", body="close = np.full(3, close).max()")
    fast = run_backtest(panel, plan_with(path), compiled=True, cache_folder=engine_cache)
    assert len(fast.trades) > 0
    assert_same(fast, run_backtest(panel, plan_with(path), compiled=False))


def test_a_strategy_that_numba_refuses_runs_and_says_why(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "refused.py"
    write_strategy(path, extra="class Odd:\n    pass", body="odd = Odd()")
    monkeypatch.setattr(backtest, "COMPILE_ABOVE_BARS", 0)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", 0)
    outcome = run_backtest(panel, plan_with(path))
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
    monkeypatch.setattr("trading.linking._COMPILED", {})
    assert not is_worth_compiling(panel, plan, tmp_path)
    folder = tmp_path / engine_key(orb, engine.run_sessions) / "trading"
    folder.mkdir(parents=True)
    (folder / "engine.nbc").touch()
    assert is_compiled(orb, engine.run_sessions, tmp_path)
    assert is_worth_compiling(panel, plan, tmp_path)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", bars)
    assert not is_worth_compiling(panel, plan, tmp_path)
    monkeypatch.setattr(backtest, "READ_COMPILED_ABOVE_BARS", 0)
    monkeypatch.setattr(backtest, "COMPILE_ABOVE_BARS", bars - 1)
    assert is_worth_compiling(panel, plan, None)


def test_a_short_backtest_does_not_import_numba() -> None:
    code = (
        "import sys\n"
        "from flows.__main__ import main\n"
        "code = main(['backtest', '--symbols', 'AAA', '--start', '2025-06-02',"
        " '--end', '2025-06-03', '--quiet'])\n"
        "sys.exit(code or ('numba' in sys.modules))\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120)
    assert finished.returncode == 0
