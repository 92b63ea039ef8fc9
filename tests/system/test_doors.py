"""Prefect's server of `up` answers who knows its string, by its own name, and no page of others."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from deployments.__main__ import shell_line
from tests.system.conftest import PrefectStack
from tests.system.patience import patient

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
EVIL = "http://evil.example"
# Known to everybody who has the program; the page needs it before it can ask for the string.
OPEN = {"/api/health", "/api/ready"}
SHELL_STEP = [
    {"prefect.deployments.steps.run_shell_script": {"script": "touch /tmp/openbell-evil"}}
]


def ask(stack: PrefectStack, method: str, path: str, **given: Any) -> httpx.Response:
    """Ask as somebody who has nothing but the address."""
    # No certificate is looked at, and reading those there are takes longer than the question.
    url = stack.api_url.removesuffix("/api")
    with httpx.Client(base_url=url, timeout=60, verify=False) as client:
        return client.request(method, path, **given)


def test_without_the_string_nothing_is_read_and_nothing_runs(prefect_stack: PrefectStack) -> None:
    from prefect.server.api.server import create_app

    paths = create_app(ephemeral=True).openapi()["paths"]
    asked = 0
    for path, methods in paths.items():
        for method in methods:
            where = "/api" + path.replace("{", "").replace("}", "")
            answer = ask(prefect_stack, method.upper(), where, json={})
            asked += 1
            if where in OPEN:
                assert answer.status_code == 200
            else:
                assert answer.status_code in (401, 403), (method, path)
    assert asked > 150
    for path in ("/docs", "/openapi.json", "/api/docs", "/api/openapi.json"):
        assert ask(prefect_stack, "GET", path).status_code in (401, 404), path


def test_the_page_itself_is_there_and_asks_where_it_was_loaded_from(
    prefect_stack: PrefectStack,
) -> None:
    page = ask(prefect_stack, "GET", "/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == 200
    assert "<html" in page.text
    settings = ask(prefect_stack, "GET", "/ui-settings").json()
    assert (settings["api_url"], settings["auth"]) == ("/api", "BASIC")
    assert settings["csrf_enabled"] is True


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Host": "evil.example"}])
def test_a_web_page_makes_no_deployment_and_reads_no_secret(
    headers: dict[str, str], registered: PrefectStack
) -> None:
    # As a page that has the string, and a token, from wherever.
    known = patient(registered.server)
    flow = known.get("/deployments/name/trade-session/paper").json()["flow_id"]
    body = {"name": "evil", "flow_id": flow, "pull_steps": SHELL_STEP}
    preflight = headers | {"Access-Control-Request-Method": "POST"}
    for method, path in (
        ("OPTIONS", "/deployments/"),
        ("POST", "/deployments/"),
        ("POST", "/block_documents/filter"),
        ("GET", "/deployments/name/trade-session/paper"),
    ):
        given = {"json": body} if method == "POST" else {}
        answer = known.request(
            method, path, headers=preflight if method == "OPTIONS" else headers, **given
        )
        assert answer.status_code == 403, (method, path)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "paper" not in answer.text
    assert known.get("/deployments/name/trade-session/evil").status_code == 404


def test_who_has_the_string_and_no_token_changes_nothing(prefect_stack: PrefectStack) -> None:
    name, _, word = (prefect_stack.server.auth_string or "").partition(":")
    answer = ask(prefect_stack, "POST", "/api/variables/", json={}, auth=(name, word))
    assert (answer.status_code, "CSRF" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("headers", "token", "is_heard"),
    [
        ({}, "{string}", True),
        ({}, "wrong:string", False),
        ({"Origin": EVIL}, "{string}", False),
    ],
)
def test_events_are_heard_by_who_has_the_string_and_is_no_foreign_page(
    headers: dict[str, str], token: str, is_heard: bool, prefect_stack: PrefectStack
) -> None:
    url = prefect_stack.api_url.replace("http:", "ws:") + "/events/out"
    said = {"type": "auth", "token": token.format(string=prefect_stack.server.auth_string)}

    async def listen() -> bool:
        try:
            async with websockets.connect(
                url, subprotocols=[websockets.Subprotocol("prefect")], additional_headers=headers
            ) as socket:
                await socket.send(json.dumps(said))
                return json.loads(await socket.recv())["type"] == "auth_success"
        except (websockets.ConnectionClosed, websockets.InvalidStatus):
            return False

    assert asyncio.run(listen()) is is_heard


def test_the_line_for_a_shell_works_to_the_letter_and_holds_no_secret(
    registered: PrefectStack, tmp_path: Path
) -> None:
    home = registered.supervisor.home
    line = shell_line(home)
    assert home.auth_string() not in line
    assert stat.S_IMODE((home.prefect / "auth-string").stat().st_mode) == 0o600
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    done = subprocess.run(
        ["bash", "-c", f"cd {tmp_path} && {line} && {sys.executable} -m prefect deployment ls"],
        env=clean | {"PREFECT_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=200,
        check=False,
    )  # fmt: skip
    assert "trade-session/paper" in done.stdout, done.stdout + done.stderr
    said = "\n".join(registered.said)
    logs = [path.read_text() for path in home.logs.glob("*.log")]
    assert not [text for text in (said, *logs) if home.auth_string() in text]
