"""A market that never closes, traded under a clock of our own that asks health every five seconds.

Nothing sleeps: the clock jumps by five seconds at a time, and what asks waits for no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.account.health import HealthCheck, HealthReport
from blocks.account.reader import AccountReader
from blocks.ledger import lease
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.stop_request import StopRequest
from blocks.telemetry import telemetry
from flows.session import account as account_module
from flows.session import other_holder
from flows.session import run_account as run_account_module
from flows.session.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.market.calendar import Session
from trading.plan import RunPlan

ACCOUNT = "simulated"
STEP = timedelta(seconds=5)
SETTLE_SECONDS = 5.0
NEW = timedelta(seconds=60)
# A session that keeps a store from us for a whole look does so while it waits for something.
WAIT_SECONDS = 5.0


class WatchedClock:
    """Time that passes in steps of five seconds, each of them seen by who watches."""

    def __init__(self, begin: datetime, watch: Callable[[datetime], None]) -> None:
        self._now = begin
        self._watch = watch

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        self.pass_until(moment)

    def pass_until(self, moment: datetime) -> None:
        while self._now < moment:
            self._now = min(self._now + STEP, moment)
            self._watch(self._now)


class SlowMarket(SimulatedMarketData):
    """Bars that take some seconds to come, as those of a provider do; those long over do not."""

    clock: WatchedClock
    seconds = 7.0

    def rows(self, symbols: Any, session: Session, start: datetime, end: datetime) -> Any:
        if self.clock.now() - end < NEW:
            self.clock.pass_until(self.clock.now() + timedelta(seconds=self.seconds))
        return super().rows(symbols, session, start, end)


class WatchedParts(PlainParts):
    """Parts of a market that takes its time; the exchange is looked at once a bar."""

    clock: WatchedClock

    @property
    def tend_seconds(self) -> float:
        return 3600.0

    def market(self, plan: RunPlan, *, is_replay: bool) -> SlowMarket:
        market = SlowMarket(plan.symbols, plan.exchange, plan.interval_minutes, self.seed)
        market.clock = self.clock
        return market


class WatchedDay:
    """A paper account whose health is noted at each step of its clock."""

    def __init__(self, folder: Path, interval_minutes: int, begin: str) -> None:
        self.folder = folder
        self.interval_minutes = interval_minutes
        self.reports: list[HealthReport] = []
        self.clock = WatchedClock(datetime.fromisoformat(begin).replace(tzinfo=UTC), self.look)
        self.reader = AccountReader(folder, ACCOUNT, WAIT_SECONDS)
        self.check = self.new_check()

    def new_check(self) -> HealthCheck:
        began = self.clock.now()
        return HealthCheck(self.reader, SETTLE_SECONDS, "24/7", began)

    def look(self, now: datetime) -> None:
        self.reports.append(self.check.look(now))

    def trade(self, until: str, *, forever: bool = False) -> int:
        """Trade as one process does, until a bar after a moment is done; return sessions closed."""
        should_stop = StopRequest()
        end = datetime.fromisoformat(until).replace(tzinfo=UTC)

        def count(session: Session, bar: int, bars: int) -> None:
            should_stop.requested = self.clock.now() >= end

        parts = WatchedParts(self.folder)
        object.__setattr__(parts, "clock", self.clock)
        request = SessionRequest(
            parts, symbols=("AAA",), interval_minutes=self.interval_minutes, exchange="24/7"
        )
        return asyncio.run(
            run_account(request, should_stop=should_stop, progress=count, forever=forever)
        )

    def not_healthy(self) -> list[str]:
        """Return what was said in all the reports that were not well, each once."""
        found = [f"{r.checked_at:%d %H:%M:%S} {r.level} {r.reasons}" for r in self.reports if r.bad]
        return found[:5]

    def components(self, name: str) -> Iterator[tuple[datetime, Any]]:
        for report in self.reports:
            for component in report.components:
                if component.name == name:
                    yield report.checked_at, component


@contextmanager
def under_its_clock(day: WatchedDay, patch: pytest.MonkeyPatch) -> Iterator[WatchedDay]:
    """Let everything that asks the machine's clock for the time ask the day's."""

    class At(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return day.clock.now()

    with patch.context() as patched:
        for module in (account_module, run_account_module, other_holder, telemetry, lease):
            patched.setattr(module, "datetime", At)
        patched.setattr(account_module, "SystemClock", lambda: day.clock)
        yield day


def day_of(moment: datetime) -> date:
    return moment.date()
