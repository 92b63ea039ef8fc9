"""How far long work is, in Prefect's page: seldom enough, and never at the work's cost."""

from __future__ import annotations

import logging
from uuid import UUID, uuid4

import pytest

from flows.pages import shown_progress
from flows.pages.shown_progress import ShownProgress, time_left
from tests.logged import logged
from trading.errors import SourceUnavailable


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    calls: list[tuple[float, str]] = []
    artifact = uuid4()

    def create(progress: float, key: str, description: str) -> UUID:
        calls.append((progress, description))
        return artifact

    def update(of: UUID, progress: float, description: str) -> None:
        assert of == artifact
        calls.append((progress, description))

    monkeypatch.setattr(shown_progress, "create_progress_artifact", create)
    monkeypatch.setattr(shown_progress, "update_progress_artifact", update)
    # A second a call.
    now = iter(range(1_000_000))
    monkeypatch.setattr(shown_progress.time, "monotonic", lambda: float(next(now)))
    return calls


def test_a_sweep_is_told_every_few_seconds_and_each_new_step_at_once(
    shown: list[tuple[float, str]],
) -> None:
    progress = ShownProgress("sweep-progress")
    progress("loading bars", 0, 1)
    for done in range(101):
        progress(f"{done} of 100 sets", done, 100)
    progress("judging the best", 0, 1)
    progress.finish()
    assert shown[0] == (0.0, "loading bars")
    assert shown[1] == (0.0, "0 of 100 sets")
    assert len(shown) < 60
    assert shown[-3][1].endswith("of 100 sets") or shown[-3][1].endswith("left")
    # A step without a measure leaves the bar where it is.
    assert shown[-2] == (shown[-3][0], "judging the best")
    assert shown[-1] == (100.0, "done")


def test_what_was_done_between_two_looks_is_not_lost_to_the_next_step(
    shown: list[tuple[float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown_progress.time, "monotonic", lambda: 7.0)
    progress = ShownProgress("backtest-progress")
    for done in range(375):
        progress("running", done, 374)
    progress("writing results", 0, 1)
    assert shown == [(0.0, "running"), (100.0, "writing results")]


def test_the_time_that_is_left_follows_from_what_is_done() -> None:
    assert time_left(60.0, 10, 100) == "about 9 min left"
    assert time_left(60.0, 90, 100) == "less than a minute left"
    assert time_left(0.0, 0, 100) == ""
    assert time_left(60.0, 100, 100) == ""


def test_a_server_that_is_gone_fails_no_sweep(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*said: object) -> UUID:
        raise SourceUnavailable("the server is gone", "Start it")

    monkeypatch.setattr(shown_progress, "create_progress_artifact", gone)
    monkeypatch.setattr(shown_progress, "get_run_logger", lambda: logging.getLogger("run"))
    progress = ShownProgress("sweep-progress")
    for done in range(10):
        progress("sets", done, 10)
    progress.finish()
    assert [record.getMessage() for record in logged(caplog)] == [
        "progress cannot be shown: the server is gone. Start it"
    ]
