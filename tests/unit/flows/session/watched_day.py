"""A market that never closes, traded under a clock of our own that asks health every five seconds.

Nothing sleeps: the clock jumps by five seconds at a time, and what asks waits for no lock.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.account.reader import AccountReader
from blocks.health.checks import Component
from blocks.health.health import HealthCheck, HealthReport
from blocks.ledger import lease
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.stop_request import StopRequest
from blocks.telemetry import telemetry
from flows.session import run_account as run_account_module
from flows.session.account import account as account_module
from flows.session.account import other_holder
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.session import telemetry as steps_telemetry
from trading.errors import SourceUnavailable
from trading.market.calendar import Session
from trading.plan import RunPlan

ACCOUNT = "simulated"
STEP = timedelta(seconds=5)
SETTLE_SECONDS = 5.0
NEW = timedelta(seconds=60)
MODULES = (account_module, run_account_module, other_holder, telemetry, steps_telemetry, lease)
# A session that keeps a store from us for a whole look does so while it waits for something.
WAIT_SECONDS = 5.0


class WatchedClock:
    """Time that passes in steps of five seconds, each of them seen by who watches."""

    def __init__(self, begin: datetime, watch: Callable[[datetime], None]) -> None:
        self._now = begin
        self._watch = watch

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        if (moment - self._now).total_seconds() > at_most_seconds:
            moment = self._now + timedelta(seconds=at_most_seconds)
        self.pass_until(moment)

    def pass_until(self, moment: datetime) -> None:
        while self._now < moment:
            self._now = min(self._now + STEP, moment)
            self._watch(self._now)


class SlowMarket(SimulatedMarketData):
    """Bars that take some seconds to come, as those of a provider do; those long over do not."""

    clock: WatchedClock
    seconds = 7.0
    is_silent: Callable[[], bool]

    def rows(self, symbols: Any, session: Session, start: datetime, end: datetime) -> Any:
        if self.is_silent():
            raise SourceUnavailable("the market is silent", "Wait")
        if self.clock.now() - end < NEW:
            self.clock.pass_until(self.clock.now() + timedelta(seconds=self.seconds))
        return super().rows(symbols, session, start, end)


class WatchedParts(PlainParts):
    """Parts of a market that takes its time, as a day has them."""

    day: WatchedDay

    @property
    def tend_seconds(self) -> float:
        return self.day.tend_seconds

    def market(self, plan: RunPlan, *, is_replay: bool) -> SlowMarket:
        market = SlowMarket(plan.symbols, plan.exchange, plan.interval_minutes, self.seed)
        market.clock, market.is_silent = self.day.clock, lambda: self.day.is_silent
        return market


class WatchedDay:
    """An account whose health is noted at each step of its clock.

    The exchange is looked at once a bar, unless a test wants it more often; the source of bars
    `is_silent` from when a test says so.
    """

    tend_seconds = 3600.0
    is_silent = False
    exchange = "24/7"

    def __init__(self, folder: Path, interval_minutes: int, begin: str) -> None:
        self.folder = folder
        self.interval_minutes = interval_minutes
        self.reports: list[HealthReport] = []
        self.events: list[tuple[datetime, Callable[[], object]]] = []
        self.clock = WatchedClock(datetime.fromisoformat(begin).replace(tzinfo=UTC), self.look)
        self.reader = AccountReader(folder, ACCOUNT, WAIT_SECONDS)
        self.check = self.new_check()

    def new_check(self) -> HealthCheck:
        began = self.clock.now()
        return HealthCheck(self.reader, SETTLE_SECONDS, self.exchange, began)

    def at(self, moment: str, event: Callable[[], object]) -> datetime:
        """Let something happen at a moment; return that."""
        when = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        self.events.append((when, event))
        return when

    def look(self, now: datetime) -> None:
        for due in [event for event in self.events if event[0] <= now]:
            self.events.remove(due)
            due[1]()
        self.reports.append(self.check.look(now))

    def trade(self, until: str, *, forever: bool = False) -> int:
        """Trade as one process does, until a bar after a moment is done; return sessions closed."""
        should_stop = StopRequest()
        end = datetime.fromisoformat(until).replace(tzinfo=UTC)

        def count(session: Session, bar: int, bars: int) -> None:
            should_stop.requested = self.clock.now() >= end

        parts = WatchedParts(self.folder)
        object.__setattr__(parts, "day", self)
        request = SessionRequest(
            parts,
            symbols=("AAA",),
            interval_minutes=self.interval_minutes,
            exchange=self.exchange,
            settings={"range_minutes": max(5, self.interval_minutes)},
        )
        return asyncio.run(
            run_account(request, should_stop=should_stop, progress=count, forever=forever)
        )

    def not_healthy(self) -> list[str]:
        """Return what was said in all the reports that were not well, each once."""
        found = [f"{r.checked_at:%d %H:%M:%S} {r.level} {r.reasons}" for r in self.reports if r.bad]
        return found[:5]

    def components(self, name: str) -> Iterator[tuple[datetime, Component]]:
        """Return how a component was at each look."""
        for report in self.reports:
            yield from ((report.checked_at, c) for c in report.components if c.name == name)


@contextmanager
def under_its_clock(day: WatchedDay, patch: pytest.MonkeyPatch) -> Iterator[WatchedDay]:
    """Let everything that asks the machine's clock for the time ask the day's."""

    class At(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return day.clock.now()

    with patch.context() as patched:
        for module in MODULES:
            patched.setattr(module, "datetime", At)
        patched.setattr(account_module, "SystemClock", lambda: day.clock)
        yield day
