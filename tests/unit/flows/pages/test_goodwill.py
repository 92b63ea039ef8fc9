"""A page that cannot be shown fails no run that is over."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from flows.pages import goodwill
from flows.pages.goodwill import prefect_permitting
from trading.errors import StoreUnavailable

TROUBLES = (
    httpx.ConnectError("nobody there"),
    RuntimeError("no context"),
    StoreUnavailable("ledger is locked", "Wait"),
)


@pytest.fixture(autouse=True)
def plain_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goodwill, "get_run_logger", logging.getLogger)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda error: type(error).__name__)
def test_trouble_with_the_page_is_a_warning(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def show() -> str:
        async with prefect_permitting("the day"):
            raise trouble
        return "over"

    assert asyncio.run(show()) == "over"
    assert "the day cannot be shown" in caplog.text


def test_a_server_that_never_answers_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(goodwill, "PATIENCE_SECONDS", 0.01)

    async def show() -> str:
        async with prefect_permitting("the day"):
            await asyncio.Event().wait()
        return "over"

    assert asyncio.run(show()) == "over"
    assert "the day cannot be shown" in caplog.text
