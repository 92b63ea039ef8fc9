"""Messages reach Discord once and in order, whatever Discord, the network or a kill does."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.discord.rate_limit import DISCORD_WINDOWS, SlidingLimit
from blocks.messages.discord.webhook import WebhookClient
from blocks.messages.drain_thread import DrainThread
from blocks.messages.outbox import forget_others
from blocks.messages.outbox_drain import LONGEST_BACK_OFF_SECONDS, MOST_ATTEMPTS
from blocks.messages.settings import NotificationSettings
from blocks.process import failpoints
from blocks.settings.reader import read_settings
from tests.process.blocks.messages.discord_drain import (
    ACCOUNT,
    ALL,
    UNLIMITED,
    FakeTime,
    add,
    drain_all,
    drain_of,
    ledger_with,
    statuses,
    written,
)
from tests.repository import REPOSITORY
from tests.servers.discord_server import TOKEN, DiscordServer, Fault
from trading.errors import BadInput
from trading.session.messages.message import Kind

# A kind that never goes together with others.
ALONE = "SYSTEM_ERROR"
DRAIN_WORKER = "tests.process.blocks.messages.drain_worker"


@pytest.fixture
def free_server() -> Iterator[DiscordServer]:
    with DiscordServer(most=10**6).running() as running:
        yield running


@pytest.fixture(autouse=True)
def no_failpoints() -> Iterator[None]:
    yield
    failpoints.on_reach(None)


def ids(server: DiscordServer) -> list[str]:
    return [post.id for post in server.posts]


def test_a_burst_of_forty_is_never_too_fast_and_arrives_whole_and_in_order(tmp_path: Path) -> None:
    with DiscordServer(most=5, window_s=2.0).running() as server:
        ledger = ledger_with(tmp_path, 40, kind=ALONE)
        waited: list[float] = []

        def wait(seconds: float) -> None:
            waited.append(seconds)
            time.sleep(seconds)

        drain_all(drain_of(ledger, server, ((5, 2.0),)), wait)
        assert ids(server) == written(ledger)
        assert len(server.requests) == 40
        assert server.violations == 0
        # How often it has to wait depends on how fast the machine is.
        assert waited
        assert statuses(ledger) == {"sent": 40}


@pytest.mark.parametrize("tells", [False, True])
def test_the_limit_or_the_headers_alone_keep_a_drain_slow_enough(
    tmp_path: Path, tells: bool
) -> None:
    with DiscordServer(most=2, window_s=1.0, tells=tells).running() as server:
        ledger = ledger_with(tmp_path, 8)
        drain_all(drain_of(ledger, server, UNLIMITED if tells else ((2, 1.0),)))
        assert (len(server.posts), server.violations) == (8, 0)


def test_each_429_is_obeyed_to_the_fraction_of_a_second(tmp_path: Path) -> None:
    with DiscordServer(most=2, window_s=1.0, tells=False).running() as server:
        ledger = ledger_with(tmp_path, 8)
        drain_all(drain_of(ledger, server))
        assert ids(server) == written(ledger)
        # One for a message at most: after the pause it is taken, a moment too early it is not.
        assert server.violations >= 1
        assert all(pair != (429, 429) for pair in pairwise(server.answers))
        assert len(server.requests) == 8 + server.violations


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(429, {"retry_after": 64.57, "global": False}, {"Retry-After": "65"}), 64.57),
        (Fault(429, {"retry_after": 0.25, "global": True}, {"X-RateLimit-Global": "true"}), 0.25),
        (Fault(429, "<html>1015</html>", {"Retry-After": "40"}), 40.0),
        (Fault(429, "", {"X-RateLimit-Reset-After": "1.5", "Retry-After": "2"}), 1.5),
        (Fault(429, "<html>"), 5.0),
        (Fault(429, {"retry_after": "soon"}, {"Retry-After": "7"}), 7.0),
    ],
)
def test_a_429_says_in_one_of_many_ways_how_long_to_wait(
    free_server: DiscordServer, tmp_path: Path, fault: Fault, pause: float
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 2)
    free_server.script.append(fault)
    drain_all(drain_of(ledger, free_server, at=at), at.wait)
    assert at.waited == [pytest.approx(pause)]
    assert ids(free_server) == written(ledger)
    assert "again" not in free_server.posts[0].footer


def test_a_pause_of_half_an_hour_outlives_a_restart(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 1)
    free_server.script.append(Fault(429, {"retry_after": 2280.5}))
    drain = drain_of(ledger, free_server, at=at)
    assert drain.step() == pytest.approx(2280.5)
    drain.close()
    at.seconds += 280.5
    again = drain_of(ledger, free_server, at=at)
    assert again.step() == pytest.approx(2000.0)
    assert len(free_server.requests) == 1
    drain_all(again, at.wait)
    assert len(free_server.posts) == 1


def test_full_windows_of_two_and_of_sixty_seconds_are_waited_for() -> None:
    at = FakeTime()
    limit = SlidingLimit(DISCORD_WINDOWS, at.monotonic)
    answered: list[float] = []
    for _ in range(70):
        at.wait(limit.delay())
        at.seconds += 0.05
        limit.note()
        answered.append(at.seconds)
    for count, window in DISCORD_WINDOWS:
        # A request arrives no later than its answer, and no earlier than 0.05 s before it.
        arrivals = [moment - 0.05 for moment in answered]
        pairs = zip(answered, arrivals[count:], strict=False)
        assert all(later - earlier >= window - 1e-9 for earlier, later in pairs)
    assert at.seconds < 150


def test_a_crash_between_the_post_and_its_mark_doubles_one_message_and_says_so(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    class Crash(BaseException):
        pass

    def crash(edge: str) -> None:
        if edge == "message posted" and len(free_server.posts) == 2:
            raise Crash

    ledger = ledger_with(tmp_path, 4)
    failpoints.on_reach(crash)
    drain = drain_of(ledger, free_server)
    with pytest.raises(Crash):
        drain_all(drain)
    failpoints.on_reach(None)
    # The process is gone, and with it its claim.
    with ledger.changing() as connection:
        connection.execute(
            "UPDATE outbox_channels SET holder = 'elsewhere/x/1/1',"
            " claimed_until = TIMESTAMPTZ '2000-01-01'"
        )
    drain_all(drain_of(ledger, free_server))
    one, two, *rest = written(ledger)
    assert ids(free_server) == [one, two, two, *rest]
    assert [("sent again" in post.footer) for post in free_server.posts] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_a_kill_in_mid_drain_loses_nothing_and_doubles_one_message_at_most(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path)
    drain_of(ledger, free_server).close()
    add(ledger, 8)
    hang = Fault(hangs=True, keeps=True)
    free_server.script.extend([None, None, None, hang])
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            DRAIN_WORKER,
            str(tmp_path),
            ACCOUNT,
        ],
        cwd=REPOSITORY,
        env={**os.environ, "DISCORD_WEBHOOK_URL": free_server.url},
    )
    free_server.wait_for(4)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    free_server.release()
    assert statuses(ledger) == {"sent": 3, "sending": 1}
    # The claim has 60 s to run, but its holder certainly does not.
    drain_all(drain_of(ledger, free_server))
    sent = ids(free_server)
    assert sorted(set(sent)) == sorted(written(ledger))
    assert sent == [*sent[:4], sent[3], *written(ledger)[4:]]
    marked = [post.id for post in free_server.posts if "sent again" in post.footer]
    assert marked == [sent[3]]
    assert statuses(ledger) == {"sent": 8}


def test_a_burst_of_forty_survives_two_processes_and_the_kill_of_one(tmp_path: Path) -> None:
    with DiscordServer(most=5, window_s=2.0).running() as server:
        ledger = ledger_with(tmp_path)
        drain_of(ledger, server).close()
        add(ledger, 40, kind=ALONE)

        def worker() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", DRAIN_WORKER, str(tmp_path), ACCOUNT,
                 "5", "2.0"],
                cwd=REPOSITORY, env={**os.environ, "DISCORD_WEBHOOK_URL": server.url},
            )  # fmt: skip

        first = worker()
        server.wait_for(12)
        second = worker()
        server.wait_for(15)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert second.wait(60) == 0
        arrived = ids(server)
        assert list(dict.fromkeys(arrived)) == written(ledger)
        assert len(arrived) - 40 <= 1
        assert server.violations == 0
        assert statuses(ledger) == {"sent": 40}


def test_who_takes_over_counts_what_the_one_before_has_just_sent(tmp_path: Path) -> None:
    with DiscordServer(most=5, window_s=2.0, tells=False).running() as server:
        ledger = ledger_with(tmp_path, 12, kind=ALONE)
        for _ in range(3):
            # A process that ends after four messages, and the next that begins at once.
            drain = drain_of(DuckDBLedger(tmp_path, ACCOUNT), server, ((5, 2.0),))
            sent = len(server.posts)
            while len(server.posts) < sent + 4:
                time.sleep(drain.step() or 0.0)
            drain.close()
        assert ids(server) == written(ledger)
        assert server.violations == 0


def test_two_drains_of_one_outbox_send_each_message_once_and_in_order(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 30)
    pause = threading.Event()
    drains = [
        drain_of(DuckDBLedger(tmp_path, ACCOUNT), free_server, ((5, 0.05),)) for _ in range(3)
    ]
    threads = [
        threading.Thread(target=drain_all, args=(drain, lambda s: pause.wait(min(s, 0.02))))
        for drain in drains
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ids(free_server) == written(ledger)


def test_a_claim_passes_on_when_it_is_given_back(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 2)
    first, second = drain_of(ledger, free_server), drain_of(ledger, free_server)
    assert first.step() == 0.0
    waiting = second.step()
    assert waiting is not None
    assert 0 < waiting <= 60
    first.close()
    drain_all(second)
    assert ids(free_server) == written(ledger)


def test_an_outage_is_waited_out_ever_longer_and_the_order_is_kept(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 3)
    drop = Fault(drops=True)
    free_server.script.extend([Fault(503), Fault(502, "<html>"), drop, Fault(500)])
    drain_all(drain_of(ledger, free_server, at=at), at.wait)
    assert at.waited == [2, 4, 8, 16]
    assert ids(free_server) == written(ledger)
    assert "sent again" in free_server.posts[0].footer
    assert "sent again" not in free_server.posts[1].footer


def test_a_discord_that_hangs_is_given_up_at_the_time_out(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    free_server.script.append(Fault(hangs=True))
    drain_all(drain_of(ledger_with(tmp_path, 1), free_server, at=at, timeout_s=0.2), at.wait)
    assert at.waited == [2]
    assert len(free_server.posts) == 1


def test_no_network_for_hours_buries_nothing_and_is_no_attempt(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    with DiscordServer().running() as gone:
        pass
    ledger = ledger_with(tmp_path, 1)
    drain = drain_of(ledger, gone, at=at)
    for _ in range(3 * MOST_ATTEMPTS):
        delay = drain.step()
        assert delay is not None
        at.wait(delay)
    assert at.seconds > 2 * 3600
    rows = ledger.query("SELECT * FROM outbox_sendings")
    assert (rows[0]["status"], rows[0]["may_have_arrived"]) == ("waiting", False)
    drain.close()
    drain_all(drain_of(ledger, free_server, at=at), at.wait)
    assert [post.id for post in free_server.posts] == written(ledger)
    assert "sent again" not in free_server.posts[0].footer


def test_a_message_that_never_goes_is_buried_and_shown_and_the_next_goes(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 2)
    free_server.script.extend([Fault(500)] * MOST_ATTEMPTS)
    drain_all(drain_of(ledger, free_server, at=at), at.wait)
    assert len(free_server.requests) == MOST_ATTEMPTS + 1
    assert max(at.waited) == LONGEST_BACK_OFF_SECONDS
    dead, sent = written(ledger)
    assert ids(free_server) == [sent]
    shown = account_status(tmp_path, ACCOUNT).messages
    assert [(letter["id"], letter["reason"]) for letter in shown["dead"]] == [(dead, "HTTP 500")]


def test_a_message_that_discord_refuses_is_buried_at_once(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 3)
    free_server.script.extend([None, Fault(400, {"message": "Invalid Form Body", "code": 50035})])
    drain_all(drain_of(ledger, free_server))
    assert len(free_server.requests) == 3
    assert statuses(ledger) == {"sent": 2, "dead": 1}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_revoked_webhook_is_asked_once_and_told_of_once(
    free_server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    ledger = ledger_with(tmp_path, 3)
    free_server.always = Fault(status, {"message": "Unknown Webhook", "code": 10015})
    drain = drain_of(ledger, free_server)
    drain_all(drain)
    add(ledger, 2, first=3)
    drain_all(drain)
    assert len(free_server.requests) == 1
    warnings = [r for r in caplog.records if "refuses messages" in r.message]
    assert len(warnings) == 1
    assert f"HTTP {status} Unknown Webhook" in warnings[0].message
    assert statuses(ledger) == {"dead": 5}
    shown = account_status(tmp_path, ACCOUNT).messages
    assert shown["refused"].startswith(f"HTTP {status}")
    drain.close()
    drain_all(drain_of(ledger, free_server))
    assert len(free_server.requests) == 1


def test_another_webhook_is_sent_what_is_written_from_then_on(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 2)
    free_server.script.append(Fault(404, {"message": "Unknown Webhook", "code": 10015}))
    drain_all(drain_of(ledger, free_server))
    new = add(ledger, 2, first=2)
    other = free_server.url.replace("1234567890", "999")
    drain_all(drain_of(ledger, free_server, url=other))
    assert ids(free_server) == new


def test_what_was_written_without_a_webhook_is_never_sent(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 3)
    drain_all(drain_of(ledger, free_server, is_new=True))
    assert free_server.requests == []
    one = add(ledger, 1, first=3)
    drain_all(drain_of(ledger, free_server, is_new=True))
    forget_others(ledger, [])
    add(ledger, 2, first=4)
    drain_all(drain_of(ledger, free_server, is_new=True))
    assert ids(free_server) == one


def test_the_same_words_twice_in_a_session_are_one_message(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path, 2)
    add(ledger, 3)
    rows = ledger.query("SELECT number FROM outbox ORDER BY number")
    assert [row["number"] for row in rows] == [1, 2, 3]


def test_switches_choose_the_kinds_and_what_was_off_stays_unsent(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    off = NotificationSettings(notify_on_error=False)
    ledger = ledger_with(tmp_path, 3)
    drain_all(drain_of(ledger, free_server, wanted=off.wanted_kinds()))
    assert free_server.requests == []
    assert statuses(ledger) == {"skipped": 3}
    drain_all(drain_of(ledger, free_server))
    assert free_server.requests == []


def settings_of(environment: dict[str, str]) -> NotificationSettings:
    return read_settings(None, environment).required().notifications


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("NOTIFY_ON_TRADE", {"ORDER_SENT", "ORDER_FILLED", "ORDER_CANCELLED", "TRADE_CLOSED"}),
        ("NOTIFY_ON_ERROR", {"SYSTEM_WARNING", "SYSTEM_ERROR"}),
        ("NOTIFY_ROUTINE", {"ORB_ESTABLISHED", "MARKET_START", "MARKET_CLOSE", "DAILY_SUMMARY"}),
    ],
)
def test_each_switch_turns_its_kinds_off_and_no_other(name: str, kinds: set[str]) -> None:
    assert ALL - settings_of({name: "false"}).wanted_kinds() == kinds
    assert settings_of({name: "true"}).wanted_kinds() == ALL
    with pytest.raises(BadInput, match=name):
        settings_of({name: "perhaps"})


def test_the_address_is_in_no_log_error_repr_or_store(
    free_server: DiscordServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = ledger_with(tmp_path, 5)
    told = {"message": f"no webhook {TOKEN} here"}
    faults = [Fault(500), Fault(hangs=True), Fault(drops=True), Fault(400, told), None]
    free_server.script.extend([*faults, Fault(404, told)])
    at = FakeTime()
    drain = drain_of(ledger, free_server, at=at, timeout_s=0.2)
    drain_all(drain, at.wait)
    client = WebhookClient(SecretStr(free_server.url))
    shown = [repr(client), str(client), repr(vars(client)), repr(drain), caplog.text]
    shown += [str(record.__dict__) for record in caplog.records]
    for place in tmp_path.rglob("*"):
        assert not place.is_file() or TOKEN.encode() not in place.read_bytes()
    assert "HTTP Request: POST" in caplog.text
    assert all(TOKEN not in text for text in shown)
    assert any(request.endswith(f"{TOKEN}?wait=true") for request in free_server.requests)


@pytest.mark.parametrize(
    "url",
    [
        f"discord.com/api/webhooks/1/{TOKEN}",
        f"http://discord.com/api/webhooks/1/{TOKEN}",
        f"https://discord.com/api/{TOKEN}",
        f"https://[{TOKEN}/api/webhooks/1/x",
        f"https:///api/webhooks/1/{TOKEN}",
    ],
)
def test_what_is_no_webhooks_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadInput, match="DISCORD_WEBHOOK_URL") as caught:
        WebhookClient(SecretStr(url))
    assert TOKEN not in str(caught.getrepr(showlocals=False, chain=True).reprcrash)
    assert caught.value.__cause__ is None
    assert TOKEN not in str(caught.value)


def test_an_address_without_a_version_is_asked_in_the_version_whose_pauses_are_seconds(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    drain_all(drain_of(ledger_with(tmp_path, 1), free_server))
    assert free_server.requests[0].startswith("/api/v10/webhooks/1234567890/")


def test_the_thread_sends_what_comes_and_ends_when_it_is_told(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 2)
    thread = DrainThread(drain_of(DuckDBLedger(tmp_path, ACCOUNT), free_server))
    thread.start()
    assert thread.finish(30)
    add(ledger, 2, first=2)
    thread.wake()
    assert thread.finish(30)
    assert ids(free_server) == written(ledger)
    thread.stop(5)
    assert not thread._thread.is_alive()


def test_the_thread_does_not_wait_for_what_cannot_be_sent_in_time(
    free_server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 2)
    free_server.script.append(Fault(429, {"retry_after": 2280.0}))
    thread = DrainThread(drain_of(ledger, free_server))
    thread.start()
    # The pause is longer than the time given, so the answer comes at once and not at its end.
    assert not thread.finish(600)
    thread.stop(600)
    assert free_server.posts == []


def test_no_kind_is_without_a_switch() -> None:
    assert NotificationSettings().wanted_kinds() == frozenset(map(str, Kind))
