"""The tutorial, line by line, as a reader would run it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.repository import REPOSITORY
from tests.terminal import flows

COMMANDS = [
    line
    for block in re.findall(r"```\n(.*?)```", (REPOSITORY / "docs/tutorial.md").read_text(), re.S)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walk")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_line_of_the_tutorial_runs(command: str, walk: Path) -> None:
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "flows"]
    done = flows(*words[3:], cwd=walk)
    assert done.returncode == 0, done.stderr
    if "explain" in words:
        assert "AAA bar 2025-06-10" in done.stdout
    if "first" in words and "backtest" in words:
        assert (walk / "first" / "report.html").stat().st_size > 10_000
        assert (walk / "first" / "trades.csv").read_text().count("\n") > 10


def test_the_tutorial_has_its_lines() -> None:
    assert len(COMMANDS) >= 9
