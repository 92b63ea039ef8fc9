"""What Prefect's page shows of a session: true at every fill, by account, and never waited for."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blocks.account.status import account_status
from blocks.settings.api import ApiSettings
from flows.pages import artifacts, session_page
from flows.pages.artifacts import publish_session, session_message
from flows.pages.live_page import LivePage
from flows.pages.session_page import SessionPage
from flows.session.account.parts import PlainParts
from flows.session.bar_words import BarWords
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from flows.session.run_session import PlainRunner
from flows.session.take_bar import take_bar
from tasks.session.runtime import SessionRuntime

DAY = "2025-06-10"
SYMBOLS = ("AAA", "BBB", "CCC")
EAGER = {
    "range_minutes": 15, "min_body": -1.0, "stop": "atr", "stop_atr": 6.0, "target": "none",
    "max_entries": 1,
}  # fmt: skip
BARS = 26


class Shown:
    """What Prefect was given to keep, in order."""

    def __init__(self) -> None:
        self.artifacts: list[dict[str, Any]] = []

    async def keep(self, content: Any, key: str, description: str = "") -> None:
        await asyncio.sleep(0)
        self.artifacts.append({"key": key, "data": content, "description": description})

    def last(self, key: str) -> dict[str, Any]:
        return [shown for shown in self.artifacts if shown["key"] == key][-1]


class Watched(PlainRunner):
    """Runs bars plainly, and lets the loop do what it has to do after each."""

    def __init__(self, page: SessionPage) -> None:
        super().__init__()
        object.__setattr__(self, "page", page)
        object.__setattr__(self, "words", {})

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        before = BarWords.before(runtime)
        take_bar(runtime, bar, self.steps)
        self.words[bar] = before.since(runtime)  # type: ignore[attr-defined]
        self.page.look(runtime)  # type: ignore[attr-defined]
        for _ in range(5):
            await asyncio.sleep(0)


def kept_by(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Return what is shown from now on."""
    kept = Shown()
    monkeypatch.setattr(session_page, "acreate_table_artifact", kept.keep)
    monkeypatch.setattr(artifacts, "acreate_markdown_artifact", kept.keep)
    monkeypatch.setattr(session_page, "get_run_logger", logging.getLogger)
    # A replay has no seconds between its bars.
    monkeypatch.setattr(session_page, "LOOK_EVERY_SECONDS", 0)
    return kept


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    return kept_by(monkeypatch)


@dataclass(frozen=True)
class Day:
    """A day that was traded and shown; not to be traded again."""

    request: SessionRequest
    shown: Shown
    words: dict[int, list[str]]
    trades: list[dict[str, Any]]

    @property
    def folder(self) -> Path:
        return self.request.data_dir


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    with pytest.MonkeyPatch.context() as patch:
        shown = kept_by(patch)
        request = replayed(tmp_path_factory.mktemp("day"))
        words = trade(request)
        asyncio.run(publish_session(request, LivePage.of(ApiSettings(), request.data_dir)))
    trades = account_status(request.data_dir, "replay").as_dict()["trades"]
    assert trades
    return Day(request, shown, words, trades)


def replayed(folder: Path, *, dry_run: bool = False) -> SessionRequest:
    return SessionRequest(
        PlainParts(folder), replay=DAY, symbols=SYMBOLS, settings=EAGER, dry_run=dry_run,
        interval_minutes=15,
    )  # fmt: skip


def trade(request: SessionRequest) -> dict[int, list[str]]:
    async def run() -> dict[int, list[str]]:
        page = SessionPage(LivePage.of(ApiSettings(), request.data_dir))
        runner = Watched(page)
        await run_account(request, runner)
        await page.finish(patience_seconds=0.01)
        words: dict[int, list[str]] = runner.words  # type: ignore[attr-defined]
        return words

    return asyncio.run(run())


def test_each_symbol_tells_what_it_did_and_why_as_the_terminal_writes_numbers(day: Day) -> None:
    decisions = day.shown.last("replay-decisions")
    assert f"account replay (SIMULATED bars), session {DAY}" in decisions["description"]
    assert "America/New_York" in decisions["description"]
    assert [row["symbol"] for row in decisions["data"]] == list(SYMBOLS)
    for row in decisions["data"]:
        for done in day.trades:
            if done["symbol"] == row["symbol"]:
                assert f"at {done['entry_price']:,.2f}" in row["did"]
                assert f"{done['pnl']:+,.2f} USD" in row["did"]
        assert row["why"]
    assert day.shown.last("replay-positions")["data"] == []


