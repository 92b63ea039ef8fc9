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


def test_a_ruleset_goes_to_the_deployments_by_its_name_and_single_variables_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = steps.settings()
    assert plain["ruleset"] is None
    monkeypatch.setenv("ACTIVE_RULESET", "conservative")
    monkeypatch.setenv("RISK_PER_TRADE", "0.005")
    found = steps.settings()
    assert found["ruleset"] == "conservative"
    # A run fills these from the ruleset, as its file is then.
    assert found["strategy"] == plain["strategy"]
    assert found["symbols"] == plain["symbols"]
    assert found["risk"] == {**plain["risk"], "risk_per_trade": 0.005}
    # The archive has to know beforehand whose bars are needed.
    assert (found["kept_symbols"], plain["kept_symbols"]) == (["QQQ", "SPY"], plain["symbols"])


def test_a_strategy_that_a_ruleset_chooses_takes_its_own_variables_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere" / "rulesets"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("strategy: {strategy: first_bar, min_move: 0.2}\n")
    monkeypatch.setenv(DATA_DIR, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ACTIVE_RULESET", "mine")
    monkeypatch.setenv("TICK", "0.05")
    assert steps.settings()["strategy"] == {
        "strategy": "file",
        "file": "first_bar",
        "parameters": {"tick": 0.05},
    }
