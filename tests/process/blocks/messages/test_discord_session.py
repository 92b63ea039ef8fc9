"""A whole session tells its story in Discord, and no order waits for it."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.precedence import MONEY, URGENT
from blocks.process import failpoints
from blocks.saved.blocks import wanted_blocks
from blocks.saved.discord import DiscordWebhook
from blocks.settings.app_settings import AppSettings
from flows.session.account import opening as wiring
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from flows.session.run_session import PlainRunner
from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from tasks.steps import PLAIN, Steps
from tests.process.blocks.messages.discord_drain import DiscordParts
from tests.servers.discord_server import TOKEN, DiscordServer, Fault, Post
from trading.errors import SourceUnavailable, StoreUnavailable
from trading.session.events import BarClosed

DAY = "2025-06-10"
SYMBOLS = ("AAA", "BBB", "CCC")
SETTINGS: dict[str, Any] = {"min_body": 0.0, "flatten_minutes": 30, "range_minutes": 30}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def server() -> Iterator[DiscordServer]:
    with DiscordServer(most=10**6).running() as running:
        yield running


@pytest.fixture(autouse=True)
def no_failpoints() -> Iterator[None]:
    yield
    failpoints.on_reach(None)


def replay(
    folder: Path,
    server: DiscordServer,
    *,
    replay: str = DAY,
    steps: Steps = PLAIN,
    capital: float = 100_000.0,
    **more: Any,
) -> None:
    request = SessionRequest(
        DiscordParts(folder, url=server.url, timeout_s=more.pop("timeout_s", 10.0)),
        replay=replay,
        symbols=SYMBOLS,
        interval_minutes=30,
        settings=SETTINGS | more,
        capital=capital,
    )
    asyncio.run(run_account(request, PlainRunner(steps)))


def kinds(server: DiscordServer) -> list[str]:
    """Return what each post is about, read from what a person sees."""
    words = {
        "Order sent": "ORDER_SENT",
        "Order filled": "ORDER_FILLED",
        "Order cancelled": "ORDER_CANCELLED",
        "Trade closed": "TRADE_CLOSED",
        "Opening range": "ORB_ESTABLISHED",
        "Session begins": "MARKET_START",
        "Session is over": "MARKET_CLOSE",
        "Daily summary": "DAILY_SUMMARY",
    }
    titles = [post.embed["title"] for post in server.posts]
    return [
        next((kind for word, kind in words.items() if title.startswith(word)), title)
        for title in titles
    ]


def usd(text: str) -> float:
    return float(text.split(" ")[0].replace("$", "").replace(",", ""))


def of_kind(server: DiscordServer, kind: str) -> list[Post]:
    return [post for post, found in zip(server.posts, kinds(server), strict=True) if found == kind]


def rows(folder: Path, table: str, order: str) -> list[dict[str, Any]]:
    return DuckDBLedger(folder, "replay").query(f"SELECT * FROM {table} ORDER BY {order}")


@pytest.fixture(scope="module")
def told_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DiscordServer, Path]]:
    """Trade a day that several tests read, and return the server that was told, and the folder."""
    folder = tmp_path_factory.mktemp("told")
    with DiscordServer(most=10**6).running() as running:
        replay(folder, running)
        yield running, folder


def test_a_session_is_told_whole_in_order_and_with_its_profit(
    told_day: tuple[DiscordServer, Path],
) -> None:
    server, folder = told_day
    told = kinds(server)
    # How much of it waits when a message is taken depends on how fast the machine is: only inside
    # a class the order is certain.
    routine = [kind for kind in told if kind not in URGENT | MONEY]
    assert routine[:2] == ["MARKET_START", "ORB_ESTABLISHED"]
    assert routine[-1] == "MARKET_CLOSE"
    assert told.count("DAILY_SUMMARY") == 1
    assert set(told) >= {"ORDER_SENT", "ORDER_FILLED", "TRADE_CLOSED"}
    trades = rows(folder, "trades", "number")
    assert len(trades) >= 3
    shown = of_kind(server, "TRADE_CLOSED")
    assert [(p.value("Symbol"), p.value("Side")) for p in shown] == [
        (t["symbol"], t["side"]) for t in trades
    ]
    for post, trade in zip(shown, trades, strict=True):
        assert usd(post.value("P&L") or "") == pytest.approx(float(trade["pnl"]), abs=0.0051)
        assert post.value("Exit reason") == trade["exit_reason"]
    summary = of_kind(server, "DAILY_SUMMARY")[0]
    profit = sum(float(trade["pnl"]) for trade in trades)
    assert usd(summary.value("P&L") or "") == pytest.approx(profit, abs=0.0051)
    assert summary.value("Trades") == str(len(trades))
    equity = float(rows(folder, "equity", "ts")[-1]["equity"])
    assert usd(summary.value("Equity") or "") == pytest.approx(equity, abs=0.0051)


def test_every_fill_is_told_before_its_trade(told_day: tuple[DiscordServer, Path]) -> None:
    server, folder = told_day
    open_symbols: set[str | None] = set()
    for post, kind in zip(server.posts, kinds(server), strict=True):
        symbol = post.value("Symbol")
        if kind == "ORDER_FILLED":
            open_symbols.add(symbol)
        if kind == "TRADE_CLOSED":
            assert symbol in open_symbols
    fills = rows(folder, "journal", "seq")
    assert len(of_kind(server, "ORDER_FILLED")) == sum(row["kind"] == "fill" for row in fills)


def test_an_order_that_ends_unfilled_is_told_with_its_reason(
    server: DiscordServer, tmp_path: Path
) -> None:
    # So little of a bar may be taken that an entry is filled in part.
    replay(tmp_path, server, max_participation=0.00001)
    told = of_kind(server, "ORDER_CANCELLED")
    assert told
    for post in told:
        assert post.embed["color"] == 0xE74C3C
        filled, unfilled = (int(post.value(name) or "0") for name in ("Filled", "Unfilled"))
        assert unfilled > 0
        assert filled >= 0
        assert post.value("Reason")


def test_slippage_of_a_market_entry_is_what_the_plan_makes_it_cost(
    server: DiscordServer, tmp_path: Path
) -> None:
    replay(tmp_path, server, slippage_bps=50.0)
    for post in of_kind(server, "ORDER_FILLED"):
        if post.value("Type") == "market":
            filled = int((post.value("Filled") or "").replace(",", ""))
            difference = usd(post.value("Fill price") or "") - usd(post.value("Order price") or "")
            worse = difference if post.value("Side") == "buy" else -difference
            assert usd(post.value("Slippage") or "") == pytest.approx(worse * filled, abs=0.02)
    assert any("worse" in (p.value("Slippage") or "") for p in of_kind(server, "ORDER_FILLED"))


def test_the_summary_carries_the_equity_as_a_png(told_day: tuple[DiscordServer, Path]) -> None:
    server, _ = told_day
    with_pictures = [post for post in server.posts if post.pictures]
    assert [post.embed["title"][:13] for post in with_pictures] == ["Daily summary"]
    (post,) = with_pictures
    assert post.embed["image"] == {"url": "attachment://equity.png"}
    picture = post.pictures["equity.png"]
    assert picture.startswith(PNG)
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 500
    assert height > 300
    at, pixels = len(PNG), b""
    while at < len(picture):
        length, name = struct.unpack(">I4s", picture[at : at + 8])
        chunk = picture[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", picture[at + 8 + length : at + 12 + length])
        assert zlib.crc32(name + chunk) == checksum
        pixels += chunk if name == b"IDAT" else b""
        at += 12 + length
    assert name == b"IEND"
    assert len(zlib.decompress(pixels)) >= width * height


def test_orders_are_done_while_discord_hangs(
    server: DiscordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "LAST_MESSAGES_SECONDS", 0.0)
    server.always = Fault(hangs=True)
    edges: list[str] = []

    def note(edge: str) -> None:
        if edge == "before submit" and edge not in edges:
            # The first message is on its way before the first order is.
            server.wait_for(1)
        edges.append(edge)

    failpoints.on_reach(note)
    replay(tmp_path, server, timeout_s=60.0)
    # All of the session happened within one request, which has not been answered yet.
    assert "message posted" not in edges
    assert len(server.requests) == 1
    assert rows(tmp_path, "journal", "seq")[-1]["kind"] == "session_closed"
    assert len(rows(tmp_path, "trades", "number")) >= 3
    server.release()


def test_what_a_killed_session_did_not_send_the_next_run_sends(
    server: DiscordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "LAST_MESSAGES_SECONDS", 0.0)
    server.always = Fault(503)
    replay(tmp_path, server)
    assert server.posts == []
    server.always = None
    with DuckDBLedger(tmp_path, "replay").changing() as connection:
        connection.execute("UPDATE outbox_channels SET paused_until = NULL")
    monkeypatch.undo()
    replay(tmp_path, server)
    written = [row["id"] for row in rows(tmp_path, "outbox", "number")]
    assert sorted(post.id for post in server.posts) == sorted(written)


def test_a_range_of_replayed_sessions_posts_its_summaries_only(
    server: DiscordServer, tmp_path: Path
) -> None:
    replay(tmp_path, server, replay="2025-06-10:2025-06-12")
    assert kinds(server) == ["DAILY_SUMMARY"] * 3
    assert len(rows(tmp_path, "outbox", "number")) > 20


def test_trouble_in_a_session_is_told_where_it_happened(
    server: DiscordServer, tmp_path: Path
) -> None:
    def fetch(runtime: SessionRuntime, bar: int) -> FetchedRows:
        if bar == 1:
            raise SourceUnavailable("no bars today", "Wait")
        return PLAIN.fetch(runtime, bar)

    replay(tmp_path, server, steps=replace(PLAIN, fetch=fetch))
    told = kinds(server)
    warnings = [p for p in server.posts if "has no data" in p.embed.get("description", "")]
    assert len(warnings) == 1
    assert told.index("MARKET_START") < server.posts.index(warnings[0])


def test_a_session_that_fails_says_so_before_it_ends(server: DiscordServer, tmp_path: Path) -> None:
    def persist(runtime: SessionRuntime, closed: BarClosed, fetched: FetchedRows) -> float:
        raise StoreUnavailable("disk is full", "Free space")

    with pytest.raises(StoreUnavailable):
        replay(tmp_path, server, steps=replace(PLAIN, persist=persist))
    last = server.posts[-1]
    assert last.embed["description"] == "disk is full"
    assert last.value("Action required") == "Free space"


def test_the_saved_block_masks_its_address_and_is_wanted_when_one_is_set(
    tmp_path: Path,
) -> None:
    def webhooks(environment: dict[str, str]) -> list[DiscordWebhook]:
        blocks = wanted_blocks(tmp_path, AppSettings.read(environment, {}))
        return [block for block in blocks if isinstance(block, DiscordWebhook)]

    assert webhooks({}) == []
    url = f"https://discord.com/api/webhooks/1/{TOKEN}"
    (block,) = webhooks({"DISCORD_WEBHOOK_URL": url, "NOTIFY_ROUTINE": "false"})
    assert "DAILY_SUMMARY" not in block.settings().wanted_kinds()
    assert TOKEN not in repr(block) + str(block) + block.model_dump_json()
    other = DiscordWebhook(url=SecretStr("https://discord.com/api/webhooks/2/x"))
    opened = [
        PlainParts(tmp_path, notifications=b.settings()).channels()[0][0] for b in (block, other)
    ]
    assert repr(opened[0]) != repr(opened[1])
