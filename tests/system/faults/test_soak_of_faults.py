"""Every fault in every situation of an account, on several installations side by side."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.conftest import MakeHome
from tests.system.faults import strikes
from tests.system.faults.faulty_clock import can_be_made, faulty_clock
from tests.system.faults.installation import minutes_left
from tests.system.faults.measure import SITUATIONS
from tests.system.faults.series import AT_ONCE, Results, Series, run_all
from tests.system.faults.strikes import Fault

# Longer than other tests may take: each holds all of its table.
pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(1500)]
KILLS = 10
MOST_INSTALLATIONS = 9
# No strike begins later; the last ones of a slow machine take a few minutes more.
PASSING_SECONDS, KILLS_SECONDS = 12 * 60.0, 21 * 60.0
NEEDED_MINUTES = 40
DISK_MEGABYTES = 400


def test_faults_that_pass_end_no_session(make_home: MakeHome, tmp_path: Path) -> None:
    needs_time()
    with small_disk(tmp_path) as disk:
        results = run_all(list(passing(disk)), tmp_path, make_home, PASSING_SECONDS, print)
    if disk is None:
        results.not_run.append("a full disk: none can be mounted here, that needs root")
    if not can_be_made():
        results.not_run.append("other clocks: there is no C compiler to make one with")
    show(results, tmp_path)


def passing(disk: Path | None) -> Iterator[Series]:
    """Yield the series of faults that end by themselves, and of what an operator does."""
    yield Series("a", holding(strikes.STOPPED, strikes.RESTARTED))
    yield Series("b", holding(strikes.VIEWED_OFTEN, strikes.VIEWED_LONG, strikes.WORKER_ASKED))
    yield Series("c", holding(strikes.LOCKED_LONG, strikes.CANCELLED))
    yield Series("d", holding(strikes.SERVER_STOPPED, strikes.LOCKED))
    yield Series("e", holding(strikes.SERVER_GONE, strikes.TWO_RUNS))
    if disk is not None:
        full = holding(strikes.FULL_DISK, strikes.FULL_DISK)
        yield Series("f", full, data_dir=lambda _: disk / "data")
    if can_be_made():
        yield Series("g", holding(strikes.RUN_AHEAD, strikes.RUN_BEHIND))
        clocks = holding(strikes.CLOCK_AHEAD, strikes.CLOCK_BACK)
        yield Series("h", clocks, environment=faulty_clock)


def holding(*faults: Fault) -> list[tuple[list[Fault], str]]:
    return [([fault], "holding") for fault in faults]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a disk of memory that a test may fill; None where that is not allowed."""
    place = folder / "disk"
    place.mkdir()
    size = f"size={DISK_MEGABYTES}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_processes_killed_in_every_situation_end_no_session(
    make_home: MakeHome, tmp_path: Path
) -> None:
    needs_time()
    series = [
        Series(f"{situation} {number}", [(volley, situation) for volley in volleys] * KILLS)
        for situation in SITUATIONS
        for number, volleys in enumerate(shared_out(situation), start=1)
    ]
    show(run_all(series, tmp_path, make_home, KILLS_SECONDS, print), tmp_path)


def shared_out(situation: str) -> list[list[list[Fault]]]:
    """Return what each installation of a situation is struck by, so that all take about as long.

    One that was told to flatten needs a bar to enter again and one to hold. On a small machine one
    installation takes all of it: what is left out for want of time is counted.
    """
    helpers, traders = [strikes.API, strikes.WORKER], [strikes.SESSION, strikes.SERVER]
    all_of_it = [strikes.SUPERVISOR, strikes.EVERYTHING]
    if AT_ONCE < MOST_INSTALLATIONS:
        return [[helpers, traders, all_of_it]]
    if situation == "mid-flatten":
        return [[helpers], [traders], [all_of_it]]
    return [[helpers, traders], [all_of_it]]


def needs_time() -> None:
    if minutes_left() < NEEDED_MINUTES:
        pytest.skip("the session of today ends before this test would")


def show(results: Results, folder: Path) -> None:
    """Print the table, and leave it in a file."""
    path = folder / "faults.md"
    path.write_text(results.text() + "\n")
    print(f"{results.text()}\n\nThe table is in {path}")
    assert not results.problems(), f"see {path}:\n{results.text()}"
