"""How the tests are shared out among processes, and what is left for another time."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from blocks.process.logs import ROOT_NAME
from tests.left_for_soak import is_left

pytest_plugins = ["tests.fixtures.copies", "tests.fixtures.engine", "tests.fixtures.held_files"]

SYSTEM = "tests/system/test_"
# These start servers of their own. The others of the system share one.
OWN_SERVERS = (
    "tests/system/test_external_server.py",
    "tests/system/test_planted_secrets.py",
)
# These ask the same stand-ins of object stores, which take seconds of a processor to start.
AT_OBJECT_STORES = ("tests/process/blocks/copies/", "tests/process/blocks/storage/")
# Each of their tests computes for a while and shares nothing with the others.
SHARED_OUT = (
    "tests/unit/flows/simulation/test_planted_bugs.py",
    "tests/unit/flows/simulation/test_thousand_seeds.py",
)
ONE_SERVER, OBJECT_STORES = "one server", "object stores"
# What takes minutes comes first, so that the processes end together: an order, no promise. What
# waits is begun beside what computes, so that no core has nothing to do.
LONGEST_FIRST = (
    "tests/system/faults/",
    ONE_SERVER,
    "tests/system/test_planted_secrets.py",
    "tests/unit/replay/",
    "tests/process/replay/",
    OBJECT_STORES,
    *OWN_SERVERS,
    "tests/process/blocks/messages/",
    "tests/process/flows/test_run_command.py",
    "tests/process/blocks/providers/",
    "tests/process/flows/",
    "tests/process/trading/",
    "tests/unit/flows/session/",
    "tests/unit/flows/simulation/",
    "tests/unit/trading/",
    "tests/process/",
)
# These wait for servers, processes and clocks; the others compute.
WAITING = (ONE_SERVER, OBJECT_STORES, "tests/system/", "tests/process/")
CORES = os.cpu_count() or 1
# Longer than somebody waits who has changed one rule.
SLOW = (
    "tests/unit/api/live/test_controls.py",
    "tests/unit/api/page/test_pages.py",
    "tests/unit/api/test_impatient_protocol.py",
    "tests/unit/blocks/archive/test_universe.py",
    "tests/unit/blocks/copies/test_drill_later.py",
    "tests/unit/blocks/health/test_memory.py",
    "tests/unit/blocks/health/test_session_hours.py",
    "tests/unit/blocks/ledger/test_damage.py",
    "tests/unit/blocks/markets/test_random_walk.py",
    "tests/unit/blocks/report/test_tear_sheet.py",
    "tests/unit/blocks/saved/",
    "tests/unit/deployments/server/",
    "tests/unit/deployments/test_supervisor.py",
    "tests/unit/flows/pages/test_session_page.py",
    "tests/unit/flows/session/",
    "tests/unit/flows/simulation/",
    "tests/unit/flows/test_place_of_copies.py",
    "tests/unit/flows/test_settings_matter.py",
    "tests/unit/replay/",
    "tests/unit/tasks/backtest/test_scan.py",
    "tests/unit/tasks/parity/",
    "tests/unit/tasks/session/",
    "tests/unit/tasks/sweep/",
    "tests/unit/tasks/test_persist.py",
    "tests/unit/trading/backtest/test_noise_check.py",
    "tests/unit/trading/indicators/test_against_talib.py",
    "tests/unit/trading/indicators/test_forgetting.py",
    "tests/unit/trading/parity/",
    "tests/unit/trading/backtest/test_pipeline.py",
    "tests/unit/trading/statistics/test_against_packages.py",
    "tests/unit/trading/statistics/test_luck_of_sweeps.py",
    "tests/unit/trading/strategies/test_built_in.py",
    "tests/unit/trading/sweep/test_run_sets.py",
    "tests/unit/trading/test_against_reference.py",
    "tests/unit/trading/test_mutants.py",
    "tests/unit/trading/test_properties.py",
    "tests/unit/trading/walk_forward/test_walk.py",
)
# Of the soak, what uses both cores by itself: installations, kills, seeds that nobody has seen.
LONG = ("tests/process/replay/", "tests/system/", "tests/unit/flows/simulation/")
# Seconds after which no other of these begins: an hour of soak does not hold all of them.
BEGIN_WITHIN = "SOAK_BEGINS_WITHIN"
# So many soaks, a day after another, begin with each of them.
SOAKS = 4
BEGAN = time.monotonic()
# Under which a test hands on what its simulated sessions came to.
SIMULATED = "simulated"
LEFT_OUT = pytest.StashKey[set[str]]()


def group(nodeid: str) -> str:
    """Return what a test stays in one process with: its file, or all that share servers.

    The tests of a few files are each by itself.
    """
    file = nodeid.partition("::")[0]
    if file in SHARED_OUT:
        return nodeid
    if file.startswith(AT_OBJECT_STORES):
        return OBJECT_STORES
    if not file.startswith(SYSTEM) or file in OWN_SERVERS:
        return file
    return ONE_SERVER


def _waits(scope: str) -> bool:
    return scope.startswith(WAITING)


class InFiles(LoadScopeScheduling):
    """Keeps a file's tests in one process, and those of the system that share a server.

    pytest-xdist's own groups are no help: with this pytest it no longer sees them.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def _reschedule(self, node: Any) -> None:
        """Give a process its next file when it begins with the last test of the one before.

        It has to know which test comes next; the base class would give a short file's process
        several more, which then wait behind that file while other processes have nothing to do.
        """
        if node not in self.registered_collections:
            # It takes the place of one that crashed, and is asked when it knows its tests: what it
            # was given now would never be run.
            return
        if self._is_spare(node):
            node.shutdown()
        elif self._pending_of(self.assigned_work[node]) <= 1 or not self.workqueue:
            super()._reschedule(node)

    def _is_spare(self, node: Any) -> bool:
        """Return whether all that is left computes, and others do so on each core already.

        More of them than cores take a fourth more of the processor's time for the same tests.
        """
        is_left = bool(self.workqueue) and not any(map(_waits, self.workqueue))
        return is_left and self._computing_beside(node) >= CORES

    def _computing_beside(self, node: Any) -> int:
        """Return how many other processes compute."""
        begun = [
            list(work)[-1]
            for other, work in self.assigned_work.items()
            if other is not node and work and not other.shutting_down
        ]
        return len(begun) - sum(map(_waits, begun))

    def _assign_work_unit(self, node: Any) -> None:
        """Give a process the next file that computes, while fewer do than there are cores.

        The others wait meanwhile: first all that waits, then all that computes, would take longer.
        """
        is_to_wait = self._computing_beside(node) >= CORES
        chosen = next((scope for scope in self.workqueue if _waits(scope) == is_to_wait), None)
        if chosen is not None:
            self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)

    def remove_node(self, node: Any) -> str | None:
        """Hand what a process left to the others, but not the files that it was done with.

        The base class hands those on too, and a process that is given nothing to do never asks
        for more: where one process crashed, the whole run came to a stand.
        """
        work = self.assigned_work[node]
        for done in [file for file, tests in work.items() if all(tests.values())]:
            del work[done]
        crashed: str | None = super().remove_node(node)
        return crashed

    def schedule(self) -> None:
        """Give out the first files; a process in the place of one that crashed gets two.

        With a single test it would wait to be told which one comes next.
        """
        super().schedule()
        for node in self.nodes:
            self._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InFiles:
    """Share the tests out by file."""
    return InFiles(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and mark what `make test-fast` and `make test` leave out."""
    for item in items:
        if is_left(item.nodeid):
            item.add_marker("soak")
        if item.nodeid.startswith(LONG):
            item.add_marker("long")
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
    items.sort(key=_place)
    if BEGIN_WITHIN in os.environ:
        # Each soak begins elsewhere, so that some of them hold all.
        soaked = [item for item in items if _is_soaked(item)]
        first = len(soaked) * (date.today().toordinal() % SOAKS) // SOAKS
        items[:] = soaked[first:] + soaked[:first] + [i for i in items if not _is_soaked(i)]


def _is_soaked(item: pytest.Item) -> bool:
    return all(item.get_closest_marker(mark) for mark in ("soak", "long"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin none of the long tests when the time for them is over."""
    if _is_soaked(item) and BEGIN_WITHIN in os.environ:
        seconds = float(os.environ[BEGIN_WITHIN])
        if time.monotonic() - BEGAN > seconds:
            pytest.skip(f"none begins after {seconds:g} s; alone: pytest -m soak '{item.nodeid}'")


def pytest_collection(session: pytest.Session) -> None:
    """Import the tests' files in another order in each process of pytest-xdist.

    Each has to import all of them. Where their bytecode is not there yet, as in a fresh clone, they
    would make that of the same files at the same time, which takes longer than to import them.
    """
    # What is imported and collected stays: to look through it again and again finds nothing.
    gc.disable()
    given = getattr(session.config, "workerinput", None)
    if given is None:
        return
    files = sorted(file for arg in session.config.args for file in Path(arg).rglob("test_*.py"))
    processes, number = int(given["workercount"]), int(given["workerid"].removeprefix("gw"))
    first = len(files) * number // processes
    for file in (*files[first:], *files[:first]):
        name = ".".join(file.resolve().relative_to(session.config.rootpath).with_suffix("").parts)
        # Whatever is wrong with it is told when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            import_module(name)


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what comes now, and not at thousands of tests."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _log_level_as_it_was() -> Iterator[None]:
    """Put back the level that a command sets for its process, before the next test reads lines."""
    logger = logging.getLogger(ROOT_NAME)
    level = logger.level
    yield
    logger.setLevel(level)


_tell_of = logging.Handler.handleError


def _tell_of_ours(handler: logging.Handler, record: logging.LogRecord) -> None:
    # Prefect's threads go on behind their test, whose output is closed: what cannot be said there
    # would be told, with its stack, among what the next test's command says.
    if record.name.partition(".")[0] != "prefect":
        _tell_of(handler, record)


logging.Handler.handleError = _tell_of_ours  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Let libraries that look at their end for what was not given back find nothing."""
    gc.unfreeze()


def _place(item: pytest.Item) -> int:
    places = (n for n, begin in enumerate(LONGEST_FIRST) if group(item.nodeid).startswith(begin))
    return next(places, len(LONGEST_FIRST))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note what is left out; a process of pytest-xdist hands that on."""
    config = items[0].config
    names = config.stash.setdefault(LEFT_OUT, set())
    names.update(item.nodeid for item in items if item.get_closest_marker("soak"))
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = sorted(names)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a process of pytest-xdist has left out."""
    names = node.config.stash.setdefault(LEFT_OUT, set())
    names.update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was simulated, and which tests were left out for `make soak`."""
    for line in _simulated(terminalreporter.stats):
        terminalreporter.write_line(line)
    for name in sorted(config.stash.get(LEFT_OUT, ())):
        terminalreporter.write_line(f"left for make soak: {name}")


def _simulated(stats: dict[str, list[Any]]) -> list[str]:
    """Return what the simulated sessions of all tests came to together."""
    reports = [report for outcome in ("passed", "failed") for report in stats.get(outcome, ())]
    tallies = [
        content
        for report in reports
        for name, content in report.user_properties
        if name == SIMULATED and report.when == "call"
    ]
    if not tallies:
        return []
    # Imported here: most runs do without.
    from tasks.simulation.tally import Tally

    total = Tally()
    for content in tallies:
        total.add(content)
    return total.lines()


@pytest.fixture(autouse=True)
def _mask_of_files() -> Iterator[None]:
    """Put back what an entry point, called in the process of a test, does to all later files."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
