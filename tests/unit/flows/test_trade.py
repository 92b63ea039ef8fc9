"""How the flow of a session ends, as Prefect's page and the supervisor see it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from blocks.process.stop_request import StopRequest
from flows import trade
from flows.pages.live_page import LivePage
from flows.process.words import BAD_INPUT
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from trading.errors import BadInput, LeaseLost, OpenbellError, SourceUnavailable, StoreUnavailable

ERRORS = (
    StoreUnavailable("ledger is locked", "Wait"),
    SourceUnavailable("provider is away", "Wait"),
    BadInput("no such column", "Mend it"),
    LeaseLost("traded elsewhere", "Wait"),
)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("is_wanted", [True, False])
def test_an_error_while_a_session_is_stopped_does_not_make_the_stop_a_failure(
    error: OpenbellError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_wanted: bool
) -> None:
    should_stop = StopRequest()

    async def break_off(*arguments: object, **named: object) -> int:
        should_stop.requested = is_wanted
        raise error

    monkeypatch.setattr(trade, "run_account", break_off)
    request = SessionRequest(PlainParts(tmp_path), replay="2025-06-10")
    ended = asyncio.run(
        trade._trade(request, should_stop, LivePage("http://127.0.0.1:8085/", tmp_path))
    )
    assert ended.type.value == ("CANCELLED" if is_wanted else "FAILED")
    assert error.what in str(ended.message)
    assert str(ended.message).startswith(BAD_INPUT) == (
        isinstance(error, BadInput) and not is_wanted
    )
