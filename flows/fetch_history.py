"""fetch-history: after each session its bars, and what else the archive lacks, are fetched."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from blocks.process.clocks import SystemClock
from flows.pages.goodwill import prefect_permitting
from flows.process.name_run import name_run
from flows.process.outcome import failed
from flows.process.run_names import span_name
from flows.process.settings import begin_process
from flows.session.request import DEFAULT_SYMBOLS
from tasks.history.fetch import HistoryRequest, rows_of, summary_of
from tasks.prefect_tasks import fetch_whole_history
from trading.errors import OpenbellError
from trading.market.calendar import exchange_named

# What Yahoo keeps of 1-minute bars; of longer ones it keeps twice as much.
DAYS = 28


@flow(name="fetch-history", persist_result=False)
async def fetch_history(
    symbols: list[str] = list(DEFAULT_SYMBOLS),  # noqa: B006
    start: date | None = None,
    end: date | None = None,
    days: Annotated[int, Field(ge=1)] = DAYS,
    interval_minutes: int = 5,
    exchange: str = "NYSE",
    provider: Literal["chain", "alpaca", "yahoo", "finnhub"] = "chain",
    data_dir: str = "data",
) -> State[None]:
    """Fetch the bars of past sessions that the archive does not hold for good.

    Args:
        symbols: Whose bars
        start: First session; empty goes by days
        end: Last session; empty is today
        days: So many days before the end, without a start
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes, 1440 for daily bars
        exchange: Whose calendar says when sessions are
        provider: Who is asked; chain asks those of PROVIDERS that have what they need, in order
        data_dir: The folder of the accounts and the archive
    """
    configured = begin_process(data_dir)
    clock = SystemClock()
    last = end or clock.now().date()
    request = HistoryRequest(
        symbols=tuple(symbols),
        start=start or last - timedelta(days=days),
        end=last,
        exchange=exchange_named(exchange),
        interval_minutes=interval_minutes,
        provider=provider,
        data_dir=Path(data_dir),
        access=configured.data.access(),
    )
    await name_run(span_name("bars of", request.symbols, request.start, request.end))
    try:
        outcome = fetch_whole_history(request, clock)
    except OpenbellError as error:
        return failed(error)
    async with prefect_permitting("the history"):
        await acreate_table_artifact(
            rows_of(outcome.coverage),
            key="history",
            description="\n\n".join([*outcome.notes, summary_of(outcome)]),
        )
    return Completed(message=summary_of(outcome))
