"""Sessions that Prefect runs at Alpaca's double, killed twenty times: nothing is lost or twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.processes.home import REPOSITORY, Home
from tests.process.replay.alpaca_audit import Audit
from tests.process.replay.test_kill_safety import DAY, SYMBOLS, write_bars
from tests.process.replay.test_kills_at_alpaca import (
    ACCOUNT,
    ANYWHERE,
    FLATTENING,
    HOLDING,
    LATER,
    MINUTES,
    PENDING,
    RESTING_STOP,
    STORIES,
    Kill,
    double_of,
)
from tests.system.conftest import PrefectStack

pytest.importorskip("alpaca")
pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(1200)]
# Twenty seconds are a bar: a flow run needs some five of them to come back.
SPEED = 90.0
SESSIONS: dict[str, tuple[str, tuple[Kill, ...]]] = {
    "a": (
        "market entries",
        (
            ("after commit", PENDING),
            ("before submit", PENDING),
            ("after PATCH", HOLDING),
            ("after project", HOLDING),
            ("before DELETE", ANYWHERE),
        ),
    ),
    "b": (
        "market entries",
        (
            ("after POST", PENDING),
            ("after apply", HOLDING),
            ("before commit", HOLDING),
            ("before replace", LATER),
            ("after submit", FLATTENING),
        ),
    ),
    "c": (
        "stop entries",
        (
            ("after submit", PENDING),
            ("after observe", RESTING_STOP),
            ("before PATCH", HOLDING),
            ("before GET", HOLDING),
            ("after cancel", ANYWHERE),
        ),
    ),
    "d": (
        "filled in parts",
        (
            ("before POST", PENDING),
            ("before apply", HOLDING),
            ("after DELETE", HOLDING),
            ("after commit", HOLDING),
            ("before project", HOLDING),
        ),
    ),
}
KILLS = sum(len(kills) for _, kills in SESSIONS.values())


@dataclass(frozen=True)
class Ended:
    """How a killed session ended: what is wrong, and what it died of."""

    problems: list[str]
    strikes: list[dict[str, Any]]


def test_twenty_kills_through_prefect_leave_ledger_and_broker_equal(
    prefect_stack: PrefectStack, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "home" / "data")
    environment = os.environ | home.environment(None) | prefect_stack.environment
    with ThreadPoolExecutor(len(SESSIONS)) as pool:
        found = pool.map(lambda name: killed(name, tmp_path / name, environment), SESSIONS)
        ended = dict(zip(SESSIONS, found, strict=True))
    strikes = [strike for each in ended.values() for strike in each.strikes]
    where = Counter(place for strike in strikes for place in strike["situation"])
    held = sum(bool(strike["held"]) for strike in strikes)
    print(f"{len(strikes)} kills, {held} while holding; by situation {dict(where)}")
    print(f"by edge {dict(Counter(strike['kill'][0] for strike in strikes))}")
    assert {name: each.problems for name, each in ended.items()} == {name: [] for name in SESSIONS}
    assert len(strikes) == KILLS
    assert held >= KILLS // 2


def killed(name: str, folder: Path, environment: dict[str, str]) -> Ended:
    """Run a session that is started again whenever it is killed; return how it ended."""
    story, kills = SESSIONS[name]
    settings = STORIES[story].settings
    data_dir = folder / "data"
    data_dir.mkdir(parents=True)
    bars = write_bars(folder / "bars.parquet", MINUTES)
    with double_of(bars, settings, SPEED) as double:
        job = {
            "data_dir": str(data_dir),
            "bars": str(bars),
            "replay": DAY,
            "symbols": SYMBOLS,
            "interval_minutes": MINUTES,
            "settings": settings,
            "speed": SPEED,
            "kills": kills,
        }
        path = folder / "job.json"
        path.write_text(json.dumps(job))
        done = subprocess.run(
            [sys.executable, "-m", "tests.system.killed_at_alpaca", str(path)],
            cwd=REPOSITORY,
            env={**environment, **double.settings()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1100,
            check=False,
        )
        strikes = data_dir / "strikes.jsonl"
        struck = [json.loads(line) for line in strikes.read_text().splitlines()]
        if '"ended": "COMPLETED"' not in done.stdout:
            return Ended([f"it ended after {len(struck)} kills: {done.stdout[-3000:]}"], struck)
        return Ended(list(Audit(double.base_url, data_dir, ACCOUNT).problems()), struck)
