"""Any other service as a second channel: with the same outbox, and none waits for the other."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.apprise_channel import AppriseChannel, addresses
from blocks.messages.choose import channels_of
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.drain_thread import start_drains
from blocks.messages.settings import NotificationSettings
from blocks.process.secret_mask import MASK
from tests.process.blocks.messages.discord_drain import (
    ACCOUNT,
    ALL,
    UNLIMITED,
    FakeTime,
    add,
    drain_all,
    know,
    ledger_with,
    open_drain,
    written,
)
from tests.servers.discord_server import DiscordServer, Fault

KEY = "planted-notify-key"


class Receiver:
    """A service behind Apprise's `json://`: keeps what it takes, and answers as a test says."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.requests = 0
        self.script: deque[int] = deque()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                status = receiver.script.popleft() if receiver.script else 200
                if status == 200:
                    receiver.bodies.append(json.loads(content))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://user:{KEY}@127.0.0.1:{self.server.server_address[1]}/{KEY}-path"

    @property
    def texts(self) -> str:
        return "\n".join(f"{body['title']}\n{body['message']}" for body in self.bodies)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join(10)


def channel_to(url: str, at: FakeTime) -> AppriseChannel:
    return AppriseChannel(SecretStr(url), SlidingLimit(UNLIMITED, at.monotonic))


def test_what_is_written_arrives_in_order_with_what_it_says(
    receiver: Receiver, tmp_path: Path
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 3)
    drain_all(open_drain(ledger, channel_to(receiver.url, at), at.now), at.wait)
    said = receiver.texts
    places = [said.index(f"word {n}") for n in range(3)]
    assert places == sorted(places)
    assert all(one in said for one in written(ledger))
    assert "Severity: warning" in said


def test_many_routine_messages_are_one_post(receiver: Receiver, tmp_path: Path) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 25)
    drain_all(open_drain(ledger, channel_to(receiver.url, at), at.now), at.wait)
    assert receiver.requests < 25
    assert all(one in receiver.texts for one in written(ledger))


def test_an_outage_is_waited_out_and_a_service_that_refuses_is_told_once(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 2)
    receiver.script.extend([500, 502, 200, 401])
    drain_all(open_drain(ledger, channel_to(receiver.url, at), at.now), at.wait)
    assert [wait for wait in at.waited if wait > 0] == [2.0, 4.0]
    assert "sent again" in receiver.texts
    shown = account_status(tmp_path, ACCOUNT).messages
    assert shown["refused"] == "HTTP 401"
    assert [letter["reason"] for letter in shown["dead"]] == ["HTTP 401"]
    assert len([r for r in caplog.records if "refuses messages" in r.message]) == 1


def test_hours_without_a_network_bury_nothing(tmp_path: Path, receiver: Receiver) -> None:
    at = FakeTime()
    ledger = ledger_with(tmp_path, 1)
    away = channel_to("json://127.0.0.1:9/x", at)
    drain = open_drain(ledger, away, at.now)
    for _ in range(20):
        at.wait(drain.step() or 0.0)
    assert account_status(tmp_path, ACCOUNT).messages["dead"] == []
    assert account_status(tmp_path, ACCOUNT).messages["waiting"] == 1


@pytest.mark.parametrize("down", ["Discord", "the other"])
def test_one_channel_that_is_down_does_not_hold_up_the_other(
    down: str, receiver: Receiver, tmp_path: Path
) -> None:
    with DiscordServer(most=10**6).running() as server:
        notify = receiver.url if down == "Discord" else "json://127.0.0.1:9/x"
        if down == "Discord":
            server.always = Fault(503)
        settings = NotificationSettings(
            discord_webhook_url=SecretStr(server.url), notify_urls=SecretStr(notify)
        )
        channels, wrong = channels_of(settings)
        assert wrong == []
        ledger = ledger_with(tmp_path)
        for channel in channels:
            know(ledger, channel.name, channel.fingerprint)
        drains = start_drains(ledger, channels, ALL)
        assert drains is not None
        written_here = DuckDBLedger(tmp_path, ACCOUNT)
        for number in range(3):
            add(written_here, 1, first=number)
            drains.wake()
        while len(server.posts if down == "the other" else receiver.bodies) < 3:
            drains.finish(0.2)
        drains.stop(0.0)
        sent = [post.id for post in server.posts] if down == "the other" else receiver.texts
        assert all(one in sent for one in written(ledger))
        # Each message has a state of its own for each channel.
        rows = ledger.query(
            "SELECT channel, count(*) AS n FROM outbox_sendings WHERE status = 'sent' GROUP BY 1"
        )
        assert [row["n"] for row in rows] == [3]
        assert account_status(tmp_path, ACCOUNT).messages["waiting"] == 3


def test_no_piece_of_an_address_comes_into_a_log_an_error_or_the_store(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the bot's own logs listen: at the root. Pytest's listen at every logger.
    heard: list[logging.LogRecord] = []
    ear = logging.Handler(logging.DEBUG)
    monkeypatch.setattr(ear, "emit", heard.append)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [ear])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    at = FakeTime()
    ledger = ledger_with(tmp_path, 2)
    receiver.script.extend([500, 404])
    channel = channel_to(receiver.url, at)
    drain_all(open_drain(ledger, channel, at.now), at.wait)
    told = [*(record.getMessage() for record in heard), repr(channel), channel.title]
    # The HTTP library below names the path of each request; the mask of every log knows it.
    shown = "\n".join(MASK.text(line) for line in told)
    assert KEY not in shown
    assert [r for r in heard if r.name.startswith("apprise")] == []
    assert [r for r in heard if "refuses messages" in r.getMessage()]
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    _, wrong = channels_of(NotificationSettings(notify_urls=SecretStr(f"nosuch://{KEY}/x")))
    assert len(wrong) == 1
    assert KEY not in str(wrong[0])


def test_an_address_that_is_none_costs_itself_and_no_other(receiver: Receiver) -> None:
    text = f"nosuch://x/y, {receiver.url} mailto://u:p@localhost?to=a@x.org,b@x.org,{receiver.url}"
    found = [word.get_secret_value() for word in addresses(text)]
    assert found == [
        "nosuch://x/y",
        receiver.url,
        "mailto://u:p@localhost?to=a@x.org,b@x.org",
        receiver.url,
    ]
    channels, wrong = channels_of(NotificationSettings(notify_urls=SecretStr(text)))
    assert [channel.title for channel in channels] == [
        "json:// of NOTIFY_URLS",
        "mailto:// of NOTIFY_URLS",
    ]
    assert len(wrong) == 1
