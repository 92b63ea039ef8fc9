"""What the tests of the trading core share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for compiled engines that later sessions on this machine find again.

    It may be shared: what lies in it is kept under a hash of all sources.
    """
    folder = tmp_path_factory.getbasetemp().parent / "openbell-engine"
    folder.mkdir(exist_ok=True)
    return folder
