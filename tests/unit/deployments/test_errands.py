"""What `up` has done by short-lived children: when each is due, and when it is not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.ledger import lease
from deployments.errands import ping as ping_module
from deployments.errands.dead_man import (
    AGAIN_IN_SESSION_S,
    FIRST_AFTER_S,
    OTHERWISE_EVERY_S,
    SESSION_EVERY_S,
    DeadMan,
)
from deployments.errands.errand import Errand
from deployments.errands.gone_account import FIRST_WAIT_S as GONE_WAIT_S
from deployments.errands.gone_account import GoneAccount
from deployments.errands.ping import EXIT_NOT_PINGED, ping
from deployments.errands.waiting_messages import (
    FIRST_LOOK_S,
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    LOOK_EVERY_S,
    WaitingMessages,
)
from deployments.processes.home import Home

WAITS = 3


class FakeErrand(Errand):
    """An errand without a process: a test says how it ends."""

    def __init__(self) -> None:
        self.starts = 0
        self.code: int | None = None
        self.says = ""
        self._runs = False

    @property
    def is_running(self) -> bool:
        return self._runs

    def start(self) -> None:
        self.starts += 1
        self._runs, self.code = True, None

    def last_line(self) -> str:
        return self.says

    def take_exit_code(self) -> int | None:
        self._runs = self.code is None
        return self.code


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path)


@pytest.fixture
def errand() -> FakeErrand:
    return FakeErrand()


def write_ledger(home: Home, account: str = "paper", size: int = 10) -> Path:
    ledger = home.data_dir / account / "ledger.duckdb"
    ledger.parent.mkdir(exist_ok=True)
    ledger.write_bytes(b"x" * size)
    return ledger


def end(errand: FakeErrand, looker: WaitingMessages | DeadMan, code: int, now: float) -> None:
    assert errand.is_running
    errand.code = code
    looker.tend(now)
    assert not errand.is_running


def test_what_waits_is_sent_once_the_session_has_ended_and_never_beside_it(
    home: Home, errand: FakeErrand
) -> None:
    """Of 343 messages 136 stayed until the next day's session."""
    ledger = write_ledger(home)
    messages = WaitingMessages(home, errand, 0.0)
    held = lease.lock(ledger.parent)
    now = FIRST_LOOK_S
    messages.tend(now)
    assert errand.starts == 0
    lease.unlock(held)
    messages.tend(now + LOOK_EVERY_S)
    assert errand.starts == 1
    end(errand, messages, 0, now + 10)
    # Nothing waits, and nothing was written since: no process is started for it.
    for later in range(20):
        messages.tend(now + 20 + later * LOOK_EVERY_S)
    assert errand.starts == 1
    write_ledger(home, size=11)
    messages.tend(now + 1000)
    assert errand.starts == 2


def test_a_receiver_that_is_away_is_asked_again_ever_later(home: Home, errand: FakeErrand) -> None:
    write_ledger(home)
    messages = WaitingMessages(home, errand, 0.0)
    now, waits = FIRST_LOOK_S, []
    messages.tend(now)
    for _ in range(8):
        end(errand, messages, WAITS, now)
        began = now
        while not errand.is_running:
            now += 1.0
            messages.tend(now)
        waits.append(now - began)
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert max(waits) == waits[-1] == LONGEST_WAIT_S
    end(errand, messages, 0, now)
    write_ledger(home, size=12)
    messages.tend(now + LOOK_EVERY_S)
    assert errand.starts == 10


def test_one_child_at_a_time_and_one_for_all_accounts(home: Home, errand: FakeErrand) -> None:
    for account in ("paper", "replay", "simulated"):
        write_ledger(home, account)
    messages = WaitingMessages(home, errand, 0.0)
    for second in range(100):
        messages.tend(FIRST_LOOK_S + second)
    assert errand.starts == 1
    end(errand, messages, 0, 200.0)
    messages.tend(300.0)
    assert errand.starts == 1


