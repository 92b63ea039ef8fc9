"""How far our clock is off is told by answers that we get anyway, and never by nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import requests
from pydantic import SecretStr

from blocks.messages.discord.webhook import WebhookClient
from blocks.process.clock_offset import clock_offset, forget_dates, in_words, is_wrong, note_date
from blocks.process.clocks import ReplayClock
from blocks.providers.finnhub.rest import FinnhubMarket

NOW = datetime(2025, 6, 10, 15, 0, tzinfo=UTC)


def date_of(ahead_s: float) -> str:
    """Return what a web server says while our clock is so far ahead."""
    return format_datetime(NOW - timedelta(seconds=ahead_s), usegmt=True)


@pytest.fixture(autouse=True)
def nobody_told_the_time() -> Iterator[None]:
    forget_dates()
    yield
    forget_dates()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((120,), 120), ((-120,), -120), ((125, 120, 190), 120), ((0, 1), 0)],
)
def test_the_answer_that_was_fastest_counts(seconds: tuple[int, ...], expected: int) -> None:
    for ahead_s in seconds:
        note_date(date_of(ahead_s), NOW)
    assert clock_offset(NOW) == expected
    assert is_wrong(expected) == (abs(expected) > 5)


def test_what_was_said_long_ago_says_nothing_of_a_clock_that_was_set_since() -> None:
    note_date(date_of(120), NOW)
    assert clock_offset(NOW + timedelta(minutes=11)) is None


@pytest.mark.parametrize(
    "header",
    [None, "", "yesterday", "Tue, 99 Foo 2025 99:99:99 GMT", "0", "Tue, 10 Jun 99999999 1:1:1 GMT"],
)
def test_a_header_that_is_no_date_is_left_out(header: str | None) -> None:
    note_date(header, NOW)
    assert clock_offset(NOW) is None


def test_an_offset_is_said_as_people_say_it() -> None:
    assert in_words(120.4) == "120 s ahead of that of web servers"
    assert in_words(-120.4) == "120 s behind that of web servers"


def test_discord_and_finnhub_tell_the_time_with_each_answer() -> None:
    client = WebhookClient(SecretStr("https://discord.com/api/webhooks/1/abcdefghijklmnopqrstuvw"))
    moment = datetime.now(UTC)
    sent = format_datetime(moment - timedelta(seconds=300), usegmt=True)
    client._judge(httpx.Response(204, headers={"Date": sent}), b"")
    client.close()
    found = clock_offset(datetime.now(UTC))
    assert found is not None
    assert found >= 299
    forget_dates()
    rest = FinnhubMarket(SecretStr("key"), "NYSE", 5, ReplayClock(NOW))
    answer = requests.Response()
    answer.headers["Date"] = date_of(-60)
    for hook in rest._client._session.hooks["response"]:
        hook(answer, timeout=1)
    assert clock_offset(NOW) == -60
