"""A key that a library wrote into its error goes no further than the step that met it."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable
from typing import Any, cast

import pytest
from prefect import Flow

from blocks.process.secret_mask import MASK
from flows import backtest, fetch_history, health, sync, trade
from flows import checks as honesty
from flows.pages.artifacts import publish_backtest, publish_session
from flows.session import prefect_bar as bar_run
from flows.session.account.saved_parts import saved_parts
from flows.session.run_account import run_account
from tasks.masked import without_secrets_in_errors
from tasks.prefect_tasks import PREFECT, is_worth_retrying
from trading.errors import SourceUnavailable

KEY = "planted-key-4711"


def odd() -> None:
    raise ValueError(f"cannot parse answer of https://provider/quote?symbol=A&token={KEY}")


def ours() -> None:
    raise SourceUnavailable(f"no answer with {KEY}", "Look at the key")


def ours_after_odd() -> None:
    try:
        odd()
    except ValueError as error:
        raise SourceUnavailable("no answer", "Try again") from error


def noted() -> None:
    error = OSError("no answer")
    error.add_note(f"asked with {KEY}")
    raise error


def one_of_several() -> None:
    raise ExceptionGroup("two failed", [OSError("no answer"), ValueError(f"token={KEY}")])


def in_a_circle() -> None:
    first, second = OSError("no answer"), ValueError(KEY)
    first.__cause__, second.__cause__ = second, first
    raise first


@pytest.fixture(autouse=True)
def learned() -> None:
    MASK.learn([KEY])


@pytest.mark.parametrize(
    ("step", "kind", "says"),
    [
        (odd, RuntimeError, "ValueError: cannot parse answer"),
        (ours, SourceUnavailable, "no answer with "),
        (ours_after_odd, SourceUnavailable, "no answer"),
        (noted, RuntimeError, "OSError: no answer"),
        (one_of_several, RuntimeError, "ExceptionGroup: two failed"),
        (in_a_circle, RuntimeError, "OSError: no answer"),
    ],
)
def test_no_error_of_a_step_shows_a_key(
    step: Callable[[], None], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        without_secrets_in_errors(step)()
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_no_error_of_a_flow_shows_a_key() -> None:
    async def body() -> None:
        try:
            odd()
        except ValueError as error:
            raise OSError("the session stops") from error

    with pytest.raises(RuntimeError, match="OSError: the session stops") as caught:
        asyncio.run(cast(Any, without_secrets_in_errors(body)()))
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_error_without_a_key_is_the_very_same() -> None:
    error = KeyError("AAPL")

    def step() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        without_secrets_in_errors(step)()
    assert caught.value is error


def test_what_flows_do_between_their_steps_is_masked() -> None:
    for work in (saved_parts, run_account, publish_session, publish_backtest):
        assert hasattr(work, "__wrapped__"), work


def test_no_flow_is_wrapped_for_prefect_checks_parameters_where_a_function_was_written() -> None:
    modules = (backtest, bar_run, fetch_history, health, honesty, sync, trade)
    flows = [item for module in modules for item in vars(module).values() if isinstance(item, Flow)]
    assert len(flows) >= 9
    for flow in flows:
        assert flow.validate_parameters(flow_defaults(flow)) is not None, flow.name


def flow_defaults(flow: Flow[Any, Any]) -> dict[str, Any]:
    """Return the values that a form starts with."""
    needed = {"session": "paper", "bar": 0}
    found = inspect.signature(flow.fn).parameters
    return {name: needed.get(name, item.default) for name, item in found.items()}


def test_each_step_of_a_session_is_masked() -> None:
    steps = [step for step in vars(PREFECT).values() if step is not PREFECT.shut_down]
    assert len(steps) >= 10
    assert all(step.fn.__wrapped__ for step in steps)
    assert PREFECT.shut_down.__wrapped__  # type: ignore[attr-defined]
    assert all(step.retry_condition_fn is is_worth_retrying for step in steps if step.retries)