def test_the_dead_man_is_pinged_every_few_minutes_in_a_session_and_else_once_a_day(
    home: Home, errand: FakeErrand
) -> None:
    ledger = write_ledger(home)
    dead_man = DeadMan(home, errand, 0.0)
    dead_man.tend(FIRST_AFTER_S - 1)
    assert errand.starts == 0
    dead_man.tend(FIRST_AFTER_S)
    end(errand, dead_man, 0, FIRST_AFTER_S)
    dead_man.tend(FIRST_AFTER_S + OTHERWISE_EVERY_S - 1)
    assert errand.starts == 1
    # A session begins.
    held = lease.lock(ledger.parent)
    dead_man.tend(FIRST_AFTER_S + SESSION_EVERY_S)
    assert errand.starts == 2
    end(errand, dead_man, EXIT_NOT_PINGED, 1000.0)
    dead_man.tend(1000.0 + AGAIN_IN_SESSION_S - 1)
    assert errand.starts == 2
    dead_man.tend(1000.0 + AGAIN_IN_SESSION_S)
    assert errand.starts == 3
    lease.unlock(held)
    end(errand, dead_man, 0, 2000.0)
    dead_man.tend(2000.0 + SESSION_EVERY_S)
    assert errand.starts == 3


def test_copies_are_asked_for_a_lost_account_until_they_answer(
    home: Home, errand: FakeErrand
) -> None:
    said: list[str] = []
    gone = GoneAccount(home, errand, said.append, copies_leave=True)
    gone.tend(0.0)
    errand.code, errand.says = 3, "Copies were not asked for the account: no route"
    gone.tend(1.0)
    gone.tend(1.0 + GONE_WAIT_S - 1.0)
    assert errand.starts == 1
    gone.tend(1.0 + GONE_WAIT_S)
    assert errand.starts == 2
    errand.code, errand.says = 0, "Account paper: the account was restored"
    for now in (100.0, 10_000.0):
        gone.tend(now)
    assert errand.starts == 2
    assert said == ["Copies were not asked for the account: no route", errand.says]


@pytest.mark.parametrize("has_copies", [False, True])
def test_where_there_are_no_copies_none_are_asked(
    has_copies: bool, home: Home, errand: FakeErrand
) -> None:
    if has_copies:
        (home.data_dir / "copies").mkdir()
    GoneAccount(home, errand, lambda _: None, copies_leave=False).tend(0.0)
    assert errand.starts == has_copies


def test_a_replay_is_no_session_that_an_eye_outside_waits_for(
    home: Home, errand: FakeErrand
) -> None:
    ledger = write_ledger(home, "replay")
    dead_man = DeadMan(home, errand, 0.0)
    dead_man.tend(FIRST_AFTER_S)
    end(errand, dead_man, 0, FIRST_AFTER_S)
    held = lease.lock(ledger.parent)
    dead_man.tend(FIRST_AFTER_S + SESSION_EVERY_S)
    lease.unlock(held)
    assert errand.starts == 1


class Eye:
    """The service outside: counts what it is asked, and answers as a test says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.waits: threading.Event | None = None
        eye = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                eye.asked.append(self.path)
                if eye.waits is not None:
                    eye.waits.wait()
                self.send_response(eye.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/planted-ping-key"


@pytest.fixture
def eye() -> Iterator[Eye]:
    found = Eye()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join(10)


def run_ping(monkeypatch: pytest.MonkeyPatch, data_dir: Path, url: str, trouble: str = "") -> int:
    monkeypatch.setenv("OPENBELL_ENV_FILE", os.devnull)
    monkeypatch.setenv("DEADMAN_URL", url)
    monkeypatch.setattr(ping_module, "_trouble", lambda *_: trouble)
    return ping_module.main(["--data-dir", str(data_dir)])


def test_a_ping_is_sent_while_all_is_well_and_not_when_something_is_red(
    eye: Eye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_ping(monkeypatch, tmp_path, eye.url) == 0
    assert eye.asked == ["/planted-ping-key"]
    assert run_ping(monkeypatch, tmp_path, eye.url, "lease: nobody trades") == EXIT_NOT_PINGED
    assert len(eye.asked) == 1
    assert "nobody trades" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["answers 500", "is away", "redirects"])
def test_a_ping_that_fails_is_a_line_without_the_address(
    fault: str, eye: Eye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    eye.status = {"answers 500": 500, "redirects": 302}.get(fault, 200)
    url = "http://127.0.0.1:9/planted-ping-key" if fault == "is away" else eye.url
    assert run_ping(monkeypatch, tmp_path, url) == EXIT_NOT_PINGED
    said = capsys.readouterr()
    assert len(said.out.strip().splitlines()) == 1
    assert "planted-ping-key" not in said.out + said.err
    assert "planted-ping-key" not in ping(SecretStr(url))


def test_an_answer_that_never_ends_keeps_no_later_ping_waiting(eye: Eye) -> None:
    eye.waits = threading.Event()
    try:
        said = ping(SecretStr(eye.url), timeout_s=600.0, limit_s=0.2)
    finally:
        eye.waits.set()
    assert "did not come to an end" in said
    assert "planted-ping-key" not in said
