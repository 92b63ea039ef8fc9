"""A Discord webhook: one request a message, and what its answer means."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import orjson
from pydantic import SecretStr

from blocks.messages.answer import Answer, Outcome
from blocks.messages.discord.embed import PICTURE
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.process.clock_offset import note_date
from trading.errors import BadInput

TIMEOUT_SECONDS = 10.0
MOST_ANSWER_BYTES = 65_536
LONGEST_PAUSE_SECONDS = 86_400.0
PAUSE_WITHOUT_WORD_SECONDS = 5.0
API = "/api/v10/webhooks/"
REVOKED = frozenset({401, 403, 404, 410})


class WebhookClient:
    """Posts to one webhook, and never raises for what the other side does.

    The address is a credential. Requests are made to a stand-in of it, which is what logs,
    errors and tracebacks of httpx can show; the transport puts the real one in its place.
    """

    def __init__(
        self,
        url: SecretStr,
        limit: SlidingLimit | None = None,
        timeout_s: float = TIMEOUT_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        address = address_of(url)
        self.limit = limit or SlidingLimit()
        self.fingerprint = hashlib.sha256(url.get_secret_value().encode()).hexdigest()[:12]
        self._stand_in = address.copy_with(path="/webhook", query=None, userinfo=b"")
        self._secrets = [SecretStr(word) for word in address.path.split("/") if len(word) > 20]
        self._timeout_s = timeout_s
        self._now = now
        self._client = httpx.Client(
            transport=_SecretAddress(address), timeout=httpx.Timeout(timeout_s)
        )

    def __repr__(self) -> str:
        return f"WebhookClient({self.fingerprint})"

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def post(self, body: dict[str, Any], picture: bytes | None = None) -> Answer:
        """Send one message and say what came of it; counts against the limit."""
        if picture is None:
            content: dict[str, Any] = {"json": body}
        else:
            content = {
                "data": {"payload_json": orjson.dumps(body).decode()},
                "files": {"files[0]": (PICTURE, picture, "image/png")},
            }
        try:
            with self._client.stream("POST", self._stand_in, **content) as response:
                text = self._read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return Answer(Outcome.FAILED, f"no connection ({type(error).__name__})")
        except httpx.TimeoutException as error:
            reason = f"no answer within {self._timeout_s:g} s ({type(error).__name__})"
            return Answer(Outcome.FAILED, reason, may_have_arrived=True)
        except httpx.RequestError as error:
            reason = f"the connection broke ({type(error).__name__})"
            return Answer(Outcome.FAILED, reason, may_have_arrived=True)
        finally:
            self.limit.note()
        return self._judge(response, text)

    def _read(self, response: httpx.Response) -> bytes:
        """Return the answer's beginning; one that drips is cut off at the time-out."""
        deadline, text = self._now() + self._timeout_s, b""
        for piece in response.iter_bytes():
            text += piece
            if len(text) > MOST_ANSWER_BYTES or self._now() > deadline:
                break
        return text

    def _judge(self, response: httpx.Response, text: bytes) -> Answer:
        status, headers = response.status_code, response.headers
        note_date(headers.get("Date"), datetime.now(UTC))
        document = _object(text)
        if headers.get("X-RateLimit-Remaining") == "0":
            self.limit.pause(_seconds(headers.get("X-RateLimit-Reset-After")) or 0.0)
        if response.is_success:
            return _judge_success(status, text, document)
        reason = f"HTTP {status}"
        if "message" in document:
            reason += f" {self._masked(str(document['message'])[:200])}"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            asked = (
                document.get("retry_after"),
                headers.get("X-RateLimit-Reset-After"),
                headers.get("Retry-After"),
            )
            pause = next(
                (found for word in asked if (found := _seconds(word)) is not None),
                PAUSE_WITHOUT_WORD_SECONDS,
            )
            scope = "global" if document.get("global") else "webhook"
            self.limit.pause(pause)
            return Answer(Outcome.LIMITED, f"{reason} ({scope})", pause)
        if response.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
            return Answer(Outcome.FAILED, reason, may_have_arrived=True)
        if not document:
            # A page of somebody in between, as of a network that one has to log in to.
            return Answer(Outcome.FAILED, f"{reason}, and the answer is not Discord's")
        return Answer(Outcome.REVOKED if status in REVOKED else Outcome.REFUSED, reason)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret.get_secret_value(), "***")
        return text


class _SecretAddress(httpx.BaseTransport):
    """Sends every request to the one address that it alone knows."""

    def __init__(self, address: httpx.URL) -> None:
        self._address = address
        proxy = None if proxy_bypass(address.host) else getproxies().get(address.scheme)
        self._inner = httpx.HTTPTransport(proxy=proxy)

    def __repr__(self) -> str:
        return "_SecretAddress()"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the real address."""
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                self._address,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._inner.close()


def address_of(url: SecretStr) -> httpx.URL:
    """Return where to post; raises BadInput, without the address, for what is no webhook's.

    An address without a version would mean an old one, whose pauses are in milliseconds.
    """
    try:
        parts = urlsplit(url.get_secret_value().strip())
        address = httpx.URL(url.get_secret_value().strip())
    except (ValueError, httpx.InvalidURL):
        raise _no_webhook() from None
    before, found, after = parts.path.partition("/webhooks/")
    is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    is_private = parts.scheme == "https" or (parts.scheme == "http" and is_local)
    if not (is_private and parts.hostname and found and after.count("/") >= 1):
        raise _no_webhook()
    if before == "/api":
        address = address.copy_with(path=API + after)
    # Only with this does a 2xx mean that the message is in the channel.
    return address.copy_merge_params({"wait": "true"})


def _no_webhook() -> BadInput:
    return BadInput(
        "DISCORD_WEBHOOK_URL is not a Discord webhook's address",
        "Copy it from the channel's settings, Integrations, Webhooks:"
        " https://discord.com/api/webhooks/NUMBER/TOKEN",
    )


def _judge_success(status: int, text: bytes, document: dict[str, Any]) -> Answer:
    """A message is in the channel when Discord gives it back, with its id, and not before."""
    if document.get("id"):
        return Answer(Outcome.TAKEN)
    if text.lstrip()[:1] == b"<":
        # A page of somebody in between: Discord has seen nothing.
        return Answer(Outcome.FAILED, f"HTTP {status}, and the answer is a page, not Discord's")
    reason = f"HTTP {status}, and the answer names no message"
    return Answer(Outcome.FAILED, reason, may_have_arrived=True)


def _object(text: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(word: object) -> float | None:
    """Return a pause that makes sense, None for what is none."""
    try:
        seconds = float(str(word))
    except ValueError:
        return None
    if math.isnan(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_PAUSE_SECONDS)
