"""The form that takes the token once and gives a cookie for it, and the way out again."""

from __future__ import annotations

import hmac
import re
import time
from html import escape
from urllib.parse import parse_qs, quote, unquote

from api.guesses import Guesses
from api.page import cookie
from api.page.document import sign_in_page
from blocks.process.web.door import Message, Receive, Scope, Send

IN, OUT = "/sign-in", "/sign-out"
LONGEST_FORM, MOST_FIELDS = 4096, 10
UNAUTHORIZED, SEE_OTHER, TOO_LONG, NOT_ALLOWED, TOO_MANY = 401, 303, 413, 405, 429
# Where a form may lead back to: the pages of ours, and nothing that somebody else wrote.
PAGES = re.compile(
    r"(?:/accounts/[a-z-]{1,40})?/(?:sessions/\d{4}-\d{2}-\d{2})?|/docs"
    r"|/(?:backtests|sweeps|walks)/[^\x00-\x1f\x7f\\]*"
)


async def take(token: str, guesses: Guesses, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the form's post, or the way out."""
    name = cookie.name_at(host_of(scope))
    if scope["method"] == "GET":
        # Who reloads the page of a wrong token, or kept its address.
        await _lead(send, "/")
        return
    if scope["method"] != "POST":
        await _answer(send, NOT_ALLOWED, b"POST only", [(b"allow", b"POST")], b"text/plain")
        return
    if scope["path"] == OUT:
        await _lead(send, "/", cookie.set_header(name, "", 0))
        return
    body = await _body(receive)
    if body is None:
        await _answer(send, TOO_LONG, b"The form is too long", [], b"text/plain")
        return
    try:
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        await _answer(send, TOO_LONG, b"The form has too many fields", [], b"text/plain")
        return
    # The form has it as it stands in an address.
    to = unquote(form.get("to", ["/"])[0])
    to = to if PAGES.fullmatch(to) else "/"
    given = form.get("token", [""])[0].strip()
    if guesses.are_many(scope):
        await refuse_crowd(send)
        return
    if hmac.compare_digest(given.encode(), token.encode()):
        value = cookie.make_value(token, int(time.time()))
        await _lead(send, quote(to), cookie.set_header(name, value))
    else:
        await guesses.keep_waiting(scope)
        await ask(send, to, "This is not the token. It is API_TOKEN in the settings (.env).")


async def ask(send: Send, to: str, problem: str = "") -> None:
    """Answer with the form; `to` is the page that was asked for."""
    said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    place = to if PAGES.fullmatch(to) else "/"
    page = sign_in_page(said, quote(place))
    headers = [(b"www-authenticate", b"Bearer"), (b"cache-control", b"no-store")]
    await _answer(send, UNAUTHORIZED, page, headers, b"text/html; charset=utf-8")


def host_of(scope: Scope) -> str:
    """Return the name and port by which a request reached us, empty where it says none."""
    return next((text.decode("latin-1") for name, text in scope["headers"] if name == b"host"), "")


async def refuse_crowd(send: Send) -> None:
    """Answer that too many wrong tokens came at once to look at one more."""
    text = b"Too many wrong tokens came just now. Try again in a few seconds"
    await _answer(send, TOO_MANY, text, [(b"retry-after", b"2")], b"text/plain")


async def _body(receive: Receive) -> bytes | None:
    """Return a request's body, None for one that is longer than a form of ours."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > LONGEST_FORM or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body"):
            return body


async def _lead(send: Send, to: str, set_cookie: str = "") -> None:
    headers = [(b"location", to.encode())]
    if set_cookie:
        headers.append((b"set-cookie", set_cookie.encode()))
    await _answer(send, SEE_OTHER, b"", headers, b"text/plain")


async def _answer(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]], kind: bytes
) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            *headers,
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
