"""Token buckets: the rate holds for all processes together, and an absent server costs nothing."""

from __future__ import annotations

import fcntl
import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from blocks.providers.errors import RateLimited
from blocks.providers.rate_limit import LocalBucket, PrefectBucket, bucket_for
from tests.repository import REPOSITORY
from trading.errors import StoreUnavailable


class FakeTime:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.waited: list[float] = []

    def now(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now_s += seconds


def bucket(folder: Path, fake: FakeTime, **options: float) -> LocalBucket:
    return LocalBucket(
        folder / "limits" / "p.bucket", 2.0, 3, now=fake.now, wait=fake.wait, **options
    )


def test_a_burst_passes_and_then_the_rate_holds(tmp_path: Path) -> None:
    fake = FakeTime()
    limited = bucket(tmp_path, fake)
    for _ in range(7):
        limited.acquire()
    assert fake.waited == pytest.approx([0.5] * 4)


def test_two_buckets_of_one_file_share_their_tokens(tmp_path: Path) -> None:
    fake = FakeTime()
    for _ in range(3):
        bucket(tmp_path, fake).acquire()
    bucket(tmp_path, fake).acquire()
    assert fake.waited == pytest.approx([0.5])


def test_a_wait_that_is_too_long_is_refused_and_takes_no_token(tmp_path: Path) -> None:
    fake = FakeTime()
    limited = bucket(tmp_path, fake, longest_wait_s=0.4)
    for _ in range(3):
        limited.acquire()
    for _ in range(5):
        with pytest.raises(RateLimited, match="our own limit for p"):
            limited.acquire()
    fake.now_s += 0.5
    limited.acquire()


def test_tokens_never_exceed_the_burst_and_survive_a_restart_of_the_machine(tmp_path: Path) -> None:
    fake = FakeTime()
    limited = bucket(tmp_path, fake)
    limited.acquire()
    fake.now_s = 5.0
    for _ in range(4):
        limited.acquire()
    assert fake.waited == pytest.approx([0.5])


def test_a_damaged_file_is_a_full_bucket(tmp_path: Path) -> None:
    fake = FakeTime()
    limited = bucket(tmp_path, fake)
    limited.acquire()
    (tmp_path / "limits" / "p.bucket").write_bytes(b"\x00" * 40)
    limited.acquire()
    assert fake.waited == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text("a file")
    with pytest.raises(StoreUnavailable, match=r"p\.bucket cannot be used"):
        bucket(tmp_path, FakeTime()).acquire()


def test_nobody_counts_while_another_does(tmp_path: Path) -> None:
    limited = LocalBucket(tmp_path / "p.bucket", 1.0, 5)
    limited.acquire()
    done = threading.Event()
    with (tmp_path / "p.bucket").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: (limited.acquire(), done.set()))
        thread.start()
        assert not done.wait(0.2)
    assert done.wait(10)
    thread.join(10)


def take(folder: Path, times: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    limited = LocalBucket(folder / "p.bucket", 40.0, 5)
    for _ in range(10):
        limited.acquire()
        times.put(time.monotonic())


def test_processes_together_keep_to_the_rate(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    times = context.Queue()
    processes = [context.Process(target=take, args=(tmp_path, times)) for _ in range(3)]
    for process in processes:
        process.start()
    stamps = sorted(times.get(timeout=300) for _ in range(30))
    for process in processes:
        process.join(60)
    # No window of a tenth of a second has more than the burst, its own refill and one of slack.
    for first in range(30):
        inside = [stamp for stamp in stamps if stamps[first] <= stamp < stamps[first] + 0.1]
        assert len(inside) <= 5 + 4 + 1
    assert stamps[-1] - stamps[0] >= (30 - 5 - 1) / 40 * 0.9


def test_without_a_server_prefect_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    code = (
        "import sys; from pathlib import Path; from blocks.providers.rate_limit import bucket_for;"
        f"bucket_for('p', 5.0, 5, Path({str(tmp_path)!r})).acquire();"
        "print('prefect' in sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=300,
        check=True,
    )  # fmt: skip
    assert finished.stdout.strip() == "False"


def test_an_absent_server_is_asked_once_a_minute_and_the_local_bucket_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    fake = FakeTime()
    limited = PrefectBucket("openbell-p", bucket(tmp_path, fake), now=fake.now)
    began = time.monotonic()
    for _ in range(5):
        limited.acquire()
    assert limited.acquired_from == "local"
    assert "counted locally" in limited.trouble
    assert fake.waited == pytest.approx([0.5] * 2)
    assert time.monotonic() - began < 30
    assert isinstance(bucket_for("p", 1.0, 1, tmp_path), PrefectBucket)
