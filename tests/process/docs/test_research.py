"""The page on sweeps, line by line, as a reader would run it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.repository import REPOSITORY
from tests.terminal import flows
from trading.sweep.objective import Objective

PAGE = (REPOSITORY / "docs/research.md").read_text()


def test_each_line_of_the_page_runs_one_after_the_other(tmp_path: Path) -> None:
    lines = [
        line
        for block in re.findall(r"```\n(.*?)```", PAGE, re.S)
        for line in block.splitlines()
        if line.startswith("openbell sweep")
    ]
    assert len(lines) >= 3
    for line in lines:
        done = flows(*shlex.split(line)[3:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    named = set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", PAGE, re.M))
    assert named == {path.name for path in (tmp_path / "swept").iterdir() if path.is_file()}
    assert len(list((tmp_path / "swept" / "sets").glob("*/report.html"))) == 1


def test_the_page_names_every_objective() -> None:
    assert [name for name in Objective if f"`{name}`" not in PAGE] == []
