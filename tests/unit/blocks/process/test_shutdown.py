"""What is to be done at the end is done once, the last first, whatever one of them does."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.process import shutdown
from blocks.process.shutdown import register_shutdown_handler, run_shutdown_handlers
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.log_lines import LogStore
from blocks.telemetry.telemetry import SessionTelemetry


@pytest.fixture(autouse=True)
def none_of_others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shutdown, "_handlers", [])
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_last_is_called_first_each_once_and_what_was_taken_back_not_at_all() -> None:
    called: list[str] = []
    register_shutdown_handler(lambda: called.append("first"))
    take_back = register_shutdown_handler(lambda: called.append("taken back"))
    register_shutdown_handler(lambda: called.append("last"))
    take_back()
    take_back()
    run_shutdown_handlers()
    run_shutdown_handlers()
    assert called == ["last", "first"]


def test_one_that_fails_and_one_that_hangs_keep_no_other_from_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done, released = threading.Event(), threading.Event()

    def fail() -> None:
        raise RuntimeError("no luck")

    def hang() -> None:
        released.wait(600.0)

    register_shutdown_handler(done.set)
    register_shutdown_handler(fail)
    register_shutdown_handler(hang)
    try:
        # Without a bound this would be as long as it hangs.
        run_shutdown_handlers(within_seconds=0.2)
        assert not released.is_set()
        assert done.wait(120.0)
    finally:
        released.set()
    assert "hang, called at the end, is not done in time" in caplog.text


def test_what_is_registered_meanwhile_is_called_as_well() -> None:
    called: list[str] = []
    register_shutdown_handler(lambda: register_shutdown_handler(lambda: called.append("late")))
    run_shutdown_handlers()
    assert called == ["late"]


def test_sigterm_is_taken_only_where_nobody_has_it_and_given_back() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    take_back = register_shutdown_handler(print)
    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 128 + signal.SIGTERM
    take_back()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    register_shutdown_handler(print)()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_a_sessions_last_log_lines_are_written_also_when_nobody_closes_it(tmp_path: Path) -> None:
    logging.getLogger("openbell").setLevel(logging.INFO)
    telemetry = SessionTelemetry(tmp_path, "paper")
    telemetry.attach()
    logging.getLogger("openbell.session").warning("the last words")
    run_shutdown_handlers()
    store = LogStore(telemetry_file(tmp_path, "paper"))
    assert [line.message for line in store.get_logs()] == ["the last words"]
    # Closed as well, it writes nothing twice; and one that is closed is called no more.
    telemetry.close()
    SessionTelemetry(tmp_path, "paper").close()
    run_shutdown_handlers()
    assert store.count_logs() == 1
