"""Prefect's hooks of a run that crashed or was cancelled, where the run's flow can have none.

When a flow run's process dies, Prefect's worker starts another one, which imports the whole flow
only to find out whether it has hooks. A session that died would wait for that: the process bears
its run's mark, and the worker reports the crash a second time when it ends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.processes.home import REPOSITORY

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.runner._workspace_hook_runner import HookType, WorkspaceHookRunner

# Whose flows have no hooks: tests/unit/deployments/server/test_flow_hooks.py reads them.
OURS = REPOSITORY / "flows"


def run_no_hooks_of_our_flows() -> None:
    """Keep Prefect in this process from looking for them; what others deploy keeps its hooks."""
    from prefect.runner._workspace_hook_runner import WorkspaceHookRunner

    look_for_them = WorkspaceHookRunner._run

    async def run(
        self: WorkspaceHookRunner, hook_type: HookType, flow_run: FlowRun, state: State
    ) -> None:
        if not is_of_ours(self._manifest_path):
            await look_for_them(self, hook_type, flow_run, state)

    WorkspaceHookRunner._run = run  # type: ignore[method-assign]


def is_of_ours(manifest: Path) -> bool:
    """Return whether the flow that Prefect's manifest of a run names is one of Openbell's."""
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        file = str(said["runtime_entrypoint"]).rpartition(":")[0]
        return OURS in (Path(said["working_directory"]) / file).resolve().parents
    except (OSError, ValueError, KeyError, TypeError):
        return False
