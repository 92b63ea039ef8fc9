"""A line between alpaca-py and a model of Alpaca in one process, that fails on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from tasks.simulation.alpaca_model.model import AlpacaModel

# What may become of a request: nothing special, or a failure before or after it was carried out.
WHOLE, LOST, SILENT, GATEWAY, LIMITED, PAGE = "whole", "lost", "silent", "gateway", "429", "html"


class ModelLine(BaseAdapter):
    """Carries requests to the model at once; `fate` is asked for each."""

    def __init__(self, model: AlpacaModel, now: datetime) -> None:
        super().__init__()
        self.model = model
        self.now = now
        self.fate: Callable[[str, str], str] = lambda method, path: WHOLE
        self.sent: list[tuple[str, str]] = []
        self.hides_fills = False
        # Orders of which nothing that was traded is listed yet.
        self.unlisted: set[str] = set()

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass, as for who waits for a turn to send."""
        self.now += timedelta(seconds=seconds)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        self.now += timedelta(milliseconds=3)
        parts = urlsplit(request.url or "")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        method = request.method or ""
        self.sent.append((method, parts.path))
        fate = self.fate(method, parts.path)
        if fate == LOST:
            raise requests.ReadTimeout
        if fate == LIMITED:
            return _response(request, 429, {"code": 42910000, "message": "too many requests"})
        body = json.loads(request.body) if request.body else None
        answer = self.model.respond(method, parts.path, query, body, self.now)
        if parts.path.endswith("/activities/FILL") and isinstance(answer.body, list):
            listed = [
                one
                for one in answer.body
                if not self.hides_fills and one["order_id"] not in self.unlisted
            ]
            answer = answer._replace(body=listed)
        if fate == SILENT:
            raise requests.ReadTimeout
        if fate == GATEWAY:
            return _response(request, 504, {"message": "gateway"})
        if fate == PAGE:
            return _response(request, 200, "<html>")
        return _response(request, answer.status, answer.body)

    def close(self) -> None:
        """Hold nothing open."""


def _response(request: requests.PreparedRequest, status: int, body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.request = request
    response.url = request.url or ""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    response._content = text.encode()
    return response
