"""The upcoming runs of a real server are the calendar's sessions, as months go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from blocks.saved.drift import WrittenValues
from deployments.registry.register import register
from deployments.registry.schedule import close_schedule, session_schedule
from deployments.registry.spec import DeploymentSpec, ScheduleSpec
from tests.system.conftest import PrefectStack

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
THROWAWAY = Path(__file__).parent / "throwaway"
# Nobody works on this pool: its runs are of the past.
POOL = "calendar-only"
WARM_UP = timedelta(minutes=5)
AFTER_CLOSE = timedelta(minutes=20)


@pytest.fixture(scope="module")
def calendar() -> ExchangeCalendar:
    """Return an independent calendar; making it takes half a second."""
    import exchange_calendars

    return exchange_calendars.get_calendar("XNYS", start="2024-01-01", end="2027-06-01")


def specs_at(now: datetime) -> list[DeploymentSpec]:
    rules = {
        "opens": session_schedule("NYSE", now, 5),
        "closes": close_schedule("NYSE", now, 20),
    }
    return [
        DeploymentSpec(name, "small.py:small", schedules=(ScheduleSpec(name, rrule=rule),))
        for name, rule in rules.items()
    ]


async def register_at(stack: PrefectStack, now: datetime) -> list[str]:
    written = WrittenValues(stack.supervisor.home.prefect / "registered.json")
    settings = {PREFECT_API_URL: stack.api_url, PREFECT_API_AUTH_STRING: stack.server.auth_string}
    with temporary_settings(settings):
        return await register(specs_at(now), THROWAWAY, POOL, now, written, queues={})


def call(stack: PrefectStack, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    api = stack.connect()
    try:
        return api._call(method, path, body)
    finally:
        api.close()


def upcoming(stack: PrefectStack, name: str, now: datetime) -> list[datetime]:
    """Let the server schedule 30 runs as if it were then, and read them back."""
    deployment = call(stack, "GET", f"deployments/name/small/{name}")["id"]
    end = (now + timedelta(days=90)).isoformat()
    span = {"start_time": now.isoformat(), "end_time": end, "min_time": 0.0}
    counts = {"min_runs": 30, "max_runs": 30}
    call(stack, "POST", f"deployments/{deployment}/schedule", span | counts)
    runs = {
        "deployment_id": {"any_": [deployment]},
        "expected_start_time": {"after_": now.isoformat()},
    }
    wanted = {"flow_runs": runs, "sort": "EXPECTED_START_TIME_ASC", "limit": 30}
    rows = call(stack, "POST", "flow_runs/filter", wanted)
    return [datetime.fromisoformat(row["expected_start_time"]) for row in rows]


def expected(times: pd.Series, now: datetime, shift: timedelta) -> list[datetime]:
    fires = [time.to_pydatetime() + shift for time in times]
    return [fire for fire in fires if fire > now][:30]


@pytest.mark.parametrize(
    ("now", "inside"),
    [
        # The clocks change on March 8th.
        (datetime(2026, 2, 20, 12, 0, tzinfo=UTC), "2026-03-09"),
        # The clocks change on November 1st, and November 27th is a half-day.
        (datetime(2026, 10, 20, 12, 0, tzinfo=UTC), "2026-11-27"),
    ],
)
async def test_the_next_30_runs_of_a_real_server_are_those_of_an_independent_calendar(
    prefect_stack: PrefectStack, calendar: ExchangeCalendar, now: datetime, inside: str
) -> None:
    await register_at(prefect_stack, now)
    opens = upcoming(prefect_stack, "opens", now)
    closes = upcoming(prefect_stack, "closes", now)
    assert opens == expected(calendar.opens, now, -WARM_UP)
    assert closes == expected(calendar.closes, now, AFTER_CLOSE)
    assert len(opens) == len(closes) == 30
    assert inside in {f"{fire:%Y-%m-%d}" for fire in opens}
    # In UTC an open moves by an hour, and a half-day closes three hours early.
    assert len({fire.time() for fire in opens}) == 2
    assert len({fire.time() for fire in closes}) == (3 if inside == "2026-11-27" else 2)


async def test_a_schedule_that_is_registered_daily_never_ends_in_fourteen_months(
    prefect_stack: PrefectStack, calendar: ExchangeCalendar
) -> None:
    now = datetime(2025, 1, 6, 12, 0, tzinfo=UTC)
    lines = []
    for day in range(0, 14 * 31, 31):
        then = now + timedelta(days=day)
        lines += await register_at(prefect_stack, then)
        (schedule,) = call(prefect_stack, "GET", "deployments/name/small/opens")["schedules"]
        dates = schedule["schedule"]["rrule"].rpartition("RDATE:")[2].split(",")
        ahead = [date for date in dates if date > f"{then:%Y%m%dT%H%M%SZ}"]
        assert len(ahead) >= 119
        assert schedule["active"]
    # Extended when half of it was left, and not touched in between.
    assert 2 <= sum("updated schedules" in line for line in lines if "opens" in line) <= 4
    last = now + timedelta(days=13 * 31)
    assert upcoming(prefect_stack, "opens", last) == expected(calendar.opens, last, -WARM_UP)
