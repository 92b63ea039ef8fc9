"""Dask whose workers do not start is one line, whatever it raises."""

from __future__ import annotations

import pytest
from distributed import LocalCluster

from tasks.sweep.runners.dask_cluster import dask_cluster
from trading.errors import SourceUnavailable


@pytest.mark.parametrize(
    "error", [RuntimeError("Nanny failed to start."), TimeoutError("Nanny failed\nto start")]
)
def test_workers_that_die_while_they_start_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    def die(cluster: LocalCluster, **asked: object) -> None:
        raise error

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("distributed.LocalCluster", type("Dying", (), {"__init__": die}))
    with pytest.raises(SourceUnavailable) as raised, dask_cluster(None, 2):
        pass
    assert "\n" not in str(raised.value)
    assert "Dask's workers do not start here: Nanny failed to start. Give" in str(raised.value)
    assert "Traceback" not in "".join(capfd.readouterr())
