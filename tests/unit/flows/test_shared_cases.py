"""Files and strategies as users have them come out of the commands as their table says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.shared_data import SHARED
from tests.terminal import Finished, flows

CASES = SHARED / "cases"
# Each of their bars is compared where files are read.
READ_ELSEWHERE = ("times-without-a-flag", "headerless-hint")
# What changes how a file is read, and not what is traded.
OF_THE_FILE = ("--timezone", "--column", "--stamp")

pytestmark = pytest.mark.skipif(
    not CASES.exists(), reason=f"needs {CASES}, which is not part of the project"
)


def cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        return []
    every = json.loads((CASES / "cases.json").read_text())
    # A script starts processes of its own.
    return [
        case
        for case in every
        if not case["file"].startswith(READ_ELSEWHERE) and not case.get("script")
    ]


def command_of(case: dict[str, Any]) -> str:
    return str(case.get("command") or case["id"].partition(".py ")[2] or "backtest")


def called(case: dict[str, Any], arguments: list[str], bars: str | None, out: Path) -> Finished:
    command = command_of(case)
    words = [str(CASES / word) if word.startswith("truth/") else word for word in arguments]
    if bars is None:
        words += ["--strategy-file", str(CASES / case["file"])]
    else:
        words += ["--bars", str(CASES / bars)]
    if command == "backtest":
        words += ["--no-report", "--out", str(out)]
    return flows(command, *words)


def trades(folder: Path, *left_out: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "trades.parquet").drop(*left_out)


def is_met(outcome: str, case: dict[str, Any], done: Finished, out: Path) -> bool:
    """Return whether one of the outcomes that the table allows has come."""
    kind, _, wanted = outcome.partition(":")
    said = done.stdout + done.stderr
    if kind == "trades":
        return done.returncode == 0 and len(trades(out)) == int(wanted)
    if kind == "trades-of":
        truth, *options = wanted.split()
        names = case["args"][::2], case["args"][1::2]
        kept = [
            word
            for name, value in zip(*names, strict=True)
            if name not in OF_THE_FILE and not (options and name == "--symbols")
            for word in (name, value)
        ]
        beside = out.with_name("truth")
        assert called(case, kept, truth, beside).returncode == 0
        left_out = ("symbol",) if options else ()
        return done.returncode == 0 and trades(out, *left_out).equals(trades(beside, *left_out))
    codes = {"refuse": (2,), "warn": (0,), "fails": (1, 2)}.get(kind, (0, 1, 2))
    if not wanted.startswith("ZYB"):
        said = said.replace(case["file"], "").replace(Path(case["file"]).name, "")
    found = re.search(wanted, said.replace(str(CASES), "")) is not None
    return done.returncode in codes and found is (kind != "lacks")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_what_the_table_says_comes(case: dict[str, Any], tmp_path: Path) -> None:
    is_strategy = case["file"].startswith("strategies/")
    out = tmp_path / "out"
    done = called(case, case["args"], None if is_strategy else case["file"], out)
    assert any(is_met(outcome, case, done, out) for outcome in case["expect"]), done
    assert "Traceback" not in done.stderr
