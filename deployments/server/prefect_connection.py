"""A connection to a Prefect server, without importing Prefect."""

from __future__ import annotations

import base64
import os
import ssl
import time
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import httpx

from trading.errors import BadInput, OpenbellError, SourceUnavailable

TIMEOUT_S = 10.0
TOKEN_HEADER, CLIENT_HEADER = "Prefect-Csrf-Token", "Prefect-Csrf-Client"
UNKNOWN_HINT = "Set PREFECT_API_AUTH_STRING to what it was started with, or PREFECT_API_KEY"
LOG_HINT = "Read that server's log; our own server's is logs/server.log in the data folder"
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What this process calls itself where a server gives out tokens against foreign pages, and the
# token that each server gave it: a client lives for one look only, a token for an hour.
_CLIENT = uuid.uuid4().hex
_TOKENS: dict[str, str] = {}

# A write of ours loses against every other that comes between its reading and its writing, at
# once and without waiting: many tries help, long waits do not.
BUSY_PAUSES_S = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
# About half a minute, where nobody waits for the end of anything.
PATIENT_PAUSES_S = (*BUSY_PAUSES_S, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)


class ServerRefused(OpenbellError):
    """The server answered, with an error; `status` is the one of HTTP."""

    def __init__(self, what: str, hint: str, status: int) -> None:
        super().__init__(what, hint)
        self.status = status


class ServerSilent(SourceUnavailable):
    """The server gave no answer: it is away, or too busy for one in time."""


class PrefectConnection:
    """A Prefect server, spoken to over HTTP.

    `auth_string` is what it asks for; without one, what the environment says of it.
    """

    def __init__(self, api_url: str, auth_string: str | None = None) -> None:
        self.url = api_url.rstrip("/")
        self._pauses_s: Sequence[float] = BUSY_PAUSES_S
        try:
            self._client = httpx.Client(
                base_url=self.url + "/",
                timeout=TIMEOUT_S,
                headers=_basic(auth_string) if auth_string else _authorization(),
                verify=_certificates(),
            )
        except httpx.InvalidURL as error:
            raise self._no_prefect(str(error).rstrip(".")) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def hurry(self) -> None:
        """Ask a busy server only once more from now on, and after a moment."""
        self._pauses_s = BUSY_PAUSES_S[:1]

    def is_healthy(self) -> bool:
        """Return whether the server answers that it is well."""
        try:
            return self.problem() is None
        except BadInput:
            return False

    def problem(self) -> str | None:
        """Return why the server is not well, None if it is.

        Raises BadInput for an address that will not become one of Prefect by waiting.
        """
        try:
            answer = self._client.get("health")
        except httpx.UnsupportedProtocol as error:
            raise self._no_prefect(str(error).rstrip(".")) from error
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        if answer.is_success:
            return None
        if answer.is_server_error:
            return f"it answers {answer.status_code}"
        raise self._no_prefect(f"{self.url}/health answers {answer.status_code}")

    def greet(self) -> None:
        """Ask what only those may ask whom the server knows.

        Raises BadInput where it does not know us, SourceUnavailable where it does not answer.
        """
        try:
            self._call("GET", "version")
        except ServerRefused as error:
            if error.status != httpx.codes.UNAUTHORIZED:
                raise
            raise BadInput(error.what, error.hint) from error

    def _no_prefect(self, why: str) -> BadInput:
        return BadInput(
            f"{self.url} is not the address of a Prefect API: {why}",
            "Set PREFECT_API_URL to one such as http://127.0.0.1:4200/api, or unset it",
        )

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        pauses_s: Sequence[float] | None = None,
        may_repeat: bool = False,
    ) -> Any:
        # `may_repeat` says that a call does no harm when a silent server has heard it after all.
        pauses = self._pauses_s if pauses_s is None else pauses_s
        for pause_s in (*pauses, None):
            try:
                response = self._request(method, path, body)
            except httpx.TransportError as error:
                is_silent = isinstance(error, httpx.TimeoutException)
                if pause_s is None or not (is_silent and may_repeat):
                    raise ServerSilent(
                        f"Prefect server {self.url} does not answer: {error}", LOG_HINT
                    ) from error
            else:
                # Prefect answers 503 while its SQLite is locked by others, and has done nothing.
                if pause_s is None or response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            time.sleep(pause_s)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise ServerRefused(
                f"Prefect server {self.url} does not know who asks: it answers 401",
                UNKNOWN_HINT,
                response.status_code,
            )
        if response.is_error:
            raise ServerRefused(
                f"Prefect server {self.url} answered {response.status_code} to {method} {path}:"
                f" {response.text[:300]}",
                LOG_HINT,
                response.status_code,
            )
        return response.json() if response.content else None

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """Ask once, and once more with a new token where the server wants one or had it expire."""
        if method not in CHANGES:
            return self._client.request(method, path, json=body)
        response = self._client.request(method, path, json=body, headers=self._token())
        if response.status_code != httpx.codes.FORBIDDEN or "CSRF" not in response.text:
            return response
        given = self._client.get("csrf-token", params={"client": _CLIENT})
        if given.is_error:
            return given
        _TOKENS[self.url] = given.json()["token"]
        return self._client.request(method, path, json=body, headers=self._token())

    def _token(self) -> dict[str, str]:
        token = _TOKENS.get(self.url)
        return {} if token is None else {TOKEN_HEADER: token, CLIENT_HEADER: _CLIENT}


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return whom to trust: to read the list takes a processor 20 ms, and clients come and go."""
    return httpx.create_ssl_context()


def _authorization() -> dict[str, str]:
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    password = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get(
        "PREFECT_SERVER_API_AUTH_STRING"
    )
    return _basic(password) if password else {}


def _basic(auth_string: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(auth_string.encode()).decode()}"}
