"""The API as a process of its own on a free port, over a data folder with trades."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

Start = Callable[..., str]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `openbell api` with arguments and variables; return its address."""
    with _starting() as begin:
        yield begin


@pytest.fixture(scope="module")
def served(traded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one API for all that only ask it about what `traded` holds; return its address."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(traded, folder, dirs_exist_ok=True)
    with _starting() as begin:
        yield begin("--data-dir", str(folder))


@contextmanager
def _starting() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, port: int | None = 0, **variables: str) -> str:
        with_port = () if port is None else ("--port", str(port))
        process = subprocess.Popen(
            [sys.executable, "-m", "api", *with_port, *arguments],
            cwd=REPOSITORY,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.match(r"listening at (http://\S+)", line):
                # What it says later must not fill the pipe.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return found[1]
        raise AssertionError("the API ended before it listened")

    yield begin
    for process in running:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
