"""Health knows when a market is open without keeping the calendar in memory."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from blocks.health import session_hours
from blocks.health.session_hours import _asked, exchange_days, session_open_at
from blocks.live.source import Source
from trading.errors import BadInput
from trading.market.calendar import sessions_between

# A summer and a winter, an early close, a holiday, both changes of the clocks, midnight.
MOMENTS = [
    datetime(2025, 7, 3, 16, 59, tzinfo=UTC),
    datetime(2025, 7, 3, 17, 0, tzinfo=UTC),
    datetime(2025, 7, 4, 15, 0, tzinfo=UTC),
    datetime(2025, 3, 7, 14, 29, tzinfo=UTC),
    datetime(2025, 3, 10, 13, 30, tzinfo=UTC),
    datetime(2025, 11, 3, 14, 30, tzinfo=UTC),
    datetime(2025, 11, 3, 0, 0, tzinfo=UTC),
]


@pytest.fixture
def without_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pandas_market_calendars")]:
        monkeypatch.delitem(sys.modules, name)
    _asked.cache_clear()


@pytest.mark.parametrize("exchange", ["NYSE", "24/7"])
@pytest.mark.usefixtures("without_calendar")
def test_a_process_without_the_calendar_knows_the_same_hours(exchange: str) -> None:
    answers = [session_open_at(exchange, moment) for moment in MOMENTS]
    assert "pandas_market_calendars" not in sys.modules
    for moment, answer in zip(MOMENTS, answers, strict=True):
        day = moment.date()
        near = sessions_between(exchange, day - timedelta(days=1), day)
        assert answer == next((s for s in near if s.open <= moment < s.close), None)


@pytest.mark.usefixtures("without_calendar")
def test_an_exchange_that_is_not_known_is_the_same_one_line() -> None:
    with pytest.raises(BadInput, match="'NOWHERE' is not known to pandas-market-calendars"):
        session_open_at("NOWHERE", MOMENTS[0])


@pytest.mark.usefixtures("without_calendar")
def test_a_first_probe_waits_for_the_process_that_is_already_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked, is_at_work, may_answer = [], threading.Event(), threading.Event()

    def slowly(_: str, *question: str) -> dict[str, object]:
        asked.append(question)
        is_at_work.set()
        may_answer.wait(60)
        return {"sessions": [], "zone": "UTC", "closures": {}}

    monkeypatch.setattr(session_hours, "answer_of", slowly)
    Source(tmp_path, exchange="NYSE").ask_ahead()
    assert is_at_work.wait(60)
    probe = threading.Thread(target=session_open_at, args=("NYSE", datetime.now(UTC)))
    probe.start()
    may_answer.set()
    probe.join()
    assert len(asked) == 1


@pytest.mark.usefixtures("without_calendar")
def test_a_closed_day_has_a_name_and_a_next_session_behind_the_longest_weekend() -> None:
    good_friday = datetime(2025, 4, 18, 15, tzinfo=UTC)
    days = exchange_days("NYSE", good_friday)
    assert days.on(good_friday.date()) is None
    assert days.closures[good_friday.date()] == "Good Friday"
    ahead = days.after(good_friday)
    assert ahead is not None
    assert ahead.date.isoformat() == "2025-04-21"
    assert days.zone.key == "America/New_York"
    # A weekend is no closure that wants a reason, and a state funeral is one without a rule.
    assert date(2025, 4, 19) not in days.closures
    mourning = datetime(2025, 1, 9, 15, tzinfo=UTC)
    assert exchange_days("NYSE", mourning).closures[mourning.date()] == "a closure of the exchange"
