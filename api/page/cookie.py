"""What a browser shows instead of the token: it says until when; only who has the token makes it.

It is remembered nowhere, so that it outlives a restart, and ends with the token.
"""

from __future__ import annotations

import hashlib
import hmac
import re

NAME = "openbell-page"
_PORT = re.compile(r":(\d{1,5})$")
VALID_SECONDS = 7 * 24 * 3600
_PURPOSE = b"openbell page until "


def make_value(token: str, now_s: int) -> str:
    """Return a value for a browser that brought the token at `now_s`, seconds since 1970."""
    until = now_s + VALID_SECONDS
    return f"{until}.{_signature(token, until)}"


def is_valid(value: str, token: str, now_s: int) -> bool:
    """Return whether a value was made with this token, and its time is not over."""
    until, _, signature = value.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) <= len(str(now_s)) + 1):
        return False
    wanted = _signature(token, int(until))
    # However much of it is right, the answer takes as long.
    return hmac.compare_digest(signature.encode(), wanted.encode()) and now_s < int(until)


def name_at(host: str) -> str:
    """Return what the cookie is called of who is reached by a Host header.

    A browser keeps one jar for all ports of a machine: each has its own token and its own name.
    """
    port = _PORT.search(host)
    return f"{NAME}-{port[1]}" if port else NAME


def value_in(header: str, own_name: str) -> str:
    """Return our value in a Cookie header, empty where it has none."""
    # A browser sends the cookies of every port of this machine, some of which no standard allows:
    # a parser that refuses one of them would ask for the token for ever.
    named = (part.strip().partition("=") for part in header.split(";"))
    return next((value for name, _, value in named if name == own_name), "")


def set_header(name: str, value: str, seconds: int = VALID_SECONDS) -> str:
    """Return a Set-Cookie header: no script reads it, and no other site's link brings it along."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"


def _signature(token: str, until: int) -> str:
    return hmac.new(token.encode(), _PURPOSE + str(until).encode(), hashlib.sha256).hexdigest()
