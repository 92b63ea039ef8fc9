"""An installation goes on trading whose processes are killed, whose session Prefect has forgotten,
and that was stopped; a stop leaves everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from tests.system.conftest import FEW_UPCOMING_RUNS, MakeHome
from tests.system.faults.installation import (
    ACCOUNT,
    SESSION_RUN,
    SYMBOLS,
    Installation,
    minutes_left,
    wait_for,
)
from tests.system.faults.series import Series, run_all
from tests.system.faults.strikes import EVERYTHING, FORGOTTEN, SESSION, WORKER, Fault
from tests.system.test_supervisor import processes_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]
NEEDED_MINUTES = 40
# By the settings its sessions would trade one more.
IN_THE_PAGE = {"symbols": list(SYMBOLS[:-1])}


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param((EVERYTHING,), id="one strike"),
        pytest.param((WORKER, SESSION, FORGOTTEN), id="three strikes", marks=pytest.mark.soak),
    ],
)
def test_killed_with_positions_a_session_goes_on_with_its_orders_true_and_stopped_it_ends_flat(
    faults: Sequence[Fault], make_home: MakeHome, tmp_path: Path
) -> None:
    if minutes_left() < NEEDED_MINUTES:
        pytest.skip("the session of today ends before this test would")
    series = Series(
        "killed",
        [([fault], "holding") for fault in faults],
        environment=lambda _: FEW_UPCOMING_RUNS,
        begin=begin_by_the_page,
        then=copied_stopped_and_started_again,
    )
    results = run_all([series], tmp_path, make_home, float("inf"), print)
    print(results.text())
    log = (tmp_path / "killed" / "up.log").read_text()
    assert FORGOTTEN not in faults or "takes it up" in log
    assert [outcome.fault for outcome in results.outcomes] == [fault.name for fault in faults]
    assert not results.problems(), results.text()


def begin_by_the_page(installation: Installation) -> None:
    """Change a parameter of the deployment, which counts for every run, also one that is new."""

    def change(api: PrefectApi) -> None:
        paper = api._call("GET", f"deployments/name/{SESSION_RUN}")
        given = {"parameters": paper["parameters"] | IN_THE_PAGE}
        api._call("PATCH", f"deployments/{paper['id']}", given)

    installation.asked(change)
    installation.start_session()


def copied_stopped_and_started_again(installation: Installation) -> None:
    """Copy the account beside its session, stop everything, and start it again."""
    run = installation.session_run()
    assert parameters_of(installation, run)["symbols"] == IN_THE_PAGE["symbols"]
    data_dir = installation.data_dir
    assert (data_dir / "logs" / "flow-runs.log").stat().st_size > 0
    # Whole, proven, and it keeps nobody from trading.
    given = {"account": ACCOUNT, "data_dir": str(data_dir)}
    copied = installation.asked(lambda api: api.start_run("sync/hourly", given))
    done = wait_for(lambda: ended(installation, copied.id), "the copy is made")
    assert done.state_type == "COMPLETED", done.message
    assert f"{ACCOUNT}/" in done.message
    assert all(rows > 0 for rows in copied_journals(data_dir))
    # What is left has to be there: not what the next bar may take away.
    wait_for(lambda: (now := installation.now()) and len(now.held) > 1, "several are held")
    assert installation.stop() == 0, installation.log.read_text()

    ledger = DuckDBLedger(data_dir, ACCOUNT)
    traded = {row["symbol"] for row in ledger.query("SELECT DISTINCT symbol FROM decisions")}
    assert traded == set(IN_THE_PAGE["symbols"])
    assert ledger.query("SELECT * FROM positions") == []
    assert {"exit_reason": "operator"} in ledger.query("SELECT exit_reason FROM trades")
    assert list((data_dir / "copies").rglob("*.duckdb.gz"))
    assert processes_of(data_dir) == {}
    assert [is_closed for _, is_closed in ledger.sessions()] == [False]
    ledger.release()
    written = journal_rows(ledger)
    # What it stopped itself goes on with it, on the same day.
    installation.start()
    wait_for(lambda: journal_rows(ledger) > written, "the session goes on")
    assert installation.asked(lambda api: api.read_run(run)).state_type == "RUNNING"


def parameters_of(installation: Installation, run_id: str) -> Mapping[str, Any]:
    return installation.asked(lambda api: api.read_run(run_id)).parameters


def ended(installation: Installation, run_id: str) -> FlowRun | None:
    run = installation.asked(lambda api: api.read_run(run_id))
    return run if run.is_final else None


def copied_journals(data_dir: Path) -> list[int]:
    """Return how many rows of the journal each copy has."""
    manifests = list((data_dir / "copies").rglob("*.json"))
    assert manifests
    return [json.loads(manifest.read_text())["rows"]["journal"] for manifest in manifests]


def journal_rows(ledger: DuckDBLedger) -> int:
    return int(ledger.query("SELECT count(*) AS n FROM journal")[0]["n"])
