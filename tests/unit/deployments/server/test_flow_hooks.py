"""No process is started to look for hooks that no flow of ours has; other flows keep theirs."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import Flow
from prefect.runner import _workspace_hook_runner
from prefect.runner._workspace_hook_runner import WorkspaceHookRunner

from deployments.server.flow_hooks import OURS, run_no_hooks_of_our_flows

CRASHED: Any = SimpleNamespace(is_crashed=lambda: True, is_cancelling=lambda: True)


def test_no_flow_of_ours_has_hooks() -> None:
    """Or they would not be run."""
    found = [
        each
        for file in sorted(OURS.glob("*.py"))
        for each in vars(importlib.import_module(f"flows.{file.stem}")).values()
        if isinstance(each, Flow)
    ]
    assert len(found) > 5
    for each in found:
        assert not each.on_crashed_hooks
        assert not each.on_cancellation_hooks


@pytest.mark.parametrize(
    ("entrypoint", "folder", "looked_for"),
    [
        ("flows/trade.py:trade_session", OURS.parent, 0),
        (f"{OURS}/trade.py:trade_session", Path("/elsewhere"), 0),
        ("flows/mine.py:mine", Path("/elsewhere"), 2),
        ("mine.py:mine", OURS.parent, 2),
        # Killed before it could be written.
        (None, OURS.parent, 2),
    ],
)
def test_hooks_are_looked_for_in_the_flows_of_others(
    entrypoint: str | None,
    folder: Path,
    looked_for: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []

    async def look(self: WorkspaceHookRunner, hook_type: str, flow_run: Any, state: Any) -> None:
        looked.append(hook_type)

    monkeypatch.setattr(_workspace_hook_runner.WorkspaceHookRunner, "_run", look)
    run_no_hooks_of_our_flows()
    manifest = tmp_path / "workspace.json"
    if entrypoint is not None:
        said = {"runtime_entrypoint": entrypoint, "working_directory": str(folder)}
        manifest.write_text(json.dumps(said))
    runner = WorkspaceHookRunner(manifest_path=manifest, stream_output=True)
    run: Any = None
    asyncio.run(runner.run_crashed_hooks(run, CRASHED))
    asyncio.run(runner.run_cancellation_hooks(run, CRASHED))
    assert len(looked) == looked_for
