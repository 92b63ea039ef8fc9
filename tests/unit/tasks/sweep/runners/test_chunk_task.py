"""When the chunks of a sweep are Prefect's tasks: where their workers reach its server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.sweep.runners.chunk_task import TasksLeft, is_watched
from trading.errors import SourceUnavailable

ELSEWHERE = "tcp://192.168.1.10:8786"


@contextmanager
def server_at(url: str | None) -> Iterator[None]:
    with temporary_settings({PREFECT_API_URL: url}):
        yield


def test_without_a_server_nobody_keeps_tasks() -> None:
    with server_at(None):
        assert not is_watched(None)
        assert not is_watched(ELSEWHERE)


def test_workers_elsewhere_do_not_ask_for_a_server_that_only_this_machine_reaches() -> None:
    with server_at("http://127.0.0.1:9/api"):
        assert not is_watched(ELSEWHERE)


def test_a_server_that_does_not_answer_is_told_before_any_worker_waits_for_it() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        with server_at(server), pytest.raises(SourceUnavailable) as raised:
            is_watched(None)
    said = str(raised.value)
    assert "\n" not in said
    assert f"the Prefect server at {server} does not answer" in said
    assert "without PREFECT_API_URL" in said


def test_whatever_the_sets_a_server_is_given_no_more_than_two_hundred_tasks() -> None:
    tasks = TasksLeft(is_watched=True)
    assert sum(tasks.take() for _ in range(1_000)) == 200
    assert not TasksLeft(is_watched=False).take()
