"""What matters goes first, what is routine goes together, and only Discord's word counts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.discord.rate_limit import DISCORD_WINDOWS
from blocks.messages.outbox_drain import MOST_ATTEMPTS
from blocks.messages.precedence import LONG_QUEUE, MONEY, URGENT
from tests.process.blocks.messages.discord_drain import (
    ACCOUNT,
    BEGIN,
    SESSION,
    FakeTime,
    drain_all,
    drain_of,
    ledger_with,
    left_by_an_earlier_version,
    statuses,
    written,
)
from tests.servers.discord_server import DiscordServer, Fault
from trading.session.messages.message import (
    Kind,
    Message,
    OrderMessage,
    SummaryMessage,
    system_message,
)

PAGE = "<html><body>Please log in to the network of this hotel</body></html>"


@pytest.fixture
def server() -> Iterator[DiscordServer]:
    with DiscordServer(most=10**6).running() as running:
        yield running


def ids(server: DiscordServer) -> list[str]:
    return [post.id for post in server.posts]


def order(kind: Kind, number: int) -> OrderMessage:
    return OrderMessage(
        f"{number}-{kind.lower()}", kind, BEGIN, f"order-{number}", "AAPL", "buy", "market", 10,
        "orb", "breakout", "mock", ACCOUNT, 100.0, 100.01, 10, 0,
    )  # fmt: skip


def words(kind: Kind, number: int) -> Message:
    return system_message(kind, f"word {number}", SESSION, ACCOUNT, BEGIN, {})


SUMMARY = SummaryMessage(
    f"{SESSION}-summary", Kind.DAILY_SUMMARY, BEGIN, SESSION, 10_000.0, 0.0, 0, 0, (), (), (),
    "simulated", ACCOUNT,
)  # fmt: skip


def write(folder: Path, messages: list[Message], hold_seconds: float = 0.0) -> DuckDBLedger:
    ledger = DuckDBLedger(folder, ACCOUNT, hold_seconds)
    ledger.add_messages(SESSION, messages)
    ledger.release()
    return ledger


def class_of(message_id: str) -> int:
    kind = message_id.rpartition("-")[2] if message_id[0].isdigit() else message_id
    if "system_error" in message_id or "summary" in message_id:
        return 0
    return 1 if kind in ("order_filled", "trade_closed") else 2


def test_what_matters_goes_before_what_is_routine_and_inside_a_class_the_order_is_kept(
    server: DiscordServer, tmp_path: Path
) -> None:
    messages = [
        order(Kind.ORDER_SENT, 1),
        words(Kind.SYSTEM_WARNING, 2),
        order(Kind.ORDER_FILLED, 3),
        words(Kind.SYSTEM_ERROR, 4),
        order(Kind.ORDER_FILLED, 5),
        SUMMARY,
        words(Kind.SYSTEM_ERROR, 6),
    ]
    drain_all(drain_of(write(tmp_path, messages), server))
    expected = [messages[n].id for n in (3, 5, 6, 2, 4, 0, 1)]
    assert ids(server) == expected
    assert frozenset(Kind) > URGENT | MONEY


@pytest.mark.parametrize(("count", "posts"), [(LONG_QUEUE, LONG_QUEUE), (LONG_QUEUE + 5, 6)])
def test_routine_messages_go_together_when_the_queue_is_long_and_each_is_whole(
    count: int, posts: int, server: DiscordServer, tmp_path: Path
) -> None:
    """Thirty posts a minute are what a channel bears: a busy session would lag by minutes."""
    ledger = ledger_with(tmp_path, count)
    drain_all(drain_of(ledger, server))
    assert ids(server) == written(ledger)
    assert len(server.requests) == posts
    assert statuses(ledger) == {"sent": count}
    assert [post.embed["description"] for post in server.posts] == [
        f"word {n}" for n in range(count)
    ]


def test_fills_and_errors_never_go_together(server: DiscordServer, tmp_path: Path) -> None:
    fills: list[Message] = [order(Kind.ORDER_FILLED, n) for n in range(LONG_QUEUE + 5)]
    drain_all(drain_of(write(tmp_path, fills), server))
    assert len(server.requests) == len(fills)


def test_what_has_no_room_beside_others_goes_with_the_next_post(
    server: DiscordServer, tmp_path: Path
) -> None:
    long: list[Message] = [
        system_message(Kind.SYSTEM_WARNING, f"{n} {'x' * 1500}", SESSION, ACCOUNT, BEGIN, {})
        for n in range(14)
    ]
    ledger = write(tmp_path, long)
    drain_all(drain_of(ledger, server))
    assert set(server.answers) == {200}
    assert ids(server) == written(ledger)
    assert len(server.requests) < len(long)


def test_one_bad_message_among_many_is_told_and_the_others_arrive(
    server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = ledger_with(tmp_path, 25)
    bad = written(ledger)[3]
    server.bad_ids.add(bad)
    drain_all(drain_of(ledger, server))
    assert sorted(ids(server)) == sorted(set(written(ledger)) - {bad})
    assert ids(server) == [one for one in written(ledger) if one != bad]
    assert statuses(ledger) == {"sent": 24, "dead": 1}
    assert len([r for r in caplog.records if bad in r.message]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Fault(200, PAGE),
        Fault(200, f"\n  {PAGE}"),
        Fault(302, PAGE, {"Location": "http://login.hotel/"}),
        Fault(404, PAGE),
        Fault(403, "error code: 1010"),
        Fault(511, PAGE),
    ],
)
def test_a_page_of_somebody_in_between_is_no_delivery_and_no_refusal(
    answer: Fault, server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A hotel's network swallowed a week of messages, each marked as sent."""
    at = FakeTime()
    ledger = ledger_with(tmp_path, 3)
    caplog.set_level(logging.INFO)
    # Longer than any message would be tried that had reached Discord.
    server.script.extend([answer] * (1 if answer.status == 511 else MOST_ATTEMPTS + 3))
    drain_all(drain_of(ledger, server, at=at), at.wait)
    assert ids(server) == written(ledger)
    assert statuses(ledger) == {"sent": 3}
    assert len([r for r in caplog.records if "took no message" in r.message]) == 1


