"""What the live routes answer, field by field: money in USD, times in UTC."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, Self

from blocks.account.day.bars import ConsumedBar, Levels, NewestBar
from blocks.account.day.decisions import Decision, ReasonCount
from blocks.account.day.entries import Entry
from blocks.account.day.equity import DayResult, EquityPoint
from blocks.account.day.fills import SessionFill
from blocks.account.day.messages import SessionMessage
from blocks.account.day.phase import Phase
from blocks.ledger.parity.tables import ParityRow
from blocks.live.held import HaltAnswer, PositionAnswer
from blocks.records.fields import Moment, Record, Symbol
from blocks.records.order import Order
from blocks.records.trade import Trade


class Problem(Record):
    """Why there is nothing to show, and what to do."""

    what: str
    hint: str


class ClockAnswer(Record):
    """What time it is for the account: `now` is a replay's own time where `is_replayed`.

    `machine` is this machine's clock, `warning` why it is not to be trusted.
    """

    now: Moment
    machine: Moment
    zone: str
    is_replayed: bool
    warning: str


class SessionHours(Record):
    """A session of the exchange's calendar."""

    session: date
    opens: Moment
    closes: Moment


class PlanAnswer(Record):
    """What a session is traded with; `values` is the whole plan without its symbols."""

    strategy: str
    symbols: int
    interval_minutes: float
    source: str
    is_simulated: bool
    changed_in: date | None
    changes: list[str]
    values: dict[str, Any]


class SessionAnswer(Record):
    """Today's session; `sentence` says in words where in its day it is.

    `shown` is the session that equity, orders and decisions are of: today's, or the last one.
    """

    today: date | None
    shown: date | None
    phase: Phase
    sentence: str
    closure: str
    hours: SessionHours | None
    next_bar: Moment | None
    next_session: SessionHours | None
    clock: ClockAnswer
    plan: PlanAnswer | None


class Age(StrEnum):
    """Whether the last bar is as new as it may be."""

    NOT_EXPECTED = "not_expected"
    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


class LastBarAnswer(Record):
    """The bar that was consumed last, and how old that is.

    `counts_from` is the moment from which its age is counted, None where none is expected; it is
    late `late_after_s` seconds afterwards and stale after `stale_after_s`.
    """

    number: int | None
    start: Moment | None
    end: Moment | None
    arrived: Moment | None
    interval_s: float
    age: Age
    counts_from: Moment | None
    late_after_s: float
    stale_after_s: float
    sentence: str


class LatchAnswer(Record):
    """How far equity is above the day's loss limit; `distance_pct` a fraction of the baseline.

    `baseline` is the equity at the open and `limit` where trading ends for the day, USD.
    """

    baseline: float
    limit: float | None
    distance: float | None
    distance_pct: float | None
    is_reached: bool
    sentence: str


class EquityAnswer(Record):
    """The account's worth in the session that is shown, bar by bar, and of each session."""

    shown: date | None
    equity: float | None
    day_pnl: float | None
    day_pnl_pct: float | None
    latch: LatchAnswer | None
    curve: list[EquityPoint]
    days: list[DayResult]


class SymbolAnswer(Record):
    """A symbol of the session: its newest close and the change since its first bar's open.

    `upper` and `lower` are the strategy's levels at the newest bar, USD.
    """

    symbol: Symbol
    close: float | None
    change: float | None
    held: int
    reason: str
    words: str
    upper: float | None
    lower: float | None


class ParityAnswer(Record):
    """What the replay of a session from its journal found; None where it was not asked."""

    session: date
    checked_at: Moment
    verdict: str
    decisions: int
    intents: int
    differences: int
    late: int | None
    revised: int | None
    missing: int | None
    decisions_changed: int | None
    trades_changed: int | None
    fills: int
    shortfall_bps: float | None
    shortfall_usd: float
    note: str

    @classmethod
    def of(cls, row: ParityRow) -> Self:
        """Return a row of the ledger as the API tells of it."""
        return cls(**{name: value for name, value in row._asdict().items() if name in FIELDS})


FIELDS = frozenset(ParityAnswer.model_fields)


class ComponentAnswer(Record):
    """One thing that health looks at."""

    name: str
    status: str
    reason: str
    since: Moment | None
    hint: str


class HealthAnswer(Record):
    """How the account is, and why not well; the worst component first."""

    status: str
    sentence: str
    components: list[ComponentAnswer]


class BarsAnswer(Record):
    """A symbol's candles of a session as it consumed them, with levels, fills and its position."""

    session: date
    symbol: Symbol
    interval_minutes: float
    opens: Moment
    closes: Moment
    level_names: tuple[str, str]
    bars: list[ConsumedBar]
    levels: list[Levels]
    fills: list[SessionFill]
    trades: list[Trade]
    position: PositionAnswer | None


class DayAnswer(Record):
    """A session that was begun: how it went, what it did and why."""

    account: str
    account_words: str
    session: date
    hours: SessionHours
    is_closed: bool
    result: DayResult | None
    latch: LatchAnswer | None
    plan: PlanAnswer
    curve: list[EquityPoint]
    symbols: list[Symbol]
    trades: list[Trade]
    orders: list[Order]
    fills: list[SessionFill]
    entries: list[Entry]
    messages: list[SessionMessage]
    parity: ParityAnswer | None
    before: date | None
    after: date | None


class OtherAccount(Record):
    """Another account of the data folder: what it is called, and the path of its own page."""

    name: str
    words: str
    address: str


class LiveAnswer(Record):
    """Everything that the page shows, of one moment; `problem` says why there may be nothing.

    `account_words` is the account's name, and whether its bars are simulated or its money is real.
    """

    account: str | None
    account_words: str
    others: list[OtherAccount]
    problem: Problem | None
    session: SessionAnswer
    health: HealthAnswer
    halt: HaltAnswer | None
    last_bar: LastBarAnswer
    equity: EquityAnswer
    positions: list[PositionAnswer]
    symbols: list[SymbolAnswer]
    entries: list[Entry]
    decisions: list[Decision]
    reasons: list[ReasonCount]
    orders: list[Order]
    trades: list[Trade]
    fills: list[SessionFill]
    messages: list[SessionMessage]
    parity: list[ParityAnswer]
    newest_bar: NewestBar | None
