"""The list of kept runs, as a user calls it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blocks.results import find_runs
from tests.terminal import flows

SIMULATED = ("--symbols", "AAA", "--start", "2025-06-02", "--end", "2025-06-03", "--quiet",
             "--no-report")  # fmt: skip


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with two runs, the later of which was written first by its clock."""
    root = tmp_path_factory.mktemp("data")
    for number, name in enumerate(("older", "newer")):
        out = root / "backtests" / name
        finished = flows("backtest", *SIMULATED, "--set", f"range_minutes={15 * (number + 1)}",
                         "--out", out)  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        os.utime(out / "summary.json", (1_700_000_000 + number * 60,) * 2)
    return root


def listed(*arguments: object) -> list[dict[str, Any]]:
    finished = flows("runs", "--json", *arguments)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def copy_of(run: Path, place: Path, **changes: object) -> Path:
    """Return a folder with a run's summary, of which some is different."""
    content = json.loads((run / "summary.json").read_text()) | changes
    place.mkdir(parents=True)
    (place / "summary.json").write_text(json.dumps(content))
    return place


def test_the_newest_run_is_first_with_its_hashes_and_figures(data_dir: Path) -> None:
    runs = listed("--data-dir", data_dir)

    assert [run["name"] for run in runs] == ["newer", "older"]
    newer, older = runs
    assert newer["hashes"]["bars"] == older["hashes"]["bars"] is not None
    assert newer["hashes"]["parameters"] != older["hashes"]["parameters"]
    summary = json.loads((data_dir / "backtests/newer/summary.json").read_text())
    assert newer["total_pnl"] == summary["summary"]["total_pnl"]
    assert newer["engine_version"] == summary["engine_version"]
    assert newer["written"] == "2023-11-14T22:14:20+00:00"


def test_the_table_says_the_same_and_how_many_are_not_shown(data_dir: Path) -> None:
    lines = flows("runs", "--data-dir", data_dir, "--limit", "1", COLUMNS="300").stdout.splitlines()
    runs = listed("--data-dir", data_dir)

    assert lines[2].split()[0] == "newer"
    assert "orb (SIMULATED)" in lines[2]
    assert runs[0]["is_simulated"] is True
    assert lines[2].split()[-1] == runs[0]["hashes"]["parameters"][:8]
    assert lines[-1] == "1 older ones are not shown. --limit 0 shows all"
    folded = flows("runs", "--data-dir", data_dir, "--limit", "1", COLUMNS="80").stdout
    assert max(map(len, folded.partition("Pages of")[0].splitlines())) <= 80
    assert set(f"{lines[0]} {lines[2]}".split()) <= set(folded.split())


def test_an_older_run_without_hashes_has_a_dash(data_dir: Path, tmp_path: Path) -> None:
    run = data_dir / "backtests/older"
    copy_of(run, tmp_path / "old" / "inside", hashes=None)

    line = flows(
        "runs", "--data-dir", tmp_path, tmp_path / "old", COLUMNS="300"
    ).stdout.splitlines()[2]
    assert (line.split()[-3], line.split()[-1]) == ("-", "-")
    assert listed("--data-dir", tmp_path, tmp_path / "old")[0]["hashes"] == {
        "bars": None, "past": None, "parameters": None,
    }  # fmt: skip


def test_a_folder_named_twice_lists_its_runs_once(data_dir: Path) -> None:
    home = data_dir / "backtests"
    assert len(listed("--data-dir", data_dir, home, home / "newer", data_dir)) == 2


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"summary": 1}', b'{"a": NaN}', b"\xff", b""]
)
def test_what_cannot_be_read_is_a_warning_and_the_others_are_listed(
    data_dir: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/summary.json").write_bytes(content)
    finished = flows("runs", "--data-dir", data_dir, tmp_path, "--json")

    assert len(json.loads(finished.stdout)) == 2
    assert finished.stderr.count("\n") == 1
    assert "broken/summary.json cannot be read" in finished.stderr


def test_nothing_kept_yet_is_said_and_a_folder_that_is_not_there_refused(tmp_path: Path) -> None:
    nothing = flows("runs", "--data-dir", tmp_path)
    absent = flows("runs", "--data-dir", tmp_path, tmp_path / "absent")

    assert (nothing.returncode, nothing.stdout.startswith("no run is kept in")) == (0, True)
    assert (absent.returncode, absent.stderr.count("\n")) == (2, 1)
    assert "absent is no folder" in absent.stderr
    assert listed("--data-dir", tmp_path) == []


def test_a_run_that_is_removed_while_runs_are_listed_is_none(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = find_runs.folders_of_runs

    def seen_before_it_went(folder: Path) -> Iterator[Path]:
        yield folder / "gone"
        yield from seen(folder)

    monkeypatch.setattr(find_runs, "folders_of_runs", seen_before_it_went)
    assert [run["name"] for run in listed("--data-dir", data_dir)] == ["newer", "older"]


@pytest.mark.parametrize(
    "value", ["1e999", "9" * 400, "[" * 100_000], ids=["infinite", "whole", "nested"]
)
def test_a_run_with_a_figure_that_nobody_can_read_is_a_warning(
    data_dir: Path, tmp_path: Path, value: str
) -> None:
    broken = copy_of(data_dir / "backtests/older", tmp_path / "broken") / "summary.json"
    summary = json.loads(broken.read_text())
    told = f'"total_pnl": {summary["summary"]["total_pnl"]}'
    assert told in broken.read_text()
    broken.write_text(broken.read_text().replace(told, f'"total_pnl": {value}'))
    finished = flows("runs", "--data-dir", data_dir, tmp_path, "--json")

    assert finished.returncode == 0
    assert len(json.loads(finished.stdout)) == 2
    assert "broken/summary.json cannot be read" in finished.stderr
