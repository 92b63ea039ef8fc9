"""A reader that goes away, as `| head` does, is no fault of the command and breaks nothing off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

# What register and a supervisor say as they go: the work between two lines is done all the same.
GOES_ON = """
import deployments.__main__ as command
from pathlib import Path
command._say("first"); command._say("second")
Path(r"{done}").touch()
"""


def run(*arguments: str, closed: bool = True) -> subprocess.CompletedProcess[str]:
    reader, writer = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            stdout=writer if closed else full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
        os.close(full)


@pytest.mark.parametrize(
    "command",
    [
        ("deployments", "shell", "--data-dir", "{folder}"),
        ("flows", "validate-config"),
    ],
)
def test_a_command_whose_reader_is_gone_ends_without_a_complaint(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "port").write_text("4200")
    done = run("-m", *(word.format(folder=tmp_path) for word in command))
    assert done.returncode == 141
    # What is no output has another reader: whether a verdict is reached depends on a buffer.
    assert done.stderr in ("", "valid; .env is not there\n")


@pytest.mark.parametrize("closed", [True, False], ids=["nobody reads", "the disk is full"])
def test_what_is_under_way_is_done_though_nobody_hears_of_it(closed: bool, tmp_path: Path) -> None:
    done = tmp_path / "done"
    run("-c", GOES_ON.format(done=done), closed=closed)
    assert done.exists()
