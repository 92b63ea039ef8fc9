"""How a flow keeps, shows and ends work that has a folder of its own, such as a sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from blocks.results.run_folder import give_back, run_folder
from flows.pages.goodwill import prefect_permitting
from flows.pages.live_page import LivePage
from flows.process.outcome import failed
from flows.process.termination import termination_kept
from trading.errors import OpenbellError

Report = TypeVar("Report")


def own_run_folder(root: Path) -> Path:
    """Return the folder of this run's results, the one that it had where it is tried again."""
    return run_folder(root, str(flow_run.get_name() or "terminal"), flow_run.get_id())


def kept_work(
    root: Path,
    what: str,
    work: Callable[[Path], Report],
    publish: Callable[[Report, Path, LivePage], Awaitable[None]],
    live_page: LivePage,
    message: Callable[[Report, Path, LivePage], str],
) -> State[None]:
    """Work into a folder in `root`, show `what` came of it, and say it.

    A run that is tried again goes on in its folder with what is finished there. `live_page` is
    where a browser is shown what the folder holds.
    """
    try:
        out = own_run_folder(root)
    except OpenbellError as error:
        return failed(error)
    try:
        with termination_kept():
            report = work(out)
    except OpenbellError as error:
        return failed(error)
    finally:
        give_back(out)
    asyncio.run(_show(what, publish(report, out, live_page)))
    return Completed(message=message(report, out, live_page))


async def _show(what: str, publishing: Awaitable[None]) -> None:
    async with prefect_permitting(what):
        await publishing
