"""Object stores for the tests of copies, and an account that has something to copy."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flows.session.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tests.servers import object_stores

SYMBOLS = ("AAPL", "MSFT")


# A module at a time: after an upload that was cut off, rclone keeps a processor busy.
@pytest.fixture(scope="module")
def server_named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Start each server when it is first asked for, and end them after the module's last test."""
    running: dict[str, Any] = {}
    with ExitStack() as stack:

        def start(name: str) -> Any:
            if name not in running:
                folder = tmp_path_factory.mktemp(name)
                try:
                    running[name] = stack.enter_context(getattr(object_stores, name)(folder))
                except object_stores.NotInstallable as error:
                    pytest.skip(str(error))
            return running[name]

        yield start


@pytest.fixture(params=["azurite", "moto", "rclone"])
def server(request: pytest.FixtureRequest, server_named: Callable[[str], Any]) -> Any:
    """A server of each kind."""
    return server_named(request.param)


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which two sessions were replayed; not to be written to."""
    folder = tmp_path_factory.mktemp("traded")
    replay(folder, "2025-06-10:2025-06-11")
    return folder


@pytest.fixture
def data_dir(traded: Path, tmp_path: Path) -> Path:
    """A data folder of a test's own, with two sessions in account `replay`."""
    folder = tmp_path / "data"
    shutil.copytree(traded / "replay", folder / "replay")
    return folder


def replay(data_dir: Path, dates: str) -> int:
    """Trade past sessions on simulated bars."""
    return asyncio.run(
        run_account(SessionRequest(PlainParts(data_dir), replay=dates, symbols=SYMBOLS))
    )
