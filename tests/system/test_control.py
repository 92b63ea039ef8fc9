"""What is clicked in Prefect's page is in the ledger, without a process of a worker's."""

from __future__ import annotations

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.registry.automations import TROUBLES
from tests.system.conftest import PrefectStack
from tests.system.patience import patient, wait_for

pytestmark = [pytest.mark.system, pytest.mark.timeout(560)]
ACCOUNT = "replay-control"


def test_a_click_is_in_the_ledger_and_the_run_says_so(registered: PrefectStack) -> None:
    ledger = DuckDBLedger(registered.data_dir, ACCOUNT)
    ledger.remember("account", ACCOUNT)
    ledger.release()
    api = registered.server.connect()
    for command in ("halt", "flatten", "resume"):
        given = {"reason": f"{command} it", "account": ACCOUNT}
        run = api.start_run(f"control/{command}", given)
        done = wait_for(lambda key=run.id: (now := api.read_run(key)).is_final and now)
        assert (done.state_name, done.name) == ("Completed", f"{command} {ACCOUNT}")
        assert done.message.startswith(f"{command} is left for account {ACCOUNT}")
        # No worker had it: its process would begin seconds later.
        assert done.worker is None
    rows = DuckDBLedger(registered.data_dir, ACCOUNT).commands_since(0)
    assert [(command, reason) for _, command, reason in rows] == [
        ("halt", "halt it"), ("flatten", "flatten it"), ("resume", "resume it")
    ]  # fmt: skip
    api.close()


def test_the_server_has_the_automations_that_tell_of_trouble(registered: PrefectStack) -> None:
    found = patient(registered.server).post("/automations/filter", json={})
    names = {row["name"] for row in found.raise_for_status().json()}
    assert names >= {trouble.name for trouble in TROUBLES}


def test_upcoming_runs_are_called_by_what_they_will_be(registered: PrefectStack) -> None:
    def named() -> bool:
        body = {"flows": {"name": {"any_": ["fetch-history"]}}, "limit": 5}
        rows = patient(registered.server).post("/flow_runs/filter", json=body)
        names = [row["name"] for row in rows.raise_for_status().json()]
        return bool(names) and all(name.endswith("Z fetch-history") for name in names)

    wait_for(named, 200)
