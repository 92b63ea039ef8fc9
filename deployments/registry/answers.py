"""What a server's answers mean when it is busy, gone, or of another opinion.

Imports Prefect, as `register` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from prefect.exceptions import PrefectHTTPStatusError

from deployments.server.prefect_connection import PATIENT_PAUSES_S
from trading.errors import BadInput, OpenbellError, SourceUnavailable

Answer = TypeVar("Answer")


async def unless_busy(step: Callable[[], Awaitable[Answer]]) -> Answer:
    """Try a step again while the server's database is locked by others, which is soon over."""
    for pause_s in PATIENT_PAUSES_S:
        try:
            return await step()
        except PrefectHTTPStatusError as error:
            if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise
        await asyncio.sleep(pause_s)
    return await step()


@contextmanager
def in_one_line() -> Iterator[None]:
    """Raise what a server refuses, or does not answer, as an error with its hint."""
    try:
        yield
    except PrefectHTTPStatusError as error:
        raise _refusal(error) from error
    except (httpx.TransportError, RuntimeError) as error:
        raise SourceUnavailable(
            f"the Prefect server does not answer: {error}",
            "Start it with: openbell up",
        ) from error


def _refusal(error: PrefectHTTPStatusError) -> OpenbellError:
    code = error.response.status_code
    if error.response.is_server_error:
        return SourceUnavailable(
            f"the Prefect server answers {code}: {error.response.text[:200]}",
            "Look at its log; a database that is busy or gone is the usual cause",
        )
    if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return BadInput(
            f"the Prefect server answers {code}: it does not know who asks",
            "Set PREFECT_API_AUTH_STRING to what it was started with, or PREFECT_API_KEY",
        )
    return BadInput(
        f"the Prefect server refused a deployment: {error.response.text[:500]}",
        "Compare prefect.yaml with the flow's parameters",
    )
