"""Who may ask a port of ours: no page of another origin, and nobody who calls us another name.

A browser sends any page's requests to 127.0.0.1. What it says of them, a page cannot change: from
where the page is (Origin), and by which name it was reached (Host). A name that belongs to somebody
else and was made to lead here (DNS rebinding) is told by Host alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from trading.errors import BadInput

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NAMES_HINT = "Names besides localhost: ALLOWED_HOSTS"
# The port is whatever leads here: a container's or a tunnel's is another.
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]*)?")
HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORBIDDEN = 403
# As WebSockets count: refused for what the client is.
POLICY_VIOLATION = 1008
# No page of another origin shows ours inside of itself, where a click could be led to it.
IN_NO_FRAME = [
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class WebDoor:
    """Lets through what comes from this machine's own pages and from programs.

    `names` are more names by which this port may be asked, without a port; `origins` pages of
    elsewhere that may ask, as browsers write them; with `*` in it every page may.
    """

    def __init__(
        self, app: App, names: Collection[str] = (), origins: Collection[str] = ()
    ) -> None:
        self._app = app
        self._names = HERE | {in_url(name.strip().lower()) for name in names}
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse before anything is read or run."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        problem = self.problem(scope["headers"])
        if problem is not None:
            await _refuse(problem, scope, send)
            return

        async def send_unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *IN_NO_FRAME]
            await send(message)

        await self._app(scope, receive, send_unframed)

    def problem(self, headers: Collection[tuple[bytes, bytes]]) -> str | None:
        """Return why a request with these headers is not answered, None if it is."""
        hosts = [text.decode("latin-1").lower() for name, text in headers if name == b"host"]
        if len(hosts) != 1 or name_of(hosts[0]) not in self._names:
            return f"nothing is answered to the name {', '.join(hosts)[:80]!r}. {NAMES_HINT}"
        for name, text in headers:
            origin = text.decode("latin-1")
            if name == b"origin" and not self._is_ours(origin, hosts[0]):
                return f"pages of {origin[:80]!r} may not ask here"
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        if {origin, "*"} & self._origins:
            return True
        return origin.lower() in (f"http://{host}", f"https://{host}")


def name_of(host: str) -> str | None:
    """Return the name in a Host header, without its port; None where it is none."""
    found = _HOST.fullmatch(host)
    return None if found is None else found["name"]


def in_url(name: str) -> str:
    """Return a name or address as it stands in a URL: one of IPv6 in brackets."""
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def refuse_beyond_this_machine(host: str) -> None:
    """Raise BadInput for an address or name that is reached from other machines too."""
    # Imported here: every command that reads settings imports this file.
    import ipaddress

    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host.lower() == "localhost"
    if not is_here:
        raise BadInput(
            f"the API would answer everybody who reaches {host or 'this machine'}",
            "Set API_TOKEN, which it then asks for, or API_HOST=127.0.0.1",
        )


async def _refuse(problem: str, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it was accepted: the client is answered 403.
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": problem})
        return
    body = json.dumps({"error": problem}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": FORBIDDEN, "headers": headers})
    await send({"type": "http.response.body", "body": body})