def test_a_position_is_shown_from_its_fill_on(day: Day) -> None:
    held = [
        {row["symbol"] for row in each["data"]}
        for each in day.shown.artifacts
        if each["key"] == "replay-positions"
    ]
    assert set().union(*held) == {row["symbol"] for row in day.trades}
    first = next(each["data"][0] for each in day.shown.artifacts
                 if each["key"] == "replay-positions" and each["data"])  # fmt: skip
    assert re.fullmatch(r"[\d,]+\.\d\d", first["entry"])
    # By New York's clock: in UTC its session begins at half past one in the afternoon.
    assert "09:30" <= first["in"] < "13:30"


def test_a_server_that_never_answers_holds_nothing_up(
    tmp_path: Path, day: Day, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(session_page, "acreate_table_artifact", hang)
    trade(replayed(tmp_path))
    silent, good = (account_status(folder, "replay").as_dict() for folder in (tmp_path, day.folder))
    assert silent == good


def test_what_prefect_refused_is_shown_later(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter([RuntimeError("server is away")] * 3)

    async def keep(*arguments: Any, **named: Any) -> None:
        for error in refusals:
            raise error
        await shown.keep(*arguments, **named)

    monkeypatch.setattr(session_page, "acreate_table_artifact", keep)
    trade(replayed(tmp_path))
    done = [row["did"] for row in shown.last("replay-decisions")["data"]]
    assert any("USD" in did for did in done)


def test_accounts_do_not_replace_each_other_in_the_list(
    tmp_path: Path, day: Day, shown: Shown
) -> None:
    trade(replayed(tmp_path, dry_run=True))
    keys = {each["key"] for each in shown.artifacts}
    assert "replay-dry-run-decisions" in keys
    assert keys.isdisjoint(each["key"] for each in day.shown.artifacts)


def test_a_bar_says_what_it_decided_sent_and_filled(day: Day) -> None:
    said = [line for bar in day.words.values() for line in bar]
    assert len(day.words) == BARS
    assert day.words[0][0] == "decided: nothing yet"
    assert day.words[10][0].startswith("decided: AAA: ")
    assert all(bar[-1].startswith("equity ") for bar in day.words.values())
    assert sum(line.startswith("filled: ") for line in said) >= 2 * len(day.trades)
    assert any(line.startswith(("sent: buy ", "sent: sell ")) for line in said)


def test_the_days_summary_names_the_account_and_the_run_says_what_came_of_it(day: Day) -> None:
    summary = day.shown.last("replay-daily-summary")
    assert summary["description"] == f"Account replay (SIMULATED bars), session {DAY}"
    assert summary["data"].startswith(f"# Account replay (SIMULATED bars), {DAY}\n")
    picture = re.search(r"base64,([A-Za-z0-9+/=]+)\)", summary["data"])
    assert picture is not None
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
    status = account_status(day.folder, "replay")
    said = session_message(day.request, 1)
    assert said.startswith(f"1 session of account replay (SIMULATED bars) closed; {DAY}: ")
    assert f"equity {status.equity:,.2f} USD" in said
    assert said.endswith((day.folder / "replay").as_uri())

    # All of it leads to the live page of its account.
    address = "http://127.0.0.1:8085/accounts/replay/"
    links = f"[Live page]({address}), [session {DAY}]({address}sessions/{DAY})"
    assert links in summary["data"]
    for key in ("replay-decisions", "replay-positions"):
        assert day.shown.last(key)["description"].endswith(links), key


def test_the_live_page_is_where_the_settings_have_it_and_leads_to_each_account(
    tmp_path: Path,
) -> None:
    for host, reached in (("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("box.lan", "box.lan")):
        settings = ApiSettings(api_host=host, health_check_port=9000)
        assert LivePage.of(settings, tmp_path).address == f"http://{reached}:9000/"
    # A link of yesterday leads to its account, though another is meant today.
    page = LivePage.of(ApiSettings(), tmp_path)
    for account in ("replay", "paper"):
        address = f"http://127.0.0.1:8085/accounts/{account}/"
        links = page.links(account, date(2025, 6, 10))
        assert (
            links == f"[Live page]({address}), [session 2025-06-10]({address}sessions/2025-06-10)"
        )
