"""The broker's model behind a client library of HTTP, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import responses
from urllib.parse import parse_qsl, urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter

from tasks.simulation.alpaca_model.answers import ApiAnswer, Json

Answering = Callable[[str, str, dict[str, str], Json], ApiAnswer]


class ModelTransport(BaseAdapter):
    """Takes the network's place in a `requests.Session`.

    `answering(method, path, query, body)` answers, or raises what the line would.
    """

    def __init__(self, answering: Answering) -> None:
        super().__init__()
        self._answering = answering

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer a request at once."""
        parts = urlsplit(request.url or "")
        content = request.body
        body = orjson.loads(content) if isinstance(content, bytes | str) and content else None
        answer = self._answering(
            request.method or "GET", parts.path, dict(parse_qsl(parts.query)), body
        )
        response = requests.Response()
        response.status_code = answer.status
        response.reason = responses.get(answer.status, "")
        response.request = request
        response.url = request.url or ""
        response.encoding = "utf-8"
        if answer.body is not None:
            response.headers["Content-Type"] = "application/json"
        response._content = b"" if answer.body is None else orjson.dumps(answer.body)
        return response

    def close(self) -> None:
        """Hold nothing open."""
