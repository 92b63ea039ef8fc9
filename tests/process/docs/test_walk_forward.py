"""The page on walk-forward, as a reader would run it."""

from __future__ import annotations

import json
import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

from flows.commands.walk_forward import add_arguments
from tests.repository import REPOSITORY
from tests.terminal import flows

PAGE = (REPOSITORY / "docs/walk-forward.md").read_text()


def test_the_line_of_the_page_runs_and_leaves_the_files_that_it_names(tmp_path: Path) -> None:
    line = re.search(r"^openbell walk-forward .*$", PAGE, re.M)
    assert line is not None
    done = flows(*shlex.split(line[0])[3:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "walked").iterdir() if path.is_file()}
    assert set(re.findall(r"`(\w+\.(?:json|parquet|html))`", PAGE)) - {"summary.json"} == written
    record = json.loads((tmp_path / "walked" / "walk_forward.json").read_text())
    assert len(record["windows"]) >= 3


def test_the_page_tells_of_each_argument_that_only_a_walk_has() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    own = ("in_sample", "out_of_sample", "step", "purge", "anchored", "rolling", "objective")
    options = [action.option_strings[0] for action in parser._actions if action.dest in own]
    assert len(options) == len(own)
    assert [option for option in options if f"`{option}" not in PAGE] == []
