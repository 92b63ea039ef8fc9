"""What befalls Prefect around a bar costs no bar, and is nobody's wish to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from prefect.exceptions import Pause, TerminationSignal

from blocks.process.stop_request import StopRequest
from flows.session import prefect_bar
from flows.session.prefect_bar import BarBrokenOffError, PrefectRunner
from tasks.prefect_tasks import PREFECT
from tasks.session.runtime import SessionRuntime
from tasks.steps import PLAIN, Steps
from trading.errors import StoreUnavailable

Subflow = Callable[[str, int], Awaitable[None]]


@dataclass
class Pace:
    """As much of a pace as a bar asks for."""

    is_real_time: bool = True


@dataclass
class Runtime:
    """As much of a session as a bar asks for; `taken` says by what its bars were taken."""

    name: str = "2025-06-10"
    should_stop: StopRequest = field(default_factory=StopRequest)
    taken: list[str] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)
    error: BaseException | None = None

    def is_overtaken(self, bar: int) -> bool:
        return False


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    runtime = Runtime()

    def take(given: Runtime, bar: int, steps: Steps) -> None:
        given.taken.append("Prefect" if steps is PREFECT else "plain")
        if given.error is not None and steps is PREFECT:
            raise given.error

    async def answers(patience_seconds: float) -> bool:
        return True

    monkeypatch.setattr(prefect_bar, "take_bar", take)
    monkeypatch.setattr(prefect_bar, "server_answers", answers)
    monkeypatch.setattr(prefect_bar, "get_run_logger", logging.getLogger)
    monkeypatch.setattr(prefect_bar, "LOOK_EVERY_SECONDS", 0.01)
    return runtime


def steps_of(runtime: Runtime) -> None:
    prefect_bar._UNDER_WAY[runtime.name].take(cast(SessionRuntime, runtime), 0)


def run(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, subflow: Subflow) -> None:
    monkeypatch.setattr(prefect_bar, "trade_bar", subflow)
    asyncio.run(PrefectRunner().run_bar(cast(SessionRuntime, runtime), 0))


async def forever() -> None:
    await asyncio.Event().wait()


def test_a_bar_is_taken_once_when_all_is_well(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        steps_of(runtime)

    run(runtime, monkeypatch, subflow)
    assert runtime.taken == ["Prefect"]


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_cancellation_that_nobody_wished_for_costs_no_bar(
    has_begun: bool, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        if has_begun:
            steps_of(runtime)
        main.cancel()
        await forever()

    async def trade() -> None:
        nonlocal main
        task = asyncio.current_task()
        assert task is not None
        main = task
        await PrefectRunner().run_bar(cast(SessionRuntime, runtime), 0)

    main: asyncio.Task[None]
    monkeypatch.setattr(prefect_bar, "trade_bar", subflow)
    asyncio.run(trade())
    assert runtime.taken == ["Prefect" if has_begun else "plain"]
    assert not runtime.should_stop()


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), RuntimeError("of Prefect")])
@pytest.mark.parametrize("has_begun", [True, False])
def test_what_a_library_raises_around_the_steps_costs_no_bar(
    has_begun: bool, error: BaseException, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        if has_begun:
            steps_of(runtime)
        raise error

    run(runtime, monkeypatch, subflow)
    assert runtime.taken == ["Prefect" if has_begun else "plain"]
    assert not runtime.should_stop()


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_server_that_falls_silent_around_the_steps_holds_up_no_bar(
    has_begun: bool, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefect_bar, "PREFECT_PATIENCE_SECONDS", 0.0)

    async def subflow(session: str, bar: int) -> None:
        if has_begun:
            steps_of(runtime)
        try:
            await forever()
        except asyncio.CancelledError:
            # A subflow that goes on all the same finds that its bar is taken.
            assert prefect_bar._UNDER_WAY[session].is_let_go

    run(runtime, monkeypatch, subflow)
    assert runtime.taken == ["Prefect" if has_begun else "plain"]


@pytest.mark.parametrize(
    ("is_real_time", "patience"), [(True, [2, 2, 2, 2]), (False, [30, 2, 2, 30])]
)
def test_a_market_waits_for_no_server_and_a_replay_waits_long_for_it_once(
    is_real_time: bool,
    patience: list[float],
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    granted: list[float] = []
    answers = [False, False, True, True]

    async def answers_at_last(patience_seconds: float) -> bool:
        granted.append(patience_seconds)
        return answers[len(granted) - 1]

    async def subflow(session: str, bar: int) -> None:
        steps_of(runtime)

    async def trade() -> None:
        runner = PrefectRunner()
        for bar in range(len(answers)):
            await runner.run_bar(cast(SessionRuntime, runtime), bar)

    runtime.pace = Pace(is_real_time)
    monkeypatch.setattr(prefect_bar, "server_answers", answers_at_last)
    monkeypatch.setattr(prefect_bar, "trade_bar", subflow)
    asyncio.run(trade())
    assert granted == patience
    assert runtime.taken == ["plain", "plain", "Prefect", "Prefect"]


def test_steps_that_were_torn_are_left_to_the_journal(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        steps_of(runtime)

    runtime.error = SystemExit(1)
    with pytest.raises(BarBrokenOffError, match="SystemExit"):
        run(runtime, monkeypatch, subflow)
    assert runtime.taken == ["Prefect"]


def test_what_the_steps_raise_is_raised_as_it_is(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        steps_of(runtime)

    runtime.error = StoreUnavailable("locked", "Wait")
    with pytest.raises(StoreUnavailable):
        run(runtime, monkeypatch, subflow)


def test_a_signal_that_met_prefects_handler_is_a_wish_to_stop(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_anywhere(number: int, frame: object) -> None:
        raise TerminationSignal(signal=number)

    async def subflow(session: str, bar: int) -> None:
        signal.signal(signal.SIGTERM, raise_anywhere)
        os.kill(os.getpid(), signal.SIGTERM)
        await forever()

    before = signal.getsignal(signal.SIGTERM)
    try:
        with runtime.should_stop.listening(signal.SIGTERM):
            run(runtime, monkeypatch, subflow)
            assert runtime.should_stop()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert runtime.taken == []


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_run_that_is_paused_in_the_page_goes_on_to_its_end_without_prefect(
    has_begun: bool, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subflow(session: str, bar: int) -> None:
        if has_begun:
            steps_of(runtime)
        raise Pause

    async def trade() -> None:
        runner = PrefectRunner()
        assert runner.steps is PREFECT
        if has_begun:
            # What was struck in its midst is told by the journal.
            with pytest.raises(BarBrokenOffError):
                await runner.run_bar(cast(SessionRuntime, runtime), 0)
        else:
            await runner.run_bar(cast(SessionRuntime, runtime), 0)
        await runner.run_bar(cast(SessionRuntime, runtime), 1)
        assert runner.steps is PLAIN

    runtime.error = Pause() if has_begun else None
    monkeypatch.setattr(prefect_bar, "trade_bar", subflow)
    asyncio.run(trade())
    assert runtime.taken == ["Prefect" if has_begun else "plain", "plain"]
