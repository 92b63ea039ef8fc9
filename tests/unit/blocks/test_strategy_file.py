"""What a strategy file must hold, and what is said of one that does not."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from blocks.strategy_file import (
    keep_strategy,
    kept_strategy,
    load_strategy,
    refuse_written_by_others,
)
from tests.unit.trading.strategy_files import write_strategy
from trading.errors import BadInput

SECOND = """from typing import NamedTuple
from trading.entries import no_entry
from math import nan
from trading.parameters import StrategyParameters
MEMORY = 2
class Numbers(NamedTuple):
    step: float
class Parameters(StrategyParameters):
    strategy: str = "second"
    def numbers(self, interval_minutes): return Numbers(1.0)
class Read(NamedTuple):
    fast: float
def indicators(parameters, interval_minutes): return {}
def observe(numbers, memory, bar, read): pass
def signal(numbers, memory, bar, read): return no_entry(24)
def leave(numbers, memory, bar, read): return False, False
def screen(numbers, memory, bar): return 255, 0.0, 0.0
LEVELS = ("fast line",)
REASONS = {"too_quiet": "the bar was too small"}
"""


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("def screen(close, low):\n    return close > low", "screen takes 2 arguments and not 8"),
        ("screen = 5", "no function screen"),
    ],
)
def test_a_helper_called_screen_is_told_from_the_engines(
    tmp_path: Path, extra: str, text: str
) -> None:
    path = tmp_path / "screened.py"
    write_strategy(path, extra=extra)
    with pytest.raises(BadInput, match=text):
        load_strategy(path)


def test_a_strategy_without_a_screen_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    write_strategy(path)
    assert load_strategy(path).MEMORY == 2


def test_a_strategy_of_the_second_version_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "second.py"
    path.write_text(SECOND)
    assert load_strategy(path).REASONS == {"too_quiet": "the bar was too small"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("MEMORY = 2", "MEMORY = 2.0", "line 5: there is no whole number MEMORY"),
        ("MEMORY = 2", "MEMORY = -1", "line 5: there is no whole number MEMORY"),
        ("MEMORY = 2", "", "second.py: there is no whole number MEMORY"),
        ("MEMORY = 2", "MEMORY = 10**9", "line 5: MEMORY is 1000000000, above 10000"),
        ("(StrategyParameters):", ":", r"line 8: there is no class Parameters\(Strategy"),
        (
            "signal(numbers, memory, bar, read)",
            "signal(numbers, memory, bar)",
            "line 15: signal takes 3 arguments and not 4: numbers, memory, bar, read",
        ),
        ("def observe", "def watch", "second.py: there is no function observe"),
        ("observe(numbers, memory, bar, read)", "observe(*arguments)", "line 14: observe takes 0"),
        ("leave(numbers, memory, bar, read)", "leave(bar)", "line 16: leave takes 1 argu"),
        ("screen(numbers, memory, bar)", "screen(memory, bar)", "line 17: screen takes 2 argu"),
        (": return no_entry(24)", ": yield no_entry(24)", "line 15: signal yields"),
        ("class Read(NamedTuple)", "class Read", "line 11: Read is no NamedTuple"),
        ("    fast: float", "    fast: int", "line 11: fast of Read is no float"),
        ("class Read(", "class Reads(", "line 13: there is indicators and no Read"),
        ("def indicators(", "def indicator(", "line 11: there is Read and no indicators"),
        ("(parameters, interval_minutes):", "(parameters):", "line 13: indicators takes 1 argu"),
        ('("fast line",)', '"fast line"', "line 18: LEVELS is no tuple"),
        ('("fast line",)', '("a", "b", "c")', "line 18: LEVELS has 3 names"),
        ('("fast line",)', '("",)', "line 18: a name in LEVELS is empty"),
        ('"too_quiet":', '"Too quiet":', "line 19: 'Too quiet' of REASONS is not of small"),
        ('"too_quiet":', '"halted":', "line 19: 'halted' of REASONS is a reason of the engine's"),
        ('"the bar was too small"', "5", "line 19: REASONS is no dictionary"),
        ('"the bar was too small"', '" "', "line 19: the meaning of too_quiet"),
        ('{"too_quiet": "the bar was too small"}', '{f"w{i}": "x" for i in range(9)}', "9 words"),
        ("observe(numbers, memory, bar, read): pass", "observe(n, m, b, r): m[2] = 1.0", r"m\[2\]"),
        (": return no_entry(24)", ": return no_entry(int(memory[-3]))", r"line 15: memory\[-3\]"),
        (": pass", ": memory[MEMORY] = 1.0", r"line 14: memory\[MEMORY\] is beyond MEMORY"),
        ("LEVELS", "def f(n): return f(n - 1)\nLEVELS", "line 18: f calls itself"),
        (
            "LEVELS",
            "def f(n): return g(n)\ndef g(n): return f(n)\nLEVELS",
            "line 18: f calls itself",
        ),
        ("LEVELS", "LOOP_LIMIT = 0\nLEVELS", "line 18: LOOP_LIMIT is no whole number up to"),
        ("LEVELS", "TIME_LIMIT_SECONDS = '5'\nLEVELS", "line 18: TIME_LIMIT_SECONDS is no number"),
        ("class Numbers(NamedTuple):", "class Numbers(NamedTuple)", "line 6: expected ':'"),
        ("import nan", "import emma", "line 3: ImportError: cannot import name 'emma'"),
        ("MEMORY = 2", "while True:\n    MEMORY = 2", "line 5: TimeoutError.*5,000,000 times"),
        ("MEMORY = 2", "MEMORY = undefined", "line 5: NameError: name 'undefined'"),
        ("MEMORY = 2", "raise SystemExit(3)\nMEMORY = 2", "line 5: SystemExit: 3"),
    ],
)
def test_what_is_missing_or_of_a_wrong_kind_is_one_line_with_its_place(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in SECOND
    path = tmp_path / "second.py"
    path.write_text(SECOND.replace(before, after, 1))
    with pytest.raises(BadInput, match=said) as caught:
        load_strategy(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("extra", ["Read = 1", "def indicators(parameters, interval_minutes): ..."])
def test_a_file_of_the_first_version_is_told_what_the_second_needs(
    tmp_path: Path, extra: str
) -> None:
    path = tmp_path / "first.py"
    write_strategy(path, extra=extra)
    with pytest.raises(BadInput, match=r"needs the second version, with a signal of 4 arguments"):
        load_strategy(path)


@pytest.mark.parametrize(("what", "mode"), [("file", 0o602), ("file", 0o646), ("folder", 0o757)])
def test_a_file_that_others_may_write_is_refused_and_loads_once_the_hint_is_followed(
    tmp_path: Path, what: str, mode: int
) -> None:
    folder = tmp_path / "my strategies"
    folder.mkdir(mode=0o700)
    path = folder / "own.py"
    write_strategy(path)
    path.chmod(0o600)
    (path if what == "file" else folder).chmod(mode)
    with pytest.raises(BadInput, match="may be written by others") as caught:
        load_strategy(path)
    assert shlex.quote(str(path if what == "file" else folder)) in caught.value.hint
    subprocess.run(caught.value.hint.removeprefix("Run: "), shell=True, check=True)
    assert load_strategy(path).MEMORY == 2


def test_a_folder_of_strategies_that_others_may_write_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(BadInput, match=f"folder of strategies {tmp_path} may be written"):
        refuse_written_by_others(tmp_path)
    # Everybody's own, as /tmp: nobody can put another file in the place of this one.
    tmp_path.chmod(0o1777)
    refuse_written_by_others(tmp_path)


def test_a_file_that_another_put_where_all_may_put_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.py"
    write_strategy(path)
    path.chmod(0o600)
    tmp_path.chmod(0o1777)
    assert load_strategy(path).MEMORY == 2
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    with pytest.raises(BadInput, match=r"own\.py belongs to another than you"):
        load_strategy(path)


def test_a_kept_copy_is_known_by_its_content_whoever_may_write_there(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    write_strategy(path)
    before = os.umask(0)
    try:
        digest = keep_strategy(tmp_path / "kept", load_strategy(path))
    finally:
        os.umask(before)
    assert kept_strategy(tmp_path / "kept", digest).MEMORY == 2
