"""What Prefect's page is told is told in its own time, and fails no run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prefect import get_run_logger
from prefect.exceptions import PrefectException

from blocks.process.secret_mask import MASK
from trading.errors import OpenbellError

PATIENCE_SECONDS = 60.0
# A server that is away, silent, busy or of another opinion; and what a store has to say of it.
TROUBLES = (OpenbellError, OSError, RuntimeError, httpx.HTTPError, PrefectException)


@asynccontextmanager
async def prefect_permitting(what: str) -> AsyncIterator[None]:
    """Do what shows `what` for as long as Prefect may take; say so where it cannot be shown."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except TROUBLES as error:
        why = str(error) or f"it took longer than {PATIENCE_SECONDS:.0f} s"
        get_run_logger().warning("%s cannot be shown: %s", what, MASK.text(why))
