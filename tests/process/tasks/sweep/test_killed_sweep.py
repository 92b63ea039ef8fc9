"""A sweep whose process is killed, or whose disk is full: the same command goes on."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.full_disk import on_a_full_disk
from tests.repository import REPOSITORY
from tests.terminal import flows
from tests.unit.tasks.sweep.small_sweeps import files_of, write_bars

# Few sets are a chunk, so that there is something to kill between.
PROGRAM = """
import sys
import tasks.sweep.batch
from flows.__main__ import main
tasks.sweep.batch._SETS_OF_A_CHUNK = 2
sys.exit(main(sys.argv[1:]))
"""
CHUNKS = 30


@pytest.fixture(autouse=True)
def few_sets_are_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.sweep.batch._SETS_OF_A_CHUNK", 2)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.parquet")


def arguments(bars: Path, out: Path) -> list[str]:
    return [
        "sweep", "--bars", str(bars), "--interval", "30", "--set", "range_minutes=30",
        "--grid", "min_body=0:0.9:0.1", "--grid", "max_positions=1:3:1",
        "--grid", "allow_short=true,false", "--out", str(out),
    ]  # fmt: skip


def kept_chunks(out: Path) -> int:
    return len(list((out / "chunks").glob("*.chunk")))


def test_a_sweep_that_is_killed_goes_on_to_the_same_bytes(bars: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments(bars, out)],
        cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while kept_chunks(out) < 3:
        with suppress(subprocess.TimeoutExpired):
            killed.wait(0.02)
        assert killed.returncode is None, killed.communicate()[1]
    killed.kill()
    killed.communicate()
    assert 3 <= kept_chunks(out) < CHUNKS
    assert not (out / "results.parquet").exists()
    done = flows(*arguments(bars, out))
    assert done.returncode == 0, done.stderr
    assert "were done already" in done.stdout
    assert kept_chunks(out) == CHUNKS
    assert flows(*arguments(bars, tmp_path / "whole")).returncode == 0
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_full_disk_ends_a_sweep_in_one_line_and_the_same_command_goes_on(
    bars: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    full = subprocess.run(
        [*on_a_full_disk(5_000), *arguments(bars, out)],
        cwd=REPOSITORY, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert full.returncode == 2
    assert full.stderr.startswith("error: ")
    assert full.stderr.count("\n") == 1
    assert "it goes on where it was" in full.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert flows(*arguments(bars, out)).returncode == 0
