"""What an ended session left is sent beside no session, and by nobody twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.channel import Channel
from blocks.messages.deliver import deliver
from blocks.messages.discord.channel import DiscordChannel
from tests.process.blocks.messages.discord_drain import (
    ACCOUNT,
    ALL,
    UNLIMITED,
    DiscordParts,
    add,
    drain_all,
    drain_of,
    ledger_with,
    left_by_an_earlier_version,
    statuses,
    written,
)
from tests.servers.discord_server import TOKEN, DiscordServer, Fault
from tests.terminal import flows


@pytest.fixture
def server() -> Iterator[DiscordServer]:
    with DiscordServer(most=10**6).running() as running:
        yield running


def ids(server: DiscordServer) -> list[str]:
    return [post.id for post in server.posts]


def channels(folder: Path, server: DiscordServer) -> list[Channel]:
    return DiscordParts(folder, url=server.url, windows=UNLIMITED).channels()[0]


def left_by_a_session(folder: Path, server: DiscordServer, count: int = 6) -> DuckDBLedger:
    """An outbox whose session has sent its first message and ended."""
    ledger = ledger_with(folder)
    drain = drain_of(ledger, server)
    add(ledger, count)
    drain.step()
    drain.close()
    return ledger


def test_the_terminal_sends_what_is_left_and_says_how_much(
    server: DiscordServer, tmp_path: Path
) -> None:
    ledger = left_by_a_session(tmp_path, server)
    for _ in range(2):
        done = flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)
        assert done.returncode == 0
        assert TOKEN not in done.stdout + done.stderr
    assert ids(server) == written(ledger)
    assert statuses(ledger) == {"sent": 6}


def test_where_no_channel_was_ever_opened_nothing_is_sent_and_nothing_is_written(
    server: DiscordServer, tmp_path: Path
) -> None:
    ledger = ledger_with(tmp_path, 3)
    before = ledger.path.read_bytes()
    done = flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)
    assert (done.returncode, server.requests) == (0, [])
    assert ledger.path.read_bytes() == before


def test_what_accounts_of_an_earlier_version_left_goes_though_nobody_trades_them_again(
    server: DiscordServer, tmp_path: Path
) -> None:
    left = [left_by_an_earlier_version(tmp_path, server, name) for name in ("old", "older")]
    held = lease.lock(left[1][0].path.parent)
    done = flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)
    assert done.returncode == 3
    assert ids(server) == left[0][1]
    lease.unlock(held)
    done = flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)
    assert done.returncode == 0
    assert ids(server) == left[0][1] + left[1][1]


def test_an_account_that_is_traded_is_left_to_its_session(
    server: DiscordServer, tmp_path: Path
) -> None:
    ledger = left_by_a_session(tmp_path, server)
    held = lease.lock(ledger.path.parent)
    left = deliver(tmp_path, ACCOUNT, channels(tmp_path, server), ALL, lambda: False)
    assert left.is_traded
    assert len(server.posts) == 1
    lease.unlock(held)


def test_a_session_that_begins_meanwhile_takes_over_at_once_and_nothing_is_sent_twice(
    server: DiscordServer, tmp_path: Path
) -> None:
    ledger = left_by_a_session(tmp_path, server)
    held = []

    class Begins(DiscordChannel):
        def send(self, letters, payloads, picture):  # type: ignore[no-untyped-def]
            if len(server.posts) == 3:
                held.append(lease.lock(ledger.path.parent))
            return super().send(letters, payloads, picture)

    (channel,) = channels(tmp_path, server)
    assert isinstance(channel, DiscordChannel)
    left = deliver(tmp_path, ACCOUNT, [Begins(channel._client)], ALL, lambda: False)
    assert (left.is_traded, len(server.posts)) == (True, 4)
    waits: list[float] = []
    drain_all(drain_of(DuckDBLedger(tmp_path, ACCOUNT), server), waits.append)
    assert ids(server) == written(ledger)
    # The claim was given back: the session's own messages wait for nobody.
    assert [wait for wait in waits if wait > 0] == []
    assert not any("sent again" in post.footer for post in server.posts)
    lease.unlock(held[0])


def test_a_receiver_that_is_away_for_long_is_not_waited_for(
    server: DiscordServer, tmp_path: Path
) -> None:
    ledger = left_by_a_session(tmp_path, server)
    server.script.append(Fault(429, {"retry_after": 2280.5}))
    for _ in range(2):
        done = flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)
        assert done.returncode == 3
    # The pause is in the ledger, and keeps the next child from asking too.
    assert len(server.requests) == 2
    with ledger.changing() as connection:
        connection.execute("UPDATE outbox_channels SET paused_until = NULL")
    assert flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)[0] == 0
    assert ids(server) == written(ledger)


def test_kinds_that_the_session_did_not_want_stay_unsent(
    server: DiscordServer, tmp_path: Path
) -> None:
    """A replay of many days sends its summaries only, also afterwards."""
    ledger = ledger_with(tmp_path)
    drain = drain_of(ledger, server, wanted=frozenset({"SYSTEM_ERROR"}))
    add(ledger, 2)
    (wanted,) = add(ledger, 1, kind="SYSTEM_ERROR")
    drain.close()
    assert flows("deliver", "--data-dir", tmp_path, DISCORD_WEBHOOK_URL=server.url)[0] == 0
    assert ids(server) == [wanted]
    assert statuses(ledger) == {"sent": 1, "skipped": 2}
