"""Where the steps of a bar run, so that what limits their time can do so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace
from typing import Any, cast

import pytest

from blocks.process.stop_request import StopRequest
from flows.session.take_bar import take_bar
from tasks.prefect_tasks import PREFECT
from tasks.session.long_question import LongQuestion
from tasks.session.runtime import SessionRuntime
from tasks.steps import Steps


@pytest.mark.parametrize("is_real_time", [True, False])
def test_no_time_limit_of_prefects_stands_where_it_breaks_off_nothing_and_warns_at_each_bar(
    is_real_time: bool,
) -> None:
    run: list[str] = []
    useless: list[str] = []

    def noting(name: str) -> Callable[..., None]:
        def step(*given: object) -> None:
            run.append(name)
            limit = getattr(getattr(PREFECT, name), "timeout_seconds", None)
            if limit is not None and threading.current_thread() is not threading.main_thread():
                useless.append(name)

        return step

    steps = Steps(**{field.name: noting(field.name) for field in fields(Steps)})
    nothing: Any = lambda *given: None
    runtime = SimpleNamespace(
        pace=SimpleNamespace(is_real_time=is_real_time),
        plan=SimpleNamespace(interval_minutes=5),
        market=SimpleNamespace(name="a source"),
        ledger=SimpleNamespace(release=nothing),
        news=SimpleNamespace(tell_missing=nothing, tell_troubles=nothing),
        notifier=None,
        question=LongQuestion(),
        should_stop=StopRequest(),
    )
    take_bar(cast(SessionRuntime, runtime), 0, steps)
    assert len(run) == 6
    assert useless == []
