"""Who may read the API: everybody on this machine, or who brings its token."""

from __future__ import annotations

import hmac
import time

from api.page import cookie, sign_in
from blocks.process.web_door import App, Receive, Scope, Send

# Says no more than that the process lives.
UNASKED = "/health/live"
UNAUTHORIZED = 401


class TokenGate:
    """Lets through what carries `Authorization: Bearer TOKEN`, or the cookie that a form gave.

    A browser cannot send the header of its own accord: its form takes the token once.
    """

    def __init__(self, app: App, token: str) -> None:
        self._app = app
        self._token = token
        self._wanted = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http" or scope["path"] == UNASKED:
            await self._app(scope, receive, send)
            return
        if scope["path"] in (sign_in.IN, sign_in.OUT):
            await sign_in.take(self._token, scope, receive, send)
            return
        if self._is_known(scope) or self._has_cookie(scope):
            await self._app(scope, receive, send)
            return
        if sign_in.PAGES.fullmatch(scope["path"]):
            await sign_in.ask(send, scope["path"])
            return
        body = b'{"error": "this API asks for a token. Send: Authorization: Bearer API_TOKEN"}'
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"www-authenticate", b"Bearer"),
        ]
        await send({"type": "http.response.start", "status": UNAUTHORIZED, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _is_known(self, scope: Scope) -> bool:
        given = [text for name, text in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # However much of it is right, the answer takes as long.
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._wanted)

    def _has_cookie(self, scope: Scope) -> bool:
        given = [text for name, text in scope["headers"] if name == b"cookie"]
        value = cookie.value_in("; ".join(text.decode("latin-1") for text in given))
        return cookie.is_valid(value, self._token, int(time.time()))
