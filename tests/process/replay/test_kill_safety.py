"""A process that dies anywhere on the money path loses nothing and doubles nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.repository import REPOSITORY
from trading.market.calendar import sessions_between

# Many sessions are run twice, and CI may be a slow machine.
pytestmark = pytest.mark.timeout(1800)
SOAKED_KILLS = 200
AT_LEAST = 10
SEED = 4
SITUATIONS = ("holding a position", "a pending entry", "a resting stop", "in mid-flatten")
EACH_SITUATION = dict.fromkeys(SITUATIONS, AT_LEAST)
SYMBOLS = ("AAA", "BBB", "CCC")
DAY = "2025-06-10"
SETTINGS = {
    "range_minutes": 30,
    "min_body": 0.0,
    "max_entries": 3,
    "flatten_minutes": 30,
    "trailing": "breakeven",
    "trail_trigger_r": 0.3,
    "max_participation": 0.0005,
    "target_multiple": 0.6,
}


def write_bars(target: Path, minutes: int = 30, seed: int = 11) -> Path:
    day = datetime.fromisoformat(DAY).date()
    rows = simulated_rows(SYMBOLS, sessions_between("NYSE", day, day), minutes, seed=seed)
    pl.DataFrame(
        {
            "symbol": [SYMBOLS[s] for s in rows.symbol],
            "ts": [datetime.fromtimestamp(us / 1e6, UTC) for us in rows.start_us.tolist()],
            "open": rows.open,
            "high": rows.high,
            "low": rows.low,
            "close": rows.close,
            "volume": rows.volume,
        }
    ).write_parquet(target)
    return target


def job(folder: Path, bars: Path, **more: Any) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_dir": str(folder),
        "bars": str(bars),
        "replay": DAY,
        "symbols": SYMBOLS,
        "interval_minutes": 30,
        "capital": 100_000.0,
        "settings": SETTINGS,
        **more,
    }


def work(path: Path, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    path.write_text(json.dumps(jobs))
    done = subprocess.run(
        [sys.executable, "-m", "tests.process.replay.kill_worker", str(path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(results) == len(jobs), done.stderr[-3000:]
    return results


def choose(
    reached: list[list[Any]],
    random: np.random.Generator,
    kills: int,
    situations: dict[str, int] = EACH_SITUATION,
) -> list[int]:
    """Return which reached edges to die at: every edge, each situation so often, and others.

    The last ones make up the number of kills where these are fewer.
    """
    chosen: set[int] = set()
    for edge in sorted({edge for edge, _ in reached}):
        numbers = [number for number, (name, _) in enumerate(reached) if name == edge]
        chosen.add(int(random.choice(numbers)))
    for situation, least in situations.items():
        numbers = [number for number, (_, names) in enumerate(reached) if situation in names]
        others = [number for number in numbers if number not in chosen]
        missing = least - (len(numbers) - len(others))
        if missing > 0:
            chosen.update(int(n) for n in random.choice(others, missing, replace=False))
    for number in random.permutation(len(reached)):
        if len(chosen) >= kills:
            break
        chosen.add(int(number))
    return sorted(chosen)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    bars = write_bars(folder / "bars.parquet")
    trace = folder / "trace.json"
    result = work(folder / "jobs.json", [job(folder / "data", bars, trace=str(trace))])[0]
    assert result["traced"] == 0
    reached = json.loads(trace.read_text())
    return {"bars": bars, "stores": result["stores"], "reached": reached}


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(0, id="at every edge"),
        pytest.param(SOAKED_KILLS, id="two hundred", marks=pytest.mark.soak),
    ],
)
def test_kills_on_the_money_path_change_nothing(
    kills: int, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    reached = undisturbed["reached"]
    chosen = choose(reached, np.random.default_rng(SEED), kills)
    jobs = [
        job(tmp_path / f"kill-{number}", undisturbed["bars"], kill_at=number) for number in chosen
    ]
    halves = [jobs[0::2], jobs[1::2]]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(work, [tmp_path / "a.json", tmp_path / "b.json"], halves))
    results = [result for part in parts for result in part]
    histogram = Counter(name for number in chosen for name in reached[number][1])
    edges = Counter(reached[number][0] for number in chosen)
    print(f"{len(chosen)} kills by situation {dict(histogram)} and by edge {dict(edges)}")
    assert len(chosen) >= kills
    assert set(edges) == {edge for edge, _ in reached}
    for name in SITUATIONS:
        assert histogram[name] >= AT_LEAST, name
    for result in results:
        edge = reached[result["kill_at"]]
        assert result["killed"], (result["kill_at"], edge)
        assert result["resumed"] == 0, (result["kill_at"], edge)
        assert result["stores"] == undisturbed["stores"], (result["kill_at"], edge)


# Entries that rest at the exchange, and exits that a strategy asks for: length of a bar, the walk's
# seed, and settings.
RESTING = {
    "entries at a stop": (30, 11, {**SETTINGS, "entry": "stop", "direction": "first_bar"}),
    "entries at a limit, exits by signal": (
        15,
        14,
        {
            "strategy": "vwap_reversion", "near_atr": 0.5, "stretch_atr": 1.0, "stop_atr": 4.0,
            "rsi_bars": 2, "rsi_low": 50.0, "max_entries": 3, "flatten_minutes": 30,
            "max_participation": 0.0005,
        },
    ),
}  # fmt: skip
RESTING_SITUATIONS = {"a resting entry": 8, "holding a position": 4, "a resting stop": 4}


@pytest.mark.soak
@pytest.mark.parametrize("kind", RESTING)
def test_kills_while_entries_rest_and_signals_leave_change_nothing(
    kind: str, tmp_path: Path
) -> None:
    minutes, seed, settings = RESTING[kind]
    bars, trace = write_bars(tmp_path / "bars.parquet", minutes, seed), tmp_path / "trace.json"
    asked = {"interval_minutes": minutes, "settings": settings}
    whole = work(
        tmp_path / "whole.json", [job(tmp_path / "whole", bars, trace=str(trace), **asked)]
    )[0]
    reached = json.loads(trace.read_text())
    wanted = RESTING_SITUATIONS | ({"leaving by a signal": 2} if "signal" in kind else {})
    chosen = choose(reached, np.random.default_rng(SEED), 0, wanted)
    jobs = [job(tmp_path / f"kill-{at}", bars, kill_at=at, **asked) for at in chosen]
    halves = [jobs[0::2], jobs[1::2]]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(work, [tmp_path / "a.json", tmp_path / "b.json"], halves))
    for result in (result for part in parts for result in part):
        edge = reached[result["kill_at"]]
        assert result["killed"], (result["kill_at"], edge)
        assert result["resumed"] == 0, (result["kill_at"], edge)
        assert result["stores"] == whole["stores"], (result["kill_at"], edge)


def test_a_second_run_of_a_closed_session_changes_nothing(
    undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    never = 10**9
    result = work(tmp_path / "jobs.json", [job(folder, undisturbed["bars"], kill_at=never)])[0]
    assert not result["killed"]
    assert result["stores"] == undisturbed["stores"]