@pytest.mark.parametrize("answer", [Fault(204), Fault(200, {}), Fault(200, {"id": ""}),
                                    Fault(200, "[]"), Fault(200, '{"id": "12')])  # fmt: skip
def test_an_answer_that_names_no_message_is_no_delivery(
    answer: Fault, server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 2)
    server.script.append(answer)
    drain_all(drain_of(ledger, server, at=at), at.wait)
    assert ids(server) == written(ledger)
    # It may have arrived, which the second one says.
    assert ["sent again" in post.footer for post in server.posts] == [True, False]
    assert all("wait=true" in path for path in server.requests)


def test_a_burst_of_500_with_all_faults_loses_nothing_and_the_summary_comes_in_a_minute(
    tmp_path: Path,
) -> None:
    at = FakeTime()
    kinds = cycle([Kind.ORDER_SENT, Kind.ORDER_FILLED, Kind.SYSTEM_WARNING, Kind.ORDER_CANCELLED])
    messages: list[Message] = []
    for number, kind in zip(range(498), kinds, strict=False):
        is_word = kind == Kind.SYSTEM_WARNING
        messages.append(words(kind, number) if is_word else order(kind, number))
    messages.insert(250, words(Kind.SYSTEM_ERROR, 250))
    messages.append(SUMMARY)
    faults = cycle(
        [
            Fault(500),
            Fault(200, PAGE),
            Fault(429, {"retry_after": 1.7, "global": False}),
            Fault(204, keeps=True),
            Fault(drops=True),
            Fault(502, "bad gateway", keeps=True),
            Fault(302, PAGE, {"Location": "http://login.hotel/"}),
            Fault(drops=True, keeps=True),
            Fault(429, "", {"Retry-After": "2"}),
        ]
    )
    with DiscordServer(most=5, window_s=2.0, now=at.monotonic).running() as server:
        for number, fault in zip(range(900), faults, strict=False):
            server.script.append(fault if number % 4 == 1 else None)
        # Nobody else asks for it in these hours of a clock that leaps.
        ledger = write(tmp_path, messages, hold_seconds=3600.0)
        bad = messages[60].id
        server.bad_ids.add(bad)
        arrived: dict[str, float] = {}

        def wait(seconds: float) -> None:
            for post in server.posts[len(arrived) :]:
                arrived.setdefault(post.id, at.seconds)
            at.wait(seconds)

        drain = drain_of(ledger, server, DISCORD_WINDOWS, at=at)
        summary_at = None
        while (delay := drain.step()) is not None:
            if summary_at is None and SUMMARY.id in ids(server):
                summary_at = at.seconds
            if delay > 0:
                wait(delay)
        wanted = [message.id for message in messages if message.id != bad]
        first = list(dict.fromkeys(ids(server)))
        # None is lost, and what is there twice says so.
        assert sorted(first) == sorted(wanted)
        twice = [post for n, post in enumerate(server.posts) if post.id in ids(server)[:n]]
        assert all("sent again" in post.footer for post in twice)
        # None comes too fast, by either of Discord's windows.
        assert server.violations == 0
        for most, seconds in DISCORD_WINDOWS:
            times = server.times
            too_close = [
                n for n in range(most, len(times)) if times[n] - times[n - most] < seconds - 1e-6
            ]
            assert too_close == []
        for rank in (0, 1, 2):
            in_class = [one for one in first if class_of(one) == rank]
            assert in_class == [one for one in wanted if class_of(one) == rank]
        assert summary_at is not None
        assert summary_at <= 60
        assert statuses(ledger) == {"sent": 499, "dead": 1}


def test_a_ledger_of_an_earlier_version_goes_on_with_its_outbox(
    server: DiscordServer, tmp_path: Path
) -> None:
    """What it had sent is not sent again, and what waited goes."""
    ledger, waiting = left_by_an_earlier_version(tmp_path, server)
    drain_all(drain_of(ledger, server, is_new=True))
    assert ids(server) == waiting
    assert statuses(ledger) == {"sent": 3, "dead": 1}
    tables = {row["name"] for row in ledger.query("SHOW TABLES")}
    assert not tables & {"outbox_deliveries", "outbox_state"}
