"""The sentence of the day: why there is no session, when the next one opens, what time it is."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from blocks.account.day.bars import NewestBar
from blocks.account.day.begun_session import BegunSession
from blocks.account.day.equity import EquityPoint
from blocks.account.day.reading import DayReading
from blocks.account.facts import AccountFacts
from blocks.health.session_hours import exchange_days
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.answers import Age
from blocks.live.last_bar import last_bar_answer
from blocks.live.live_reader import LiveReader, equity_answer
from blocks.live.source import Source
from blocks.live.today import Today, today_of

OPEN, CLOSE = datetime(2025, 6, 18, 13, 30, tzinfo=UTC), datetime(2025, 6, 18, 20, tzinfo=UTC)
BEGUN = BegunSession(date(2025, 6, 18), OPEN, CLOSE, {"exchange": "NYSE"}, 10_000.0, False, 1)


def sentence_at(moment: datetime, folder: Path, exchange: str = "NYSE") -> str:
    return LiveReader(Source(folder, exchange=exchange), lambda: moment).look().session.sentence


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (datetime(2025, 6, 19, 15, tzinfo=UTC),
         ("No session today: Juneteenth.", "opens on Friday, 2025-06-20 at 09:30")),
        (datetime(2025, 6, 21, 15, tzinfo=UTC),
         ("it is a Saturday.", "opens on Monday, 2025-06-23 at 09:30")),
        # The day's last moment at the exchange is another day in UTC.
        (datetime(2025, 6, 20, 2, tzinfo=UTC),
         ("No session today: Juneteenth.", "2025-06-20")),
        (datetime(2025, 6, 18, 12, tzinfo=UTC), ("Before the open", "opens at 09:30")),
        (datetime(2025, 6, 18, 15, tzinfo=UTC), ("closes at 16:00", "Nobody has begun")),
        (datetime(2025, 7, 3, 18, tzinfo=UTC),
         ("Closed: session 2025-07-03", "opens on Monday, 2025-07-07")),
    ],
)  # fmt: skip
def test_each_day_has_its_sentence(
    moment: datetime, wanted: tuple[str, ...], tmp_path: Path
) -> None:
    said = sentence_at(moment, tmp_path)
    for words in wanted:
        assert words in said, said


def test_an_exchange_that_nobody_knows_is_said_and_nothing_fails(tmp_path: Path) -> None:
    assert "'NOWHERE' is not known" in sentence_at(OPEN, tmp_path, "NOWHERE")


def test_before_there_is_an_account_the_page_says_when_there_will_be_one(tmp_path: Path) -> None:
    seen = LiveReader(Source(tmp_path), lambda: OPEN).look()
    assert seen.account is None
    assert seen.problem is not None
    assert "no account is in" in seen.problem.what
    assert "at its open" in seen.problem.hint
    assert (seen.equity.equity, seen.positions, seen.equity.days) == (None, [], [])


def test_a_ledger_that_is_locked_is_a_problem_in_the_answer_and_no_failure(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blocks.stores.file_lock import take_lock

    monkeypatch.setattr("blocks.live.source.WAIT_SECONDS", 0.2)
    lock = take_lock(data_dir / "replay" / "ledger.duckdb", 5.0)
    try:
        seen = LiveReader(Source(data_dir, "replay"), lambda: OPEN).look()
    finally:
        os.close(lock)
    assert seen.problem is not None
    assert "ledger.duckdb" in seen.problem.what
    assert seen.health.status == "unhealthy"
    assert LiveReader(Source(data_dir, "replay"), lambda: OPEN).look().problem is None


def test_a_ledger_that_was_restored_shows_nothing_of_what_it_replaced(data_dir: Path) -> None:
    path = data_dir / "replay" / "ledger.duckdb"
    copy = data_dir / "copy"
    ledger = DuckDBLedger(data_dir, "replay")
    shutil.copy(path, copy)
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(
            "INSERT INTO journal SELECT max(seq) + 1, NULL, '2025-06-11', 'fill',"
            " (SELECT payload FROM journal WHERE kind = 'fill' ORDER BY seq DESC LIMIT 1)"
            " FROM journal"
        )
    reader = LiveReader(Source(data_dir, "replay"))
    fills = len(reader.look().fills)
    ledger.release()
    os.replace(copy, path)
    assert len(reader.look().fills) == fills - 1


def test_a_replay_has_the_clock_of_its_own_day(traded: Path) -> None:
    seen = LiveReader(Source(traded, "replay")).look()
    assert seen.session.clock.is_replayed
    assert seen.session.clock.now == datetime(2025, 6, 11, 20, tzinfo=UTC)
    assert seen.last_bar.age == Age.NOT_EXPECTED
    assert seen.session.next_session is None


def today_at(moment: datetime, begun: BegunSession | None = BEGUN) -> Today:
    days = exchange_days("NYSE", moment)
    return Today(moment, False, begun, days.open_at(moment), days)


def bar(minutes: int, arrived_s: float) -> NewestBar:
    end = OPEN + timedelta(minutes=minutes)
    return NewestBar(
        number=minutes // 5 - 1, start=end - timedelta(minutes=5), end=end,
        arrived=end + timedelta(seconds=arrived_s), prices={},
    )  # fmt: skip


def test_a_day_without_a_trade_has_neither_gained_nor_lost() -> None:
    begun = replace(BEGUN, baseline=94_663.50158928729)
    curve = [EquityPoint(time=OPEN, equity=Decimal("94663.501589"))]
    answer = equity_answer(today_at(OPEN, begun), DayReading(begun=begun, curve=curve))
    assert (str(answer.day_pnl), answer.day_pnl_pct) == ("0.0", 0.0)


@pytest.mark.parametrize(
    ("after_s", "age"), [(10, Age.FRESH), (334, Age.FRESH), (336, Age.LATE), (361, Age.STALE)]
)
def test_a_bar_ages_by_its_arrival_against_the_length_of_a_bar(after_s: float, age: Age) -> None:
    newest = bar(30, 4)
    assert newest.arrived is not None
    today = today_at(newest.arrived + timedelta(seconds=after_s))
    assert last_bar_answer(today, newest, AccountFacts("paper"), 5.0).age == age


def test_outside_session_hours_no_bar_is_old() -> None:
    newest = bar(390, 4)
    for moment in (CLOSE + timedelta(seconds=2), CLOSE + timedelta(hours=40)):
        answer = last_bar_answer(today_at(moment), newest, AccountFacts("paper"), 5.0)
        assert answer.age == Age.NOT_EXPECTED
        assert "none is due" in answer.sentence


def test_yesterdays_bar_does_not_make_the_open_stale() -> None:
    yesterday = BegunSession(
        date(2025, 6, 17), OPEN - timedelta(days=1), CLOSE - timedelta(days=1), {}, 1.0, True, 1
    )
    old = bar(30 - 24 * 60, 4)
    soon = last_bar_answer(
        today_at(OPEN + timedelta(seconds=60), yesterday), old, AccountFacts("paper"), 5.0
    )
    assert soon.age == Age.FRESH
    assert soon.sentence.startswith("No bar has come yet since the open, 60 s ago")
    late = today_at(OPEN + timedelta(seconds=400), yesterday)
    assert last_bar_answer(late, old, AccountFacts("paper"), 5.0).age == Age.STALE


def test_a_day_that_the_calendar_does_not_have_is_that_of_the_journal() -> None:
    reading = DayReading(begun=BegunSession(
        date(2025, 6, 18), OPEN, CLOSE, {"exchange": "NOWHERE"}, 1.0, False, 1
    ))  # fmt: skip
    today = today_of(AccountFacts("paper"), reading, "NYSE", OPEN + timedelta(hours=1))
    assert today.session is not None
    assert today.trouble
