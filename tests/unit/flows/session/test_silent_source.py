"""A source that does not answer keeps nobody from his positions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.clocks import ReplayClock
from blocks.process.stop_request import StopRequest
from flows.session.account.account import Account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.session import long_question
from trading.errors import StoreUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.ports import MarketData

HOLDING = {"min_body": -1.0, "stop": "atr", "stop_atr": 50.0, "target": "none", "max_entries": 1}
SYMBOLS = ("AAA", "BBB", "CCC")
LONG_SECONDS = 60.0
Rows = Callable[[Sequence[str], Session, datetime, datetime], BarRows]


@dataclass(frozen=True)
class SilentParts(PlainParts):
    """Parts whose source falls silent at the first bar at which something is held."""

    is_asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    asked_at_once: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def tend_seconds(self) -> float:
        # The clock jumps, and each look costs.
        return 3600.0

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        market = super().market(plan, is_replay=is_replay)
        rows = market.rows

        def silent(
            symbols: Sequence[str], session: Session, start: datetime, end: datetime
        ) -> BarRows:
            now = self.asked_at_once
            now[0] += 1
            now[1] = max(now)
            if not self.is_asked.is_set() and held(self.data_dir):
                self.is_asked.set()
                assert self.may_answer.wait(LONG_SECONDS)
            now[0] -= 1
            return rows(symbols, session, start, end)

        market.rows = silent  # type: ignore[method-assign]
        return market


@dataclass(frozen=True)
class SilentPast(SilentParts):
    """Parts whose source falls silent before the first bar, asked for the sessions before."""

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        market = PlainParts.market(self, plan, is_replay=is_replay)
        history = market.history

        def silent(symbols: Sequence[str], before: Session) -> BarRows | None:
            self.is_asked.set()
            assert self.may_answer.wait(LONG_SECONDS)
            return history(symbols, before)

        market.history = silent  # type: ignore[method-assign]
        return market


def held(data_dir: Path) -> list[str]:
    ledger = DuckDBLedger(data_dir, "replay")
    rows = ledger.query("SELECT symbol FROM positions")
    ledger.release()
    return [str(row["symbol"]) for row in rows]


@dataclass
class Trading:
    """A session in a thread, as its process would run it."""

    parts: SilentParts
    should_stop: StopRequest = field(default_factory=StopRequest)
    closed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked = SessionRequest(
            parts=self.parts,
            replay="2025-06-10",
            symbols=SYMBOLS,
            settings=HOLDING,
            speed=1.0,
        )
        self.thread = threading.Thread(
            target=lambda: self.closed.append(
                asyncio.run(run_account(asked, should_stop=self.should_stop))
            ),
            daemon=True,
        )
        self.thread.start()

    def end(self) -> None:
        self.thread.join(LONG_SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def parts(tmp_path: Path) -> SilentParts:
    return SilentParts(tmp_path)


@pytest.fixture
def trading(parts: SilentParts, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    monkeypatch.setattr(long_question, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(long_question, "STOP_EVERY_SECONDS", 0.02)
    clock = ReplayClock(datetime(2025, 6, 10, 13, 30, tzinfo=UTC))
    monkeypatch.setattr(Account, "clock", lambda account, session: clock)
    running = Trading(parts)
    assert parts.is_asked.wait(LONG_SECONDS)
    yield running
    parts.may_answer.set()
    running.should_stop.requested = True
    running.end()


def eventually(is_so: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(is_so() or pause.wait(0.2) for _ in range(int(LONG_SECONDS / 0.2)))


def write(data_dir: Path, word: str) -> DuckDBLedger:
    ledger = DuckDBLedger(data_dir, "replay")
    ledger.add_command(word, "the feed hangs", datetime.now(UTC))
    ledger.release()
    return ledger


@pytest.mark.parametrize("word", ["flatten", "halt"])
def test_an_operators_word_is_followed_while_the_source_is_silent(
    trading: Trading, word: str
) -> None:
    data_dir = trading.parts.data_dir
    ledger = write(data_dir, word)

    def is_followed() -> bool:
        rows = ledger.query("SELECT kind FROM journal WHERE payload LIKE '%the feed hangs%'")
        ledger.release()
        return bool(rows) and (word == "halt" or not held(data_dir))

    assert eventually(is_followed)
    # All of that while nobody had answered.
    assert not trading.parts.may_answer.is_set() and trading.thread.is_alive()


class TestPast:
    """The past of a session that begins."""

    @pytest.fixture
    def parts(self, tmp_path: Path) -> SilentParts:
        return SilentPast(tmp_path)

    def test_a_word_is_left_while_the_source_is_silent(self, trading: Trading) -> None:
        write(trading.parts.data_dir, "halt")
        # The account's files were free for it, and nobody had answered yet.
        assert not trading.parts.may_answer.is_set() and trading.thread.is_alive()


def test_a_session_is_stopped_while_the_source_is_silent(trading: Trading) -> None:
    trading.should_stop.requested = True
    trading.end()
    assert trading.closed == [0]
    assert not trading.parts.may_answer.is_set()


def test_a_source_is_not_asked_again_before_it_has_answered(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tending fails: the session is opened anew, and asks the same source for the same bar.
    failed = threading.Event()
    listen = DuckDBLedger.commands_since

    def fail_once(ledger: DuckDBLedger, number: int) -> list[tuple[int, str, str]]:
        if not failed.is_set():
            failed.set()
            raise StoreUnavailable("a disk that is full", "Free some of it")
        return listen(ledger, number)

    monkeypatch.setattr(DuckDBLedger, "commands_since", fail_once)
    assert failed.wait(LONG_SECONDS)
    ledger = write(trading.parts.data_dir, "flatten")
    assert eventually(lambda: not held(trading.parts.data_dir))
    assert trading.parts.asked_at_once[1] == 1
    trading.parts.may_answer.set()

    def goes_on() -> bool:
        rows = ledger.query("SELECT count(*) AS bars FROM journal WHERE kind = 'bar'")
        ledger.release()
        return int(rows[0]["bars"]) > 8

    assert eventually(goes_on)
    assert trading.parts.asked_at_once[1] == 1
