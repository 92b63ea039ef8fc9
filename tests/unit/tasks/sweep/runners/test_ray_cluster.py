"""Ray that does not start is one line, whatever it raises."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from trading.errors import SourceUnavailable


class NeverStarts:
    """A runner on a machine that is too busy, with the words that Ray then raises."""

    def __init__(self, **asked: Any) -> None:
        pass

    def __enter__(self) -> None:
        raise Exception("The current node timed out during startup.\nMore of it.")


def test_a_machine_on_which_ray_does_not_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    package: Any = ModuleType("prefect_ray")
    package.RayTaskRunner = NeverStarts
    monkeypatch.setitem(sys.modules, "prefect_ray", package)
    monkeypatch.delitem(sys.modules, "tasks.sweep.runners.ray_cluster", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    from tasks.sweep.runners.ray_cluster import ray_cluster

    # Whoever needs it next shall have it with the real one.
    del sys.modules["tasks.sweep.runners.ray_cluster"]
    with pytest.raises(SourceUnavailable) as raised, ray_cluster(None, 2):
        pass
    assert "\n" not in str(raised.value)
    assert "timed out during startup. More of it. Give the same" in str(raised.value)
