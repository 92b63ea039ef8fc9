"""What Prefect's page shows of a session while it is traded; no order ever waits for it."""

from __future__ import annotations

import asyncio

from prefect import get_run_logger
from prefect.artifacts import acreate_table_artifact

from blocks.account.names import account_words
from blocks.process.secret_mask import MASK
from flows.pages.artifact_keys import artifact_key
from flows.pages.goodwill import TROUBLES
from flows.pages.live_page import LivePage
from flows.pages.session_tables import Table, decisions_table, positions_table
from flows.pages.status import broker_line
from tasks.session.runtime import RUNTIMES, SessionRuntime
from trading.counted import counted
from trading.engine.tapes.trade_tape import FILLS
from trading.market.calendar import exchange_timezone

LOOK_EVERY_SECONDS = 1.0
# How long Prefect may take to keep both tables.
PATIENCE_SECONDS = 10.0
# The same at the very end, and where the session was stopped: a worker kills after 30 s.
LAST_SECONDS, LAST_WHEN_STOPPED_SECONDS = 20.0, 3.0
_Seen = tuple[str, int, bool, bool]


class SessionPage:
    """Keeps the artifacts `decisions` and `positions` of a session as they are.

    It looks between the steps, in the loop that they leave free while they wait: what changed is
    copied at once, and Prefect is told in a task that nobody waits for. What Prefect does not take
    in time is tried again.
    """

    def __init__(self, live_page: LivePage) -> None:
        self._live_page = live_page
        self._runtime: SessionRuntime | None = None
        self._shown: _Seen | None = None
        self._watching: asyncio.Task[None] | None = None
        self._has_failed = False

    def look(self, runtime: SessionRuntime) -> None:
        """Hear of a session whose bar is over; from then on it is watched to its end."""
        self._runtime = runtime
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    async def finish(self, patience_seconds: float = LAST_SECONDS) -> None:
        """Show how the last session ended, if Prefect takes it in time."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching}, timeout=patience_seconds)
        if self._runtime is not None:
            await self._show(self._runtime, patience_seconds)

    async def _watch(self) -> None:
        while (runtime := self._runtime) is not None:
            await self._show(runtime)
            if RUNTIMES.get(runtime.name) is not runtime:
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _show(
        self, runtime: SessionRuntime, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        state = runtime.state
        fills = int(state.tape.counts[FILLS])
        seen = runtime.name, fills, state.halt.is_halted, state.is_closed
        if seen == self._shown:
            return
        decisions, positions = decisions_table(runtime), positions_table(runtime)
        try:
            async with asyncio.timeout(patience_seconds):
                await self._keep(runtime, decisions, positions)
        except TROUBLES as error:
            if not self._has_failed:
                why = str(error) or type(error).__name__
                get_run_logger().warning("Prefect's page is behind: %s", MASK.text(why))
            self._has_failed = True
            return
        self._shown, self._has_failed = seen, False

    async def _keep(self, runtime: SessionRuntime, decisions: Table, positions: Table) -> None:
        account = runtime.ledger.account
        named = account_words(account, has_simulated_bars=runtime.market.is_simulated)
        whose = f"account {named}, session {runtime.name}"
        view = runtime.seen.view
        broker = "" if view is None else f"; {broker_line(view.as_dict())}"
        links = self._live_page.links(account, runtime.session.date)
        where = f". {links}" if links else ""
        zone = exchange_timezone(runtime.plan.exchange).key
        held = counted(len(positions), "position", none="No")
        await acreate_table_artifact(
            decisions,
            key=artifact_key(account, "decisions"),
            description=f"What each symbol of {whose} did, and why; times of {zone}{where}",
        )
        await acreate_table_artifact(
            positions,
            key=artifact_key(account, "positions"),
            description=f"{held} of {whose}{broker}{where}",
        )
