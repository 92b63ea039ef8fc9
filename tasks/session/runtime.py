"""What one session holds while it runs; live objects stay here and out of Prefect's parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.outbox_drain import DrainThread
from blocks.messages.session_notifier import SessionNotifier
from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import SessionTelemetry
from trading.market.bars import BarRows
from trading.market.calendar import Grid, Session
from trading.plan import RunPlan
from trading.session.events import BarClosed
from trading.session.ports import Clock, Exchange, MarketData, Storage
from trading.session.state import SessionState


@dataclass
class SessionRuntime:
    """The parts of a session, chosen by `flows.session.account`, and the bar being worked on."""

    account: str
    plan: RunPlan
    session: Session
    grid: Grid
    clock: Clock
    market: MarketData
    exchange: Exchange
    ledger: DuckDBLedger
    notifier: SessionNotifier
    storage: Storage
    state: SessionState
    desk: OrderDesk
    epoch: int
    settle_seconds: float = 0.0
    is_real_time: bool = False
    tend_seconds: float = 2.0
    on_shutdown: str = "hold"
    should_stop: StopRequest = field(default_factory=StopRequest)
    seen_command: int = 0
    drain: DrainThread | None = None
    blocked: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    rows: BarRows | None = None
    bar: BarClosed | None = None
    telemetry: SessionTelemetry | None = None
    fetch_seconds: float = 0.0
    # When a bar was last written for people, as the monotonic clock tells.
    shown_at: float = -math.inf
    noted_trades: int = 0
    # Why telemetry cannot be written, "" while it can.
    untold: str = ""

    @property
    def name(self) -> str:
        """Return the session's date as text, its name everywhere."""
        return self.session.date.isoformat()

    def bar_start(self, bar: int) -> datetime:
        """Return a bar's START."""
        return self.session.bar_start(bar, self.plan.interval_minutes)

    def bar_end(self, bar: int) -> datetime:
        """Return a bar's END."""
        return self.session.bar_end(bar, self.plan.interval_minutes)

    def is_missed(self, bar: int) -> bool:
        """Return whether it is too late to act on a bar: the next one is over as well."""
        interval = timedelta(minutes=self.plan.interval_minutes)
        grace = timedelta(seconds=self.settle_seconds)
        return self.clock.now() >= self.bar_end(bar) + interval + grace


# Sessions that run in this process, by account and date; a process runs one at a time.
RUNTIMES: dict[str, SessionRuntime] = {}
