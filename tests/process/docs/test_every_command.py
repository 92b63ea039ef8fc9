"""Each line that a page tells its reader to type is run, or is listed with the reason why not."""

from __future__ import annotations

import importlib
import json
import math
import re
import shlex
import shutil
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from api.__main__ import arguments_parser as arguments_of_api
from deployments.__main__ import arguments_parser
from deployments.openbell import API, SERVING
from flows.commands.configuration import _add_env_file
from flows.commands.names import COMMANDS, MODULES
from tests.process.docs.not_run import NOT_RUN
from tests.process.docs.pages import DOCS, FOR_A_SHELL, PAGES, blocks_of, commands_of, python_of
from tests.repository import REPOSITORY
from tests.terminal import Finished, flows

WITH_COMMANDS = [page for page in PAGES if any(line not in NOT_RUN for line in commands_of(page))]
PROGRAMS = ("openbell", "python", "make", "docker", "prefect", "pip", "uvx", "pipx", "curl")
LEVELS = (
    ("AAPL", 200.0, 0.31),
    ("MSFT", 460.0, 0.23),
    ("QQQ", 520.0, 0.19),
    ("SPY", 600.0, 0.27),
)
SMALL = ("--symbols", "AAA,BBB", "--interval", "30", "--set", "range_minutes=30")


def write_bars(target: Path) -> None:
    """Write what a reader would bring: four symbols, five minutes a bar, six sessions."""
    rows = []
    for day in (4, 5, 6, 9, 10, 11):
        begin = datetime(2025, 6, day, 13, 30, tzinfo=UTC)
        for number in range(78):
            for symbol, level, speed in LEVELS:
                price = round(level * (1 + 0.01 * math.sin(day + speed * number)), 2)
                after = round(level * (1 + 0.01 * math.sin(day + speed * (number + 1))), 2)
                at = begin + timedelta(minutes=5 * number)
                high, low = max(price, after) + 0.05, min(price, after) - 0.05
                rows.append((symbol, at, price, high, low, after, 90_000.0))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(target)


def prepare(page: str, folder: Path) -> None:
    """Put into a folder what a page takes for granted."""
    write_bars(folder / "bars.parquet")
    (folder / "rsi_dip.py").write_text(python_of(DOCS / "strategies.md")[0])
    if page == "docs/runs.md":
        dates = ("--start", "2025-06-02", "--end", "2025-06-03")
        flows("backtest", *SMALL, *dates, "--out", "before", cwd=folder)
        for copy in ("after", "data/backtests/first", "results/first", "more/second"):
            shutil.copytree(folder / "before", folder / copy)
    if page == "docs/operations.md":
        flows("run", "--replay", "2025-06-10", *SMALL, cwd=folder)


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_each_command_of_a_page_runs_one_after_the_other(page: str, tmp_path: Path) -> None:
    prepare(page, tmp_path)
    for line in commands_of(page):
        if line not in NOT_RUN:
            program, *words = shlex.split(line)
            assert program == "openbell", f"{line} is no command of ours: say why in not_run.py"
            done = flows(*words, cwd=tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            look_closer(page, words, done)
    what_is_left(page, tmp_path)


def look_closer(page: str, words: list[str], done: Finished) -> None:
    if page == "docs/tutorial.md" and words[0] == "explain":
        assert "AAA bar 2025-06-10" in done.stdout


def what_is_left(page: str, folder: Path) -> None:
    """Assert that what a page says is written is there."""
    text = PAGES[page]
    if page == "docs/tutorial.md":
        assert (folder / "first" / "report.html").stat().st_size > 10_000
        assert (folder / "first" / "trades.csv").read_text().count("\n") > 10
    if page == "docs/research.md":
        named = set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", text, re.M))
        assert named == {path.name for path in (folder / "swept").iterdir() if path.is_file()}
        assert len(list((folder / "swept" / "sets").glob("*/report.html"))) == 1
    if page == "docs/walk-forward.md":
        written = {path.name for path in (folder / "walked").iterdir() if path.is_file()}
        named = set(re.findall(r"`(\w+\.(?:json|parquet|html))`", text))
        assert named - {"summary.json"} == written
        record = json.loads((folder / "walked" / "walk_forward.json").read_text())
        assert len(record["windows"]) >= 3


def test_pages_have_commands_that_are_run() -> None:
    assert {"README.md", "docs/tutorial.md", "docs/commands.md"} <= set(WITH_COMMANDS)
    assert sum(line not in NOT_RUN for page in PAGES for line in commands_of(page)) > 30


def test_each_line_that_is_not_run_is_on_a_page() -> None:
    shown = {line for page in PAGES for line in commands_of(page)}
    assert [line for line in NOT_RUN if line not in shown] == []


@pytest.mark.parametrize("line", NOT_RUN)
def test_what_is_not_run_can_be_read(line: str) -> None:
    """An option that a command does not know ends with an error, as on a terminal."""
    # What a shell does with the output is no part of the command.
    words = [word.strip('()"$') for word in line.partition(" > ")[0].split()]
    if words[0] == "make":
        assert f"\n{words[1]}:" in (REPOSITORY / "Makefile").read_text()
    for place, word in enumerate(words):
        rest = [each for each in words[place + 1 :] if each not in ("flows", "...")]
        if word == "openbell" and rest and rest[0] in COMMANDS:
            read_arguments(rest)
        elif word == "openbell" and rest and rest[0] in SERVING:
            arguments_parser().parse_args(rest)
        elif word == "openbell" and rest and rest[0] in API:
            arguments_of_api().parse_args(rest[1:])


def read_arguments(words: list[str]) -> None:
    parser = ArgumentParser(allow_abbrev=False)
    command = importlib.import_module(MODULES[words[0]])
    command.add_arguments(parser)
    _add_env_file(parser)
    parser.parse_args(words[1:])


def test_an_option_that_is_gone_would_be_seen() -> None:
    with pytest.raises(SystemExit):
        read_arguments(["run", "--lively"])


def test_no_command_hides_where_no_test_looks() -> None:
    for page, text in PAGES.items():
        for language, block in blocks_of(page):
            if language not in FOR_A_SHELL:
                assert not re.search(rf"^({'|'.join(PROGRAMS)}) ", block, re.M), page
        indented = rf"^(?: {{4}}|\t)\$? ?({'|'.join(PROGRAMS)}) "
        assert not re.search(indented, re.sub(r"```.*?```", "", text, flags=re.S), re.M), page
