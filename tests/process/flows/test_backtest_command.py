"""The backtest as a process: signals, full disks, closed streams, and what its start imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.full_disk import full_disk, on_a_full_disk
from tests.repository import REPOSITORY
from tests.terminal import flows
from tests.unit.flows.test_backtest_command import FILES, SIMULATED
from trading.backtest import run
from trading.engine.compile import link_compiled
from trading.plan import make_plan

# A test run in the background of a shell ignores the signal, and so would its child.
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from flows.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
# The signal comes when the folder beside the results is half full.
ENDED_WHILE_WRITING = """
import os, signal, sys
import blocks.results.folder as target
from flows.__main__ import main
hash_of = target.hash_of_file
def end(path):
    os.kill(os.getpid(), signal.SIGTERM)
    return hash_of(path)
target.hash_of_file = end
sys.exit(main(sys.argv[1:]))
"""
HEAVY = {"prefect", "matplotlib", "plotly"}


def start(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `openbell backtest` in a process of its own."""
    return finish([sys.executable, "-m", "flows", "backtest", *arguments])


def finish(
    command: list[str | Path], limit_seconds: float = 300, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | variables, capture_output=True, text=True,
        timeout=limit_seconds, check=False,
    )  # fmt: skip


def results_in(folder: Path) -> dict[str, bytes]:
    """Write results into a folder, and return them."""
    done = flows("backtest", *SIMULATED, "--out", folder)
    assert done.returncode == 0, done.stderr
    return {name: (folder / name).read_bytes() for name in FILES}


def test_it_is_a_command_of_the_terminal(tmp_path: Path) -> None:
    here = results_in(tmp_path / "here")
    finished = start(*SIMULATED, "--out", tmp_path / "there")

    assert (finished.returncode, finished.stderr) == (0, "")
    assert "Bars are SIMULATED, seed 1" in finished.stdout
    assert {name: (tmp_path / "there" / name).read_bytes() for name in FILES} == here


def test_bad_input_is_one_line_of_its_process() -> None:
    finished = start(*SIMULATED, "--exchange", "MARS")

    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("error: ")
    assert finished.stderr.count("\n") == 1


def test_results_that_cannot_be_written_are_one_line_and_leave_the_earlier(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    before = results_in(folder)

    finished = finish(
        [*on_a_full_disk(2_000), "backtest", *SIMULATED, "--seed", "9", "--out", folder]
    )

    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "cannot be written" in finished.stderr
    assert {name: (folder / name).read_bytes() for name in os.listdir(folder)} == before


ENDED = {
    signal.SIGINT: (130, "interrupted\n"),
    signal.SIGTERM: (143, "ended by SIGTERM\n"),
    signal.SIGHUP: (129, "ended by SIGHUP\n"),
}


@pytest.mark.parametrize("number", ENDED)
def test_a_signal_ends_it_in_one_line(number: signal.Signals, tmp_path: Path) -> None:
    # Opening the pipe waits until the strategy file reads from it, and that then waits for text.
    # Closing it lets polars' signal handler, which restarts reads, hand over to Python's.
    pipe, strategy = tmp_path / "pipe", tmp_path / "waits.py"
    os.mkfifo(pipe)
    strategy.write_text(f"open({str(pipe)!r}).read()")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "backtest", *SIMULATED, "--strategy-file", strategy],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        with pipe.open("wb"):
            running.send_signal(number)
        _, said = running.communicate(timeout=300)

    assert (running.returncode, said) == ENDED[number]


def test_a_signal_while_results_are_written_leaves_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    before = results_in(folder)

    finished = finish(
        [sys.executable, "-c", ENDED_WHILE_WRITING, "backtest", *SIMULATED, "--seed", "9",
         "--out", folder]
    )  # fmt: skip

    assert (finished.returncode, finished.stderr) == ENDED[signal.SIGTERM]
    assert {name: (folder / name).read_bytes() for name in os.listdir(folder)} == before


def test_a_signal_where_python_lets_no_exception_out_still_ends_it(tmp_path: Path) -> None:
    strategy = tmp_path / "waits.py"
    strategy.write_text(
        "import os, signal, time\n"
        "class Deaf:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGTERM); time.sleep(0)\n"
        "Deaf()\n"
        "time.sleep(60)\n"
    )
    finished = start(*SIMULATED, "--strategy-file", strategy)

    assert (finished.returncode, finished.stderr) == ENDED[signal.SIGTERM]


@pytest.mark.parametrize("closing", [">&-", "2>&-"])
def test_a_closed_stream_changes_nothing(closing: str, tmp_path: Path) -> None:
    arguments = " ".join(map(str, [*SIMULATED, "--out", tmp_path / "out"]))
    finished = finish(
        ["sh", "-c", f"exec {sys.executable} -m flows backtest {arguments} {closing}"]
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    assert sorted(os.listdir(tmp_path / "out")) == FILES


def modules_after(*arguments: str | Path) -> set[str]:
    """Return the top-level modules that are imported once a command is done."""
    program = (
        "import sys; from flows.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    finished = finish([sys.executable, "-c", program, *arguments])
    assert finished.returncode == 0, finished.stderr
    return set(finished.stderr.split())


def test_help_imports_next_to_nothing() -> None:
    slow = HEAVY | {"empyrical", "numba", "pandas", "numpy", "polars", "rich", "pydantic"}

    assert modules_after("backtest", "--help").isdisjoint(slow)
    assert modules_after("--help").isdisjoint(slow)


def test_a_small_run_needs_no_server_no_pictures_and_no_compiler() -> None:
    absent = HEAVY | {"numba", "scipy", "empyrical"}

    assert modules_after("backtest", *SIMULATED).isdisjoint(absent)


def test_a_cache_that_cannot_be_written_costs_no_result(
    tmp_path: Path, engine_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses the engine's file as a full disk does, when the first of it is made."""

    def linked(strategy: ModuleType, stage: object, folder: Path | None) -> object:
        # What is kept nowhere is compiled for a minute; this is of where the tests keep theirs.
        return link_compiled(strategy, stage, folder or engine_cache)

    for number in range(len(run.STAGES)):
        run.compile_stage(make_plan(("AAA", "BBB"), {}), number, engine_cache)
    monkeypatch.setattr(run, "link_compiled", linked)
    # As if these were more bars than are interpreted.
    monkeypatch.setattr(run, "READ_COMPILED_ABOVE_BARS", 0)
    monkeypatch.setattr(run, "COMPILE_ABOVE_BARS", 0)
    with full_disk(20_000):
        finished = flows("backtest", *SIMULATED, "--json", XDG_CACHE_HOME=str(tmp_path))

    assert finished.returncode == 0, finished.stderr
    notes = json.loads(finished.stdout)["notes"]
    assert "the compiled engine is not kept: no cache folder can be written" in notes
    assert not list(tmp_path.rglob("*.nbc"))
