"""What a start says of what registration did, however much of it there is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blocks.process.stop_request import StopRequest
from deployments import supervisor as module
from deployments.processes.child import Child
from deployments.processes.home import Home
from deployments.supervisor import Supervisor


def test_a_risk_that_was_changed_is_told_before_however_many_other_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["trade-session/paper: risk.risk_per_trade 0.01 -> 0.001"]
    lines += [f"another line {number}: {'x' * 200}" for number in range(300)]
    start = Child.start
    say = f"print({chr(10).join(lines)!r})"
    monkeypatch.setattr(
        module.Child,
        "start",
        lambda command, environment, log: start([sys.executable, "-c", say], environment, log),
    )
    said: list[str] = []
    home = Home.at(tmp_path / "data")
    supervisor = Supervisor(home, said.append, StopRequest())
    supervisor.server = module.Server("http://127.0.0.1:1/api", None)
    supervisor.register()
    assert said == lines
