"""Registering again: daily, and soon after a failure, with the time handed in."""

from __future__ import annotations

from deployments.registry.keep_registered import AFTER_FAILURE_S, EVERY_S, Registration
from trading.errors import SourceUnavailable


def test_fourteen_months_of_staying_up_register_once_a_day() -> None:
    done: list[float] = []
    clock = [0.0]
    registration = Registration(lambda: done.append(clock[0]), print, 0.0)
    for minute in range(0, 426 * 24 * 60, 10):
        clock[0] = minute * 60.0
        registration.tend(clock[0])
    assert len(done) == 425
    assert done[0] == EVERY_S


def test_a_failure_is_said_and_tried_again_after_a_quarter_of_an_hour() -> None:
    said: list[str] = []
    tried: list[float] = []
    clock = [0.0]

    def register() -> None:
        tried.append(clock[0])
        if len(tried) < 3:
            raise SourceUnavailable("registration failed: no server", "See the log")

    registration = Registration(register, said.append, 0.0)
    for second in range(0, 100_000, 60):
        clock[0] = float(second)
        registration.tend(clock[0])
    assert tried == [EVERY_S, EVERY_S + AFTER_FAILURE_S, EVERY_S + 2 * AFTER_FAILURE_S]
    assert len(said) == 2
    assert said[0].startswith("registration failed: no server. See the log")
