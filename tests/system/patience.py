"""Waiting for what a busy machine does late, and calls to a Prefect server of the tests' own.

Prefect's server says 503 while its database is locked.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from deployments.processes.home import Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import CLIENT_HEADER, TOKEN_HEADER
from deployments.server.server import Server, known_server

LONGEST_SECONDS = 90.0
# A question every tenth of a second would keep the server from what is waited for; what takes long
# is asked for every two seconds.
BETWEEN_QUESTIONS_SECONDS = 0.5
MOST_BETWEEN_QUESTIONS_SECONDS = 2.0
SHARE_OF_WAIT = 0.05


def wait_for(condition: Callable[[], Any], limit_seconds: float = 300.0) -> Any:
    """Return the first true answer, asking seldom, and more so the longer it takes."""
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        assert waited < limit_seconds, f"not within {limit_seconds} s"
        pause = max(BETWEEN_QUESTIONS_SECONDS, SHARE_OF_WAIT * waited)
        time.sleep(min(MOST_BETWEEN_QUESTIONS_SECONDS, pause))
    return value


class _Patient(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        give_up_at = time.monotonic() + LONGEST_SECONDS
        while True:
            answer = super().handle_request(request)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            if time.monotonic() >= give_up_at:
                return answer
            answer.close()
            time.sleep(0.5)


def connect(data_dir: Path) -> PrefectApi:
    """Return a client of the server that a data folder has, or had last."""
    server = known_server(Home(data_dir))
    assert server is not None
    return server.connect()


def patient(server: Server) -> httpx.Client:
    """Return a client that the server knows, and that asks again while it is only busy."""
    return _client_of(server.api_url, server.auth_string or "")


@cache
def _client_of(api_url: str, auth_string: str) -> httpx.Client:
    # Once a server: what it is given there counts for an hour.
    name, _, word = auth_string.partition(":")
    client = httpx.Client(base_url=api_url, transport=_Patient(), timeout=30, auth=(name, word))
    me = uuid.uuid4().hex
    given = client.get("/csrf-token", params={"client": me}).raise_for_status().json()
    client.headers.update({CLIENT_HEADER: me, TOKEN_HEADER: given["token"]})
    return client
