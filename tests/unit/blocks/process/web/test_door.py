"""What comes from a page of elsewhere, or by another name, reaches nothing behind the door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from blocks.process.web.door import WebDoor

PORT = "127.0.0.1:4200"


def ask(
    door_of: dict[str, Any] | None = None, kind: str = "http", **headers: str | list[str]
) -> tuple[list[Any], bool]:
    """Send a request with these headers; return what is answered, and whether it got through."""
    reached: list[Any] = []
    answered: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        raise AssertionError("nothing is read of what is refused")

    async def send(message: Any) -> None:
        answered.append(message)

    sent = [
        (name.encode(), text.encode("latin-1"))
        for name, texts in headers.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    ]
    door = WebDoor(app, **door_of or {})
    asyncio.run(door({"type": kind, "headers": sent}, receive, send))
    return answered, bool(reached)


@pytest.mark.parametrize(
    "host",
    [PORT, "127.0.0.1", "localhost:4200", "LOCALHOST:4200", "[::1]:4200", "localhost:9000"],
)
def test_programs_and_our_own_pages_are_answered(host: str) -> None:
    for headers in ({}, {"origin": f"http://{host}"}, {"origin": f"https://{host.lower()}"}):
        assert ask(host=host, **headers)[1], headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4200",
        "127.0.0.1.evil.example:4200",
        "localhost.evil.example",
        "evil.example:80:127.0.0.1",
        "[::1].evil.example",
        "[::1",
        "127.0.0.2:4200",
        "0.0.0.0:4200",
        "user@127.0.0.1",
        "",
        "\xe9vil",
        ["127.0.0.1:4200", "evil.example"],
        [],
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_name_that_is_not_ours_is_refused(host: str | list[str], kind: str) -> None:
    answered, is_through = ask(kind=kind, host=host)
    assert not is_through
    if kind == "http":
        assert answered[0]["status"] == 403
        assert not [name for name, _ in answered[0]["headers"] if b"access-control" in name]
    else:
        assert [message["type"] for message in answered] == ["websocket.close"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://127.0.0.1:4200.evil.example",
        "ftp://127.0.0.1:4200",
        "chrome-extension://abc",
        ["http://127.0.0.1:4200", "http://evil.example"],
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_page_of_another_origin_is_refused(origin: str | list[str], kind: str) -> None:
    assert not ask(kind=kind, host=PORT, origin=origin)[1]


def test_names_and_origins_that_the_user_gives_are_answered_and_no_others() -> None:
    given = {"names": ["Trader.LAN"], "origins": ["https://desk.example"]}
    assert ask(given, host="trader.lan:4200", origin="http://trader.lan:4200")[1]
    assert ask(given, host=PORT, origin="https://desk.example")[1]
    assert not ask(given, host="other.lan:4200")[1]
    assert not ask(given, host=PORT, origin="https://desk.example.evil.example")[1]
    assert ask({"origins": ["*"]}, host=PORT, origin="http://anywhere.example")[1]


def test_no_page_of_elsewhere_may_put_ours_into_a_frame() -> None:
    answered, _ = ask(host=PORT)
    assert dict(answered[0]["headers"])[b"x-frame-options"] == b"SAMEORIGIN"


def test_what_is_no_request_goes_through() -> None:
    assert ask(kind="lifespan")[1]
