"""trade-session: one trading session as a Prefect flow, a subflow for each bar."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Literal

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed

from blocks.account.names import MOCK
from blocks.process.clocks import SystemClock
from blocks.process.secret_mask import MASK
from blocks.process.stop_request import StopRequest
from blocks.settings.broker import BrokerSettings
from flows.pages.artifacts import publish_session, session_message
from flows.pages.goodwill import prefect_permitting
from flows.pages.live_page import LivePage
from flows.pages.session_page import LAST_WHEN_STOPPED_SECONDS, SessionPage
from flows.process.name_run import name_run
from flows.process.outcome import failed, skipped
from flows.process.run_names import session_name
from flows.process.settings import begin_process
from flows.process.words import REPLAY_TAG
from flows.session.account.other_holder import TradedByAnother
from flows.session.account.own_terms import on_its_own_terms_if_readable
from flows.session.account.saved_parts import saved_parts
from flows.session.asked_in_form import FormValues, asked_in_form
from flows.session.prefect_bar import PrefectRunner
from flows.session.request import DEFAULT_SYMBOLS, SessionRequest
from flows.session.run_account import run_account
from flows.session.start_guard import reason_not_to_start
from trading.counted import counted
from trading.errors import BadInput, OpenbellError
from trading.market.calendar import exchange_named, next_session
from trading.market.listings import listed_elsewhere
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy


@flow(name="trade-session", persist_result=False)
async def trade_session(
    replay: str | None = None,
    ruleset: str | None = None,
    symbols: list[str] = list(DEFAULT_SYMBOLS),  # noqa: B006
    bars: str | None = None,
    daily_bars: str | None = None,
    market: Literal["simulated", "live"] = "simulated",
    interval_minutes: int = 5,
    capital: float = 10_000.0,
    exchange: str = "NYSE",
    strategy: AnyStrategy = OrbParameters(),  # noqa: B008
    risk: RiskParameters = RiskParameters(),  # noqa: B008
    fills: FillParameters = FillParameters(),  # noqa: B008
    gate: GateParameters = GateParameters(),  # noqa: B008
    speed: float | None = None,
    dry_run: bool = False,
    shadow: bool = False,
    broker: Literal["settings", "mock"] = "settings",
    on_shutdown: Literal["flatten", "hold"] = "flatten",
    data_dir: str | None = None,
) -> State[None]:
    """Trade one session, now or replayed, from warm-up to the daily summary.

    Args:
        replay: DATE or DATE:DATE, such as 2025-06-10; empty trades now
        ruleset: Name of a ruleset, such as conservative; what stands at its default below gives way
        symbols: In order of precedence: earlier ones have the first claim on cash and places
        bars: File of bars; empty takes those of market
        daily_bars: File of daily bars, such as data/bars/1d; empty makes them of the bars
        market: Without a file: live has bars of the providers, simulated those of no real market
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        capital: Of a new account, USD; one that is there keeps its money
        exchange: Whose calendar says when sessions are, such as NYSE, NASDAQ, LSE or TSX
        strategy: When a position is entered, and how it is left; file is one of your own
        risk: How much may be risked, and when it stops for the day
        fills: What the simulated exchange charges, and how much of a bar it gives
        gate: Which bars are not believed, and at which nothing is entered; 0 turns a check off
        speed: Replayed seconds per second; empty replays at once
        dry_run: Decide and record, send nothing
        shadow: With a broker's account before its eyes: fill as the market would, send it nothing
        broker: Who fills the orders: as BROKER_TYPE says, or mock, the simulated venue
        on_shutdown: When it is stopped in mid-session: flatten leaves everything, hold keeps it
        data_dir: The folder of the accounts; empty is what the ledger block says
    """
    should_stop = StopRequest()
    with should_stop.listening(signal.SIGTERM, signal.SIGINT):
        configured = begin_process(data_dir)
        parts = replace(
            await saved_parts(data_dir, bars, configured, is_live=market == "live"),
            daily_bars=Path(daily_bars) if daily_bars else None,
        )
        if broker == MOCK:
            parts = replace(parts, broker=BrokerSettings())
        form = FormValues(
            strategy=strategy.model_dump(mode="json"),
            groups={
                "risk": risk.model_dump(mode="json"),
                "fills": fills.model_dump(mode="json"),
                "gate": gate.model_dump(mode="json"),
            },
            ruleset=ruleset,
            symbols=tuple(symbols),
            interval_minutes=interval_minutes,
        )
        asked = asked_in_form(form, configured, parts.data_dir)
        request = SessionRequest(
            parts=parts,
            replay=replay,
            symbols=asked.symbols,
            interval_minutes=asked.interval_minutes,
            capital=capital,
            exchange=exchange_named(exchange),
            settings=asked.settings,
            strategy_module=asked.strategy_module,
            unfit=asked.unfit,
            speed=speed,
            dry_run=dry_run,
            shadow=shadow,
            on_shutdown=on_shutdown,
        )
        live_page = LivePage.of(configured.api, request.data_dir)
        return await _trade(request, should_stop, live_page)


async def _trade(
    request: SessionRequest, should_stop: StopRequest, live_page: LivePage
) -> State[None]:
    page = SessionPage(live_page)
    try:
        asked, request = request, on_its_own_terms_if_readable(request)
        await name_run(session_name(_days(request), request.account))
        if request.replay is None:
            if REPLAY_TAG in flow_run.get_tags():
                raise BadInput(
                    "a replay needs a date, and would trade now without one",
                    "Fill in replay, for example 2025-06-10, or run trade-session/paper",
                )
            reason = reason_not_to_start(
                request.exchange, flow_run.get_scheduled_start_time(), SystemClock().now()
            )
            if reason and request.exchange != asked.exchange and request.unfit is not None:
                # Said at each of its times, for no session of the account is begun.
                raise request.unfit
            if reason:
                return skipped(reason)
        for line in listed_elsewhere(request.symbols, request.exchange):
            get_run_logger().warning(line)
        closed = await run_account(request, PrefectRunner(page.look), should_stop, patiently=True)
    except TradedByAnother as error:
        return skipped(str(error))
    except OpenbellError as error:
        if should_stop():
            # Somebody wanted the end: in red it would be started again.
            return Cancelled(message=MASK.text(f"Stopped when asked to, but not in order: {error}"))
        return failed(error)
    if should_stop():
        await page.finish(LAST_WHEN_STOPPED_SECONDS)
        return Cancelled(message="Stopped when asked to; a retry goes on while the session lasts")
    await page.finish()
    return Completed(message=await _show(request, closed, live_page))


def _days(request: SessionRequest) -> str:
    """Return the day of the session that is traded, or the days of a replay."""
    if request.replay is not None:
        return request.replay
    due = flow_run.get_scheduled_start_time()
    return next_session(request.exchange, due).date.isoformat()


async def _show(request: SessionRequest, closed: int, live_page: LivePage) -> str:
    """Publish what came out; a session that is over does not fail for want of a picture."""
    said = f"{counted(closed, 'session')} of account {request.account} closed"
    async with prefect_permitting("the session"):
        said = session_message(request, closed)
        await publish_session(request, live_page)
    return said
