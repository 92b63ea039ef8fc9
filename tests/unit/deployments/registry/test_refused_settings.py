"""Settings that an account refuses: `register` says no, `up` tells of it and registers the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments import __main__ as terminal
from deployments.processes.child import Child
from deployments.processes.home import PREFECT_FILE, Home
from deployments.registry import register as registry
from deployments.registry import spec
from deployments.supervisor import TELL, Supervisor


def test_an_account_begun_elsewhere_keeps_nothing_down_and_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered: list[str] = []

    async def read_specs(file: Path) -> list[spec.DeploymentSpec]:
        return []

    async def register(*_: Any, **__: Any) -> list[str]:
        registered.append("all")
        return ["trade-session/paper: unchanged"]

    monkeypatch.setattr(terminal, "_use_known_server", lambda home: None)
    monkeypatch.setattr(registry, "register_blocks", lambda *_: [])
    monkeypatch.setattr(registry, "register", register)
    monkeypatch.setattr(spec, "read_specs", read_specs)
    monkeypatch.setenv("EXCHANGE", "TSX")
    monkeypatch.chdir(tmp_path)
    ledger = DuckDBLedger(tmp_path / "data", "paper")
    ledger.keep_plan({"source": "providers", "exchange": "NYSE"})
    ledger.release()

    asked = ["register", "--data-dir", str(tmp_path / "data")]
    assert terminal.main(asked) == 1
    assert registered == []
    assert "Go on with EXCHANGE=NYSE" in capsys.readouterr().err
    # As `up` asks, today and tomorrow.
    assert terminal.main([*asked, TELL]) == terminal.main([*asked, TELL]) == 0
    assert registered == ["all", "all"]
    told = capsys.readouterr().out.splitlines()
    assert "begun on exchange NYSE and not on TSX: its next session is refused" in told[0]
    alerts = ledger.query("SELECT kind, payload FROM outbox")
    assert [row["kind"] for row in alerts] == ["SYSTEM_ERROR"]
    assert "EXCHANGE=NYSE" in alerts[0]["payload"]


def test_up_has_refused_settings_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Ended:
        exit_code = 0

        def lines(self) -> list[str]:
            return []

    def start(command: list[str], environment: dict[str, str], log: Path) -> Ended:
        asked.append(command)
        return Ended()

    monkeypatch.setattr(Child, "start", start)
    supervisor = Supervisor(Home.at(tmp_path / "data"), print, lambda: False, PREFECT_FILE)
    supervisor.server = type("Known", (), {"api_url": "http://127.0.0.1:1/api", "child": None})()
    supervisor.register()
    assert TELL in asked[0]
