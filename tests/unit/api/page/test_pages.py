"""The pages as they are sent: true without script, safe against what a name brings along."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import shutil
from collections.abc import Iterator
from html import escape
from importlib.metadata import version
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.live.event_routes import Watchers
from api.live.watcher import Watcher
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.source import Source
from blocks.process.secret_mask import SecretMask

TOKEN = "letters-and-digits-4711"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def page(data_dir: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Source(data_dir, "replay"))) as client:
        yield client


def without_script(text: str) -> str:
    """Return what a browser without script shows."""
    return text[text.index("<noscript>") : text.index("</noscript>")]


def test_a_browser_without_script_reads_the_ledgers_numbers(
    page: TestClient, data_dir: Path
) -> None:
    ledger = DuckDBLedger(data_dir, "replay")
    (last,) = ledger.query("SELECT equity FROM equity ORDER BY ts DESC LIMIT 1")
    text = page.get("/").text
    plain = without_script(text)
    assert f"{float(last['equity']):,.2f} USD" in plain
    for (session,) in ((row["session"],) for row in ledger.query("SELECT session FROM equity")):
        assert f'href="/sessions/{session}"' in plain
    for trade in ledger.query("SELECT symbol FROM trades WHERE session = '2025-06-11'"):
        assert trade["symbol"] in plain
    assert "openbell halt" in plain
    # What must be known before a figure is believed.
    assert "SIMULATED" in plain
    assert "which is not now" in plain
    assert "SIMULATED" in without_script(page.get("/sessions/2025-06-10").text)


def test_a_page_names_its_account_which_others_there_are_and_where_results_lie(
    page: TestClient, data_dir: Path
) -> None:
    seen = page.get("/api/live").json()
    assert seen["account_words"] == "replay (SIMULATED bars)"
    for path in ("/", "/sessions/2025-06-10"):
        text = page.get(path).text
        assert "replay (SIMULATED bars)" in without_script(text), path
        assert '<a href="/backtests/">' in text, path
    assert page.get("/api/sessions/2025-06-10").json()["account"] == "replay"


def test_each_account_of_the_folder_has_a_page_of_its_own_a_click_away(
    page: TestClient, data_dir: Path
) -> None:
    # One that cannot be read is called by its name, and its own page says why.
    (data_dir / "alpaca-live").mkdir()
    (data_dir / "alpaca-live" / "ledger.duckdb").touch()
    shutil.copytree(data_dir / "replay", data_dir / "simulated")
    first = ("alpaca-live", "alpaca-live (REAL MONEY)")
    shown = {"replay": "replay (SIMULATED bars)", "simulated": "simulated (SIMULATED bars)"}
    for name, other in (("replay", "simulated"), ("simulated", "replay")):
        place = f"/accounts/{name}"
        seen = page.get(f"{place}/api/live").json()
        assert seen["account_words"] == shown[name]
        assert [(each["name"], each["words"]) for each in seen["others"]] == [
            first,
            (other, shown[other]),
        ]
        text = page.get(place).text
        assert f'data-place="{place}"' in text
        plain = without_script(text)
        assert shown[name] in plain
        assert f'<a href="/accounts/{other}/">{shown[other]}</a>' in plain
        # What leads on from there stays with the account.
        assert f'href="{place}/sessions/2025-06-10"' in plain
        assert 'href="/sessions' not in plain
        day = page.get(f"{place}/sessions/2025-06-10")
        assert (day.status_code, f'href="{place}/"' in without_script(day.text)) == (200, True)
        assert page.get(f"{place}/api/sessions/2025-06-10").json()["account"] == name
        assert (
            f"--account {name}"
            in page.get(f"{place}/api/controls").json()["controls"][0]["command"]
        )
    assert page.get("/accounts/alpaca-live/api/live").json()["problem"] is not None
    # One whose ledger is gone stays in the list, and its page says what was lost.
    (data_dir / "simulated" / "ledger.duckdb").unlink()
    assert [each["name"] for each in page.get("/accounts/replay/api/live").json()["others"]] == [
        "alpaca-live",
        "simulated",
    ]
    problem = page.get("/accounts/simulated/api/live").json()["problem"]
    assert "the ledger of account 'simulated' is gone" in problem["what"]


def test_what_answers_for_an_account_is_made_once(data_dir: Path) -> None:
    made = list[str]()

    class Counted(Watchers):
        def of(self, source: Source) -> Watcher:
            made.append(source.account())
            return super().of(source)

    watchers = Counted()
    page = TestClient(create_app(Source(data_dir, "replay"), watchers=watchers))
    page.get("/accounts/nobody/")
    assert made == ["replay"]
    for _ in range(3):
        assert page.get("/accounts/replay/api/live").status_code == 200
    assert made == ["replay", "replay"]


@pytest.mark.parametrize("name", ["paper", "nobody", "copies", "<b>"])
def test_an_account_that_is_not_there_is_said_with_those_that_are(
    name: str, page: TestClient
) -> None:
    answer = page.get(f"/accounts/{name}/")
    assert answer.status_code == 404
    assert "<b>" not in answer.text
    assert "These are there: replay" in answer.text
    assert "These are there: replay" in page.get(f"/accounts/{name}/api/live").json()["error"]
    assert page.get("/accounts/").url.path == "/"


def test_a_sessions_page_says_what_it_did_and_one_that_was_not_traded_says_so(
    page: TestClient,
) -> None:
    day = page.get("/sessions/2025-06-10")
    assert day.status_code == 200
    assert "Why they were entered" in day.text
    assert 'data-session="2025-06-10"' in day.text
    other = page.get("/sessions/2025-06-09")
    assert other.status_code == 404
    assert "traded no session on 2025-06-09" in other.text
    for no_date in ("yesterday", "0", "20250610", "2025-02-30", "<b>"):
        answer = page.get(f"/sessions/{no_date}")
        assert (answer.status_code, "is no date" in answer.text) == (404, True)
        assert "<b>" not in answer.text
        assert f'data-session="{escape(no_date)}"' in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/sessions/2025-06-10", "/backtests/"])
def test_only_its_own_script_and_style_may_run_and_nothing_is_loaded(
    path: str, page: TestClient
) -> None:
    text = page.get(path).text
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    for kind in ("script", "style"):
        inside = text[text.rindex(f"<{kind}>") + len(kind) + 2 : text.rindex(f"</{kind}>")]
        own = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{own}'" in policy[1]
    assert not re.search(r'(src|srcset)="(?!data:)', text)
    assert not re.search(r"<link(?![^>]*data:)", text)


def test_what_people_and_strategies_wrote_is_text(page: TestClient, data_dir: Path) -> None:
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute("UPDATE trades SET exit_reason = ?", [EVIL])
    text = page.get("/").text
    assert "&lt;script&gt;alert" in text
    assert EVIL not in text


def test_a_secret_that_html_writes_in_another_way_is_masked_too(
    page: TestClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "pass&word<'4711\">"
    mask = SecretMask()
    mask.learn([secret])
    monkeypatch.setattr("api.page.page_routes.MASK", mask)
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute("UPDATE trades SET exit_reason = ?", [f"key {secret}"])
    for path in ("/", "/sessions/2025-06-10"):
        text = page.get(path).text
        assert "key ********" in text
        assert secret not in html.unescape(text)


def test_the_charts_makers_are_named(page: TestClient) -> None:
    text = page.get("/").text
    assert 'href="https://www.tradingview.com/"' in text
    assert "Apache License 2.0" in text


def test_every_route_of_the_schema_is_on_its_page(page: TestClient) -> None:
    schema, text = page.get("/openapi.json").json(), page.get("/docs").text
    assert "/api/bars" in schema["paths"]
    # Not the one that FastAPI gives to what says nothing.
    assert schema["info"]["version"] == version("openbell")
    for path in schema["paths"]:
        assert f">{path}<" in text


def with_token(data_dir: Path, token: str = TOKEN) -> TestClient:
    app = create_app(Source(data_dir, "replay"), token=token)
    return TestClient(app, follow_redirects=False)


def test_the_form_takes_the_token_once_and_its_cookie_outlives_a_restart(data_dir: Path) -> None:
    browser = with_token(data_dir)
    asked = browser.get("/sessions/2025-06-10")
    assert asked.status_code == 401
    assert 'name="to" value="/sessions/2025-06-10"' in asked.text
    wrong = browser.post("/sign-in", data={"token": TOKEN + "x", "to": "/"})
    assert (wrong.status_code, "This is not the token" in wrong.text) == (401, True)
    assert not browser.cookies
    right = browser.post("/sign-in", data={"token": TOKEN, "to": "/sessions/2025-06-10"})
    assert (right.status_code, right.headers["location"]) == (303, "/sessions/2025-06-10")
    assert TOKEN not in right.headers["set-cookie"]
    for path in ("/", "/api/live", "/accounts/replay/", "/accounts/replay/api/live"):
        assert browser.get(path).status_code == 200
    # Another process knows what the first one gave; one with another token does not.
    again, other = with_token(data_dir), with_token(data_dir, TOKEN + "9")
    for client, status in ((again, 200), (other, 401)):
        client.cookies.update(browser.cookies)
        assert client.get("/api/live").status_code == status
    browser.post("/sign-out")
    assert browser.get("/api/live").status_code == 401


def test_the_form_leads_nowhere_else_and_reads_no_long_story(data_dir: Path) -> None:
    browser = with_token(data_dir)
    for elsewhere in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\r\nx: y",
        "/api/live",
    ):
        answer = browser.post("/sign-in", data={"token": TOKEN, "to": elsewhere})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.post("/sign-in", content=b"token=" + b"x" * 10_000).status_code == 413
    assert browser.post("/sign-in", content=b"&".join([b"a=1"] * 11)).status_code == 413
    came_back = browser.get("/sign-in")
    assert (came_back.status_code, came_back.headers["location"]) == (303, "/")
    assert browser.put("/sign-in").status_code == 405
    assert browser.post("/sign-in", content=b"\xff%00&&&").status_code == 401


@pytest.mark.parametrize("path", ["/", "/accounts/replay/", "/accounts/nobody/"])
def test_without_the_token_nothing_of_the_account_is_on_the_page(path: str, data_dir: Path) -> None:
    asked = with_token(data_dir).get(path)
    assert asked.status_code == 401
    assert f'name="to" value="{path}"' in asked.text
    assert "USD" not in asked.text
    assert "2025-06-1" not in asked.text


def test_where_no_token_is_asked_for_the_way_in_leads_to_the_page(page: TestClient) -> None:
    came = page.get("/sign-in", follow_redirects=False)
    assert (came.status_code, came.headers["location"]) == (303, "/")


@pytest.mark.parametrize("no_date", ["yesterday", "0", "20250610", "2025-02-30", "1e3"])
def test_what_is_no_date_is_none_of_the_api_either(no_date: str, page: TestClient) -> None:
    paths = (f"/api/sessions/{no_date}", f"/api/decisions?session={no_date}",
             f"/api/bars?symbol=AAPL&session={no_date}")  # fmt: skip
    for path in paths:
        answer = page.get(path)
        assert answer.status_code == 422
        assert "is no date. Write it as 2025-06-10" in answer.json()["detail"][0]["msg"]
    assert page.get("/api/sessions/2025-06-10").status_code == 200
    assert page.get("/openapi.json").json()["paths"]["/api/sessions/{session}"]["get"][
        "parameters"
    ][0]["schema"] == {"type": "string", "format": "date", "title": "Session"}
