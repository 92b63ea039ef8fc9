"""An installation whose processes are killed goes on trading: worker, session, everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.conftest import MakeHome
from tests.system.faults.installation import minutes_left
from tests.system.faults.series import Series, run_all
from tests.system.faults.strikes import EVERYTHING, SESSION, WORKER

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]
NEEDED_MINUTES = 45


def test_killed_with_positions_a_session_goes_on_with_its_orders_true(
    make_home: MakeHome, tmp_path: Path
) -> None:
    if minutes_left() < NEEDED_MINUTES:
        pytest.skip("the session of today ends before this test would")
    strikes = [([fault], "holding") for fault in (WORKER, SESSION, EVERYTHING)]
    series = Series("killed", strikes)
    results = run_all([series], tmp_path, make_home, float("inf"), print)
    print(results.text())
    assert [outcome.fault for outcome in results.outcomes] == [
        WORKER.name,
        SESSION.name,
        EVERYTHING.name,
    ]
    assert not results.problems(), results.text()
