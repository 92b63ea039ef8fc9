"""Whoever runs a sweep, its results are the same bytes, also when a worker dies in the middle."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tasks.sweep import batch
from tasks.sweep.request import SweepRequest
from tasks.sweep.runners.chosen import chosen_runner
from tasks.sweep.sweep import sweep
from tests.unit.tasks.sweep.small_sweeps import request_over, write_bars
from trading.errors import SourceUnavailable

GRID = ("min_body=0:0.6:0.2", "target=range,r,none")
Tell = Callable[[str, int, int], None]


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.parquet")


@pytest.fixture(scope="module")
def alone(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the hash of the results that this process makes with one thread."""
    return results_hash(request_over(bars, tmp_path_factory.mktemp("alone") / "out", *GRID))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    # A chunk for each set, so that there is a middle to die in.
    monkeypatch.setattr(batch, "_SETS_OF_A_CHUNK", 1)


def results_hash(request: SweepRequest, tell: Tell | None = None) -> str:
    with chosen_runner(request) as runner:
        sweep(request, tell, runner)
    return hashlib.sha256((request.out / "results.parquet").read_bytes()).hexdigest()


@pytest.fixture
def strangers_address() -> Iterator[str]:
    """Give the address of one who speaks first, as Dask does, and says something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    door, _ = server.accept()
                except OSError:
                    return
                with door:
                    door.sendall(b"SSH-2.0-stranger\r\n")

        thread = Thread(target=answer)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        # Closing alone does not wake who waits for a guest.
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


class Killer:
    """Kills a worker of this process as soon as one chunk is done and others are not."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.killed: list[int] = []

    def __call__(self, step: str, done: int, total: int) -> None:
        if self.killed or not 0 < done < total:
            return
        for process in psutil.Process().children(recursive=True):
            if self._word in " ".join(process.cmdline()):
                process.kill()
                self.killed.append(process.pid)
                return


def is_the_same_after_a_death(runner: str, word: str, bars: Path, out: Path, alone: str) -> None:
    killer = Killer(word)
    request = request_over(bars, out, *GRID, runner=runner, workers=2)
    assert results_hash(request, killer) == alone
    assert len(killer.killed) == 1
    # The bars that the workers mapped are not left behind.
    assert not (out / "bars").exists()


def test_threads_make_the_same_results(bars: Path, tmp_path: Path, alone: str) -> None:
    assert results_hash(request_over(bars, tmp_path / "out", *GRID, workers=2)) == alone


def test_dask_with_a_worker_that_dies_makes_the_same_results(
    bars: Path, tmp_path: Path, alone: str
) -> None:
    is_the_same_after_a_death("dask", "spawn_main", bars, tmp_path / "out", alone)


def test_something_else_at_the_address_is_one_line_and_leaves_a_folder_that_can_be_used(
    bars: Path, tmp_path: Path, alone: str, strangers_address: str
) -> None:
    out = tmp_path / "out"
    request = request_over(bars, out, *GRID, runner="dask", address=strangers_address)
    with pytest.raises(SourceUnavailable, match="does not speak as a Dask scheduler") as raised:
        results_hash(request)
    assert "\n" not in str(raised.value)
    assert results_hash(request_over(bars, out, *GRID)) == alone


@pytest.mark.soak
@pytest.mark.skipif(find_spec("prefect_ray") is None, reason="Ray is not installed: extra `ray`")
def test_ray_with_a_worker_that_dies_makes_the_same_results(
    bars: Path, tmp_path: Path, alone: str
) -> None:
    is_the_same_after_a_death("ray", "ray::run_elsewhere", bars, tmp_path / "out", alone)
