"""With which plan a session is traded: that of its own first row, else the present settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from blocks.ledger.ledger import DuckDBLedger
from blocks.strategy_file import keep_strategy, kept_strategy
from trading.errors import BadInput
from trading.market.calendar import sessions_between
from trading.plan import BUILT_IN, RunPlan
from trading.plan_record import (
    changes_between,
    plan_from,
    record_of,
    with_earlier_daily_bars,
)
from trading.session.first_row import first_row, session_of
from trading.session.inheritance import carried_to, outstanding_in, unknown_in
from trading.session.journalled import follow
from trading.session.state import SessionState

if TYPE_CHECKING:
    from blocks.bars.daily_bars import DailyFile

# What an indicator reads; where one of these is another, the bars behind it count no more.
_OF_INDICATORS = ("interval_minutes", "source", "seed")


@dataclass(frozen=True)
class Beginning:
    """A session's plan, and what it takes over; `record` is the plan as its first row keeps it.

    `inheritance` is None for a session that was begun before, and for an account's first one, and
    `daily` for a session that was begun before, and where daily bars are made of the others.
    `fresh` are the symbols whose indicators begin from history, `changes` what is another than in
    the session before.
    """

    plan: RunPlan
    record: dict[str, object]
    is_begun: bool = False
    inheritance: dict[str, Any] | None = None
    fresh: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()
    daily: DailyFile | None = None


@dataclass(frozen=True)
class PlanBook:
    """The plans of an account's sessions, and the one that the next is to have.

    `wanted` is what the settings ask for now, of bars of `source`; `strategy_module` is the user's
    own strategy, None for a built-in one. `seed` is that of simulated bars. `unfit` is
    what is wrong with the settings, of which no session is begun then. `read_daily` reads a
    user's daily bars of a plan's symbols, anew for each session: such a file grows by a day.
    """

    ledger: DuckDBLedger
    wanted: RunPlan
    source: str
    strategy_module: ModuleType | None = None
    seed: int | None = None
    unfit: BadInput | None = None
    read_daily: Callable[[RunPlan], DailyFile | None] = lambda _: None
    # By sha256: to load one anew takes 30 ms.
    loaded: dict[str, ModuleType] = field(default_factory=dict)

    def beginning_of(self, session: str) -> Beginning:
        """Return the plan of a session and its inheritance.

        One whose first row is lost has the plan that the ledger noted of its newest session, and
        inherits anew from the session before. Raises BadInput where the strategy file of an earlier
        plan is gone, and for a session that is not begun yet where the settings are unfit.
        """
        record = self.ledger.plan_of(session)
        if record is not None:
            return Beginning(self._plan(record), record, is_begun=True)
        if self.ledger.has_lost_beginning(session):
            return self._begun_again(session)
        if self.unfit is not None:
            raise self.unfit
        before = [name for name, _ in self.ledger.sessions() if name < session]
        if not before:
            plan, daily = self._with_daily(self.wanted, session)
            return Beginning(plan, self._record(plan), daily=daily)
        return self._after(before[-1], session)

    def changes_since(self, session: str) -> list[str]:
        """Return what is wanted now and was another in a session that is over."""
        known = self.ledger.plan_of(session)
        if known is None:
            return []
        is_first = session == self.ledger.sessions()[0][0]
        # Later ones have the capital of the account's beginning, whatever was asked.
        wanted = self.wanted if is_first else replace(self.wanted, capital=float(known["capital"]))
        return changes_between(known, self._record(self._with_daily(wanted, session)[0]))

    def folded(self, session: str) -> SessionState:
        """Return the state of a session as its journal and its plan make it."""
        known = self.ledger.plan_of(session)
        rows = self.ledger.journal_of(session)
        if self.ledger.has_lost_beginning(session):
            # What it traded in is told by its rows; its money and holdings by the session before.
            begun = self._begun_again(session)
            (hours,) = sessions_between(begun.plan.exchange, *[date.fromisoformat(session)] * 2)
            state = SessionState(begun.plan, hours)
            state.apply(first_row(hours, begun.inheritance or state.inheritance(), begun.record))
        else:
            plan = self.wanted if known is None else self._plan(known)
            state = SessionState(plan, session_of(row.event for row in rows))
        follow((row.event for row in rows), state.apply)
        return state

    def _begun_again(self, session: str) -> Beginning:
        """Return the beginning of a session whose first row is lost."""
        record = self.ledger.newest_plan() or self._record(self.wanted)
        plan = self._plan(record)
        _, daily = self._with_daily(plan, session)
        before = [name for name, _ in self.ledger.sessions() if name < session]
        if not before:
            return Beginning(plan, record, daily=daily)
        previous = self.folded(before[-1])
        carried, fresh = _carried(previous, plan)
        return Beginning(plan, record, inheritance=carried, fresh=frozenset(fresh), daily=daily)

    def _after(self, before: str, session: str) -> Beginning:
        known = self.ledger.plan_of(before)
        previous_record: Mapping[str, Any] = known or self._record(self.wanted)
        previous = self.folded(before)
        content = previous.inheritance()
        held = outstanding_in(content, self.wanted.symbols)
        plan = replace(
            self.wanted,
            symbols=(*self.wanted.symbols, *held),
            held=held,
            # Money of a beginning: what has been made or lost since is in the books.
            capital=previous.plan.capital,
        )
        plan, daily = self._with_daily(plan, session)
        record = with_earlier_daily_bars(
            self._record(plan), previous_record, before, None if daily is None else daily.bars
        )
        carried, fresh = _carried(previous, plan)
        # Without its file an account makes daily bars of its past.
        had_file = bool(previous_record.get("daily_bars_sha256"))
        if (had_file and daily is None) or any(
            previous_record.get(name, record.get(name)) != record.get(name)
            for name in _OF_INDICATORS
        ):
            fresh = set(plan.symbols)
        return Beginning(
            plan,
            record,
            inheritance=carried,
            fresh=frozenset(fresh),
            changes=tuple(changes_between(previous_record, record)),
            daily=daily,
        )

    def _with_daily(self, plan: RunPlan, session: str) -> tuple[RunPlan, DailyFile | None]:
        """Return a plan that says which daily bars it has, and these.

        A session reads no bar of its own date or a later one, and its plan knows none.
        """
        daily = self.read_daily(plan)
        digest = "" if daily is None else daily.bars.before(date.fromisoformat(session)).sha256
        return replace(plan, daily_bars_sha256=digest), daily

    def _plan(self, record: Mapping[str, Any]) -> RunPlan:
        digest = str(record.get("strategy_sha256", ""))
        if not digest:
            # Rows of earlier versions do not say whose the strategy was.
            is_own = record["strategy"].get("strategy") not in BUILT_IN
            return plan_from(record, self.strategy_module if is_own else None)
        if digest not in self.loaded:
            if self.strategy_module is not None:
                # Copies of an account have no strategies: after a restore it may be this one.
                keep_strategy(self._folder, self.strategy_module)
            self.loaded[digest] = kept_strategy(self._folder, digest)
        return plan_from(record, self.loaded[digest])

    def _record(self, plan: RunPlan) -> dict[str, object]:
        digest = ""
        if self.strategy_module is not None:
            digest = keep_strategy(self._folder, self.strategy_module)
        record = record_of(plan, self.source, digest)
        return record if self.seed is None else record | {"seed": self.seed}

    @property
    def _folder(self) -> Path:
        return self.ledger.folder / "strategies"


def _carried(previous: SessionState, plan: RunPlan) -> tuple[dict[str, Any], set[str]]:
    """Return what a session leaves to a plan's symbols, and which of them begin from history."""
    content = previous.inheritance()
    carried = carried_to(content, plan.symbols, previous.plan.interval_minutes)
    fresh = set(plan.symbols) - set(content["symbols"])
    return carried, fresh | unknown_in(carried, plan.reading().studies)
