"""What the docs name exists, and what they show runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import REPOSITORY
from tests.unit.trading.test_rules_scenarios import LOADING, SCENARIOS

DOCS = REPOSITORY / "docs"


def test_each_assumption_names_a_test_that_exists() -> None:
    rows = [
        line.split("|")[2].strip()
        for line in (DOCS / "assumptions.md").read_text().splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| assumption"))
    ]
    names = {scenario.name for scenario in (*SCENARIOS, *LOADING)}
    tests = "\n".join(path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert len(rows) > 10
    for row in rows:
        if row.startswith('"'):
            assert row.strip('"') in names, row
        else:
            assert f"def {row.strip('`')}(" in tests, row


@pytest.fixture
def strategy_file(tmp_path: Path) -> Path:
    code = re.findall(r"```python\n(.*?)```", (DOCS / "strategies.md").read_text(), re.S)
    target = tmp_path / "first_bar.py"
    target.write_text(code[0])
    return target


def flows(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


SIMULATED = ("--symbols", "AAA,BBB,CCC", "--start", "2025-06-02", "--end", "2025-06-06")


def test_the_example_strategy_of_the_docs_trades(strategy_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = ("--strategy-file", str(strategy_file))
    done = flows("backtest", *SIMULATED, *own, "--set", "min_move=0.05", "--out", str(out))
    assert done.returncode == 0, done.stderr
    trades = (out / "trades.csv").read_text().splitlines()
    assert len(trades) > 5
    assert "first_bar" in trades[1]


def test_the_example_strategy_is_honest(strategy_file: Path) -> None:
    own = ("--strategy-file", str(strategy_file))
    noise = flows("null-test", "--trades", "1500", *own)
    assert noise.returncode == 0, noise.stderr + noise.stdout
    assert "honest" in noise.stdout
    future = flows("look-ahead-test", *SIMULATED, *own, "--cuts", "4")
    assert future.returncode == 0, future.stderr + future.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def observe(:\n", "line 1"),
        ("x = 1\n", "Parameters"),
        ("import nowhere_at_all\n", "ModuleNotFoundError"),
    ],
)
def test_a_broken_strategy_file_is_one_clear_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    done = flows("backtest", *SIMULATED, "--strategy-file", str(path))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
