"""Who may read the API: everybody on this machine, or who brings its token."""

from __future__ import annotations

import hmac
import time

from api.guesses import Guesses
from api.page import cookie, sign_in
from blocks.process.web.door import App, Receive, Scope, Send

# Says no more than that the process lives.
UNASKED = "/health/live"
UNAUTHORIZED = 401


class TokenGate:
    """Lets through what carries `Authorization: Bearer TOKEN`, or the cookie that a form gave.

    A browser cannot send the header of its own accord: its form takes the token once.
    """

    def __init__(self, app: App, token: str, guesses: Guesses | None = None) -> None:
        self._app = app
        self._token = token
        self._wanted = token.encode()
        self._guesses = guesses or Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http" or scope["path"] == UNASKED:
            await self._app(scope, receive, send)
            return
        if scope["path"] in (sign_in.IN, sign_in.OUT):
            await sign_in.take(self._token, self._guesses, scope, receive, send)
            return
        if self._has_cookie(scope):
            await self._app(scope, receive, send)
            return
        token = _token_in(scope)
        if token and self._guesses.are_many(scope):
            await sign_in.refuse_crowd(send)
            return
        # However much of it is right, the answer takes as long.
        if hmac.compare_digest(token, self._wanted):
            await self._app(scope, receive, send)
            return
        if token:
            await self._guesses.keep_waiting(scope)
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

    def _has_cookie(self, scope: Scope) -> bool:
        given = [text for name, text in scope["headers"] if name == b"cookie"]
        value = cookie.value_in(
            "; ".join(text.decode("latin-1") for text in given),
            cookie.name_at(sign_in.host_of(scope)),
        )
        return cookie.is_valid(value, self._token, int(time.time()))


def _token_in(scope: Scope) -> bytes:
    """Return the token that a request brings along, empty where it brings none."""
    given = [text for name, text in scope["headers"] if name == b"authorization"]
    scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    return token.strip() if scheme.lower() == b"bearer" else b""
