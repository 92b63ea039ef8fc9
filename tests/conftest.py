"""How the tests are shared out among processes."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.fixtures.copies", "tests.fixtures.engine"]

# Each starts a Prefect server with all that belongs to it: one after another in one process,
# for several of them at once starve each other's databases.
ALONE = ("tests/system/",)


class InFiles(LoadScopeScheduling):
    """Keeps a file's tests in one process, and those of the whole system together.

    pytest-xdist's own groups are no help: with this pytest it no longer sees them.
    """

    def _split_scope(self, nodeid: str) -> str:
        return ALONE[0] if nodeid.startswith(ALONE) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InFiles:
    """Share the tests out by file."""
    return InFiles(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of the whole system, which take longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(ALONE[0]))
