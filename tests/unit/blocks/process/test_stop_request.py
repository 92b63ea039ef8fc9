"""The wish to stop: heard wherever it comes, never in the middle of what must not be torn."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from blocks.process.stop_request import Interrupted, StopRequest


class OfALibraryError(Exception):
    """What a library's own handler raises."""


def raise_anywhere(number: int, frame: object) -> None:
    raise OfALibraryError


def strike() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(autouse=True)
def library_handler() -> Iterator[None]:
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, raise_anywhere)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_tears_nothing_and_is_remembered() -> None:
    stop = StopRequest()
    with stop.listening(signal.SIGTERM):
        strike()
        strike()
        assert stop()
    # Nor is what ends after it torn: the library's handler would raise here.
    strike()


def test_the_handler_before_it_is_back_where_nothing_arrived() -> None:
    stop = StopRequest()
    with stop.listening(signal.SIGTERM):
        assert not stop()
    with pytest.raises(OfALibraryError):
        strike()


def test_a_library_that_took_the_signal_for_a_while_loses_it_again() -> None:
    stop = StopRequest()
    with stop.listening(signal.SIGTERM):
        signal.signal(signal.SIGTERM, raise_anywhere)
        stop.listen_again()
        strike()
        assert stop()


def test_a_wait_is_given_up_once_and_what_cleans_up_after_it_is_not() -> None:
    stop = StopRequest()
    cleaned = False

    def wait() -> None:
        nonlocal cleaned
        try:
            strike()
            signal.pause()
        finally:
            strike()
            cleaned = True

    with stop.listening(signal.SIGTERM):
        with pytest.raises(Interrupted), stop.interrupting():
            wait()
        assert cleaned
        with pytest.raises(Interrupted), stop.interrupting():
            pytest.fail("a wait began after the signal")


def test_a_retry_does_not_take_the_signal_for_a_failure() -> None:
    assert not issubclass(Interrupted, Exception)


@pytest.mark.parametrize(
    ("before", "is_heard"), [(signal.SIG_IGN, False), (signal.SIG_DFL, True)], ids=str
)
def test_a_closed_terminal_is_heard_unless_nohup_said_otherwise(
    before: signal.Handlers, is_heard: bool
) -> None:
    signal.signal(signal.SIGHUP, before)
    stop = StopRequest()
    stop.listen()
    os.kill(os.getpid(), signal.SIGHUP)
    assert stop() == is_heard


def test_in_another_thread_handlers_are_left_alone() -> None:
    found: list[object] = []

    def listen() -> None:
        stop = StopRequest()
        with stop.listening(signal.SIGTERM):
            stop.listen_again()
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [raise_anywhere]


def test_a_signal_that_found_the_handler_of_a_library_is_known_all_the_same() -> None:
    stop = StopRequest()
    with stop.listening(signal.SIGTERM, signal.SIGINT):
        signal.signal(signal.SIGTERM, raise_anywhere)
        assert not stop()
        with pytest.raises(OfALibraryError):
            strike()
        assert stop()


def test_a_signal_that_nobody_listens_for_is_no_wish_to_stop() -> None:
    stop = StopRequest()
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with stop.listening(signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not stop()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_who_waits_for_signals_already_goes_on_hearing_them() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    before = signal.set_wakeup_fd(ours.fileno())
    try:
        stop = StopRequest()
        with stop.listening(signal.SIGTERM):
            strike()
            assert stop()
        assert theirs.recv(16) == bytes([signal.SIGTERM])
        assert signal.set_wakeup_fd(ours.fileno()) == ours.fileno()
    finally:
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()
