"""What everybody who looks is shown: read once for all of them, and only when it changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from blocks.account.day.reading import DayReading, read_day
from blocks.account.facts import AccountFacts
from blocks.account.names import account_words
from blocks.account.reader import Kept
from blocks.account_files import LEDGER_FILE
from blocks.health.health import NOT_BEGUN, HealthReport
from blocks.live.account_list import AccountList
from blocks.live.answers import (
    ComponentAnswer,
    EquityAnswer,
    HealthAnswer,
    LiveAnswer,
    ParityAnswer,
    PlanAnswer,
    Problem,
    SymbolAnswer,
)
from blocks.live.held import HaltAnswer, PositionAnswer
from blocks.live.last_bar import last_bar_answer
from blocks.live.risk import latch_answer
from blocks.live.source import Source
from blocks.live.today import Today, session_answer, today_of
from trading.errors import BadInput, OpenbellError


def now_utc() -> datetime:
    """Return what time it is."""
    return datetime.now(UTC)


@dataclass
class LiveReader:
    """Reads the newest session of the account that a source names; `now` tells the time."""

    source: Source
    now: Callable[[], datetime] = now_utc
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: Kept[DayReading] | None = None
    _of: tuple[Path, int] | None = None
    _before: DayReading | None = None
    _accounts: AccountList = field(init=False)

    def __post_init__(self) -> None:
        self._accounts = AccountList(self.source.data_dir)

    def look(self) -> LiveAnswer:
        """Return everything that is known; what cannot be read is a problem in it, no error."""
        report = self.source.report()
        facts = report.facts
        reading, problem = DayReading(), None
        try:
            reading = self.reading()
        except OpenbellError as error:
            problem = Problem(what=error.what, hint=error.hint)
            facts = None
        today = today_of(facts, reading, self.source.exchange, self.now())
        account, session = self._account(), session_answer(today, reading, report)
        return LiveAnswer(
            account=account,
            account_words=words_of(account, session.plan) if account else "",
            others=self._accounts.others(account),
            problem=problem,
            session=session,
            health=health_answer(report),
            halt=_halt(facts),
            last_bar=last_bar_answer(today, reading.newest_bar, facts, self.source.settle_s),
            equity=equity_answer(today, reading),
            positions=positions_of(reading),
            symbols=_symbols(reading),
            entries=reading.entries,
            decisions=reading.decisions,
            reasons=reading.reasons,
            orders=reading.orders,
            trades=reading.trades,
            fills=reading.fills,
            messages=reading.messages,
            parity=[ParityAnswer.of(row) for row in reading.parity],
            newest_bar=reading.newest_bar,
        )

    def reading(self) -> DayReading:
        """Return the newest session; raises BadInput without an account, StoreUnavailable."""
        path = self.source.data_dir / self.source.account() / LEDGER_FILE
        with self._lock:
            # A restored ledger has the same name and rows of its own.
            place = (path, inode_of(path))
            if self._kept is None or self._of != place:
                self._kept, self._of, self._before = Kept[DayReading](path), place, None
            self._before = self._kept.read(lambda: self._read(None, self._before))
            return self._before

    def day(self, session: date) -> DayReading:
        """Return a session by its date; raises BadInput when it was not traded."""
        reading = self._read(session, None)
        if reading.begun is None:
            raise BadInput(
                f"account {self.source.account()!r} traded no session on {session}",
                "Name one that /api/days lists",
            )
        return reading

    def _read(self, session: date | None, before: DayReading | None) -> DayReading:
        with self.source.reading() as connection:
            return read_day(connection, session, before)

    def _account(self) -> str | None:
        try:
            return self.source.account()
        except BadInput:
            return None


def words_of(account: str, plan: PlanAnswer | None) -> str:
    """Return what an account is called where the plan of its newest session is known, or not."""
    return account_words(account, has_simulated_bars=plan is not None and plan.is_simulated)


def inode_of(path: Path) -> int:
    """Return the number by which the file system knows a file, 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def positions_of(reading: DayReading) -> list[PositionAnswer]:
    """Return what is held, with the stop that it was entered with."""
    return [
        PositionAnswer.of(position, reading.initial_stops.get(position.symbol))
        for position in reading.positions
    ]


def health_answer(report: HealthReport) -> HealthAnswer:
    """Return how the account is, what is worst first."""
    bad = report.bad
    well = [component for component in report.components if component not in bad]
    said = "Everything that is looked at is well."
    if any(component.reason == NOT_BEGUN for component in well):
        said = f"Nothing is ill; account {report.account} has no ledger before its first session."
    if bad:
        verb = "is" if len(bad) == 1 else "are"
        said = f"{len(bad)} of {len(report.components)} {verb} not well. {report.reasons[0]}"
    return HealthAnswer(
        status=str(report.level),
        sentence=said,
        components=[
            ComponentAnswer(
                name=each.name, status=str(each.level), reason=each.reason, since=each.since,
                hint=each.hint,
            )
            for each in (*bad, *well)
        ],
    )  # fmt: skip


def _halt(facts: AccountFacts | None) -> HaltAnswer | None:
    halt = None if facts is None else facts.halt
    if halt is None:
        return None
    return HaltAnswer(since=halt.since, command=halt.command, reason=halt.reason)


def equity_answer(today: Today, reading: DayReading) -> EquityAnswer:
    """Return the worth of the account in the session that is shown."""
    begun, equity = reading.begun, reading.equity
    # Stored equity has six decimals, a baseline all of them: a day without a trade earned nothing.
    pnl = None if begun is None or equity is None else round(equity - begun.baseline, 6) + 0.0
    part = None if begun is None or pnl is None or not begun.baseline else pnl / begun.baseline
    return EquityAnswer(
        shown=None if begun is None else begun.session,
        equity=equity,
        day_pnl=pnl,
        day_pnl_pct=part,
        latch=latch_answer(reading, is_today=today.is_shown),
        curve=reading.curve,
        days=reading.days,
    )


def _symbols(reading: DayReading) -> list[SymbolAnswer]:
    if reading.begun is None:
        return []
    newest = reading.newest_bar
    prices = {} if newest is None else newest.prices
    held = {position.symbol: position.quantity for position in reading.positions}
    found = []
    for symbol in reading.begun.symbols:
        close = prices[symbol][3] if symbol in prices else None
        first = reading.first_prices.get(symbol)
        said = reading.verdicts.get(symbol)
        found.append(
            SymbolAnswer(
                symbol=symbol,
                close=close,
                change=close / first - 1 if close is not None and first else None,
                held=held.get(symbol, 0),
                reason="" if said is None else said.reason,
                words="" if said is None else reading.begun.words.meaning_of(said.reason),
                upper=None if said is None else said.upper,
                lower=None if said is None else said.lower,
            )
        )
    return found
