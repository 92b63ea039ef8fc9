"""What prefect.yaml's build steps find out, whoever runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.saved import blocks
from blocks.saved.blocks import Ledger
from deployments import steps
from deployments.processes.home import DATA_DIR, REPOSITORY


@pytest.fixture(autouse=True)
def a_shell_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (DATA_DIR, "DATA_DIR", "OPENBELL_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


async def test_prefect_deploy_beside_up_leaves_the_accounts_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    saved: list[Ledger | None] = [Ledger(data_dir="/srv/money")]

    async def load(kind: type[Ledger]) -> Ledger | None:
        return saved[0]

    monkeypatch.setattr(blocks, "load_saved", load)
    assert await steps.folder() == {"data_dir": "/srv/money"}
    saved[0] = None
    assert await steps.folder() == {"data_dir": str(REPOSITORY / "data")}
    (tmp_path / ".env").write_text("DATA_DIR=mine\n")
    assert await steps.folder() == {"data_dir": str(tmp_path / "mine")}
    # The supervisor knows its own.
    monkeypatch.setenv(DATA_DIR, "/srv/its-own")
    assert await steps.folder() == {"data_dir": "/srv/its-own"}
