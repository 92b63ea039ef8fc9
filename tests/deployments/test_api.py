"""Calls to a Prefect server that is busy, gone, or of another opinion."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deployments import api as api_module
from deployments.api import PATIENT_PAUSES_S, PrefectApi, ServerRefused
from trading.errors import BadInput

LOCKED = (503, {"exception_message": "Service Unavailable"})
FOUND = (200, {"id": "d-1"})
STARTED = (201, {"id": "r-1", "name": "brave-ibex", "state": {"type": "SCHEDULED"}})


@contextmanager
def server_answering(answers: list[tuple[int, Any]]) -> Iterator[tuple[PrefectApi, list[str]]]:
    """Answer each request with the next of the answers; yield a client and what was asked."""
    asked: list[str] = []
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            code, body = next(left)
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client = PrefectApi(f"http://127.0.0.1:{server.server_port}/api")
        try:
            yield client, asked
        finally:
            client.close()
            server.shutdown()
            thread.join(10)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "PATIENT_PAUSES_S", (0.0,) * len(PATIENT_PAUSES_S))


def test_a_locked_database_is_asked_again_until_the_run_is_started_once() -> None:
    busy = [LOCKED] * len(PATIENT_PAUSES_S)
    with server_answering([FOUND, *busy, STARTED]) as (api, asked):
        assert api.start_run("trade-session/paper", {}).id == "r-1"
    assert asked == ["GET", *["POST"] * (len(busy) + 1)]


def test_a_database_that_stays_locked_is_not_said_to_be_a_fault_of_the_parameters() -> None:
    with (
        server_answering([FOUND, *[LOCKED] * (len(PATIENT_PAUSES_S) + 1)]) as (api, _),
        pytest.raises(ServerRefused, match="answered 503") as caught,
    ):
        api.start_run("trade-session/paper", {})
    assert "parameters" not in caught.value.what


def test_parameters_that_are_refused_are_named_with_the_form() -> None:
    refusal = (409, {"detail": "Validation failed for field 'capital'. '-1' is too small"})
    with (
        server_answering([FOUND, refusal]) as (api, _),
        pytest.raises(BadInput, match=r"capital.*form in the UI"),
    ):
        api.start_run("trade-session/paper", {"capital": -1})


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ((404, {"detail": "not found"}), BadInput, "python -m deployments register"),
        ((500, {"exception_message": "Internal"}), ServerRefused, "answered 500"),
    ],
)
def test_a_deployment_that_is_not_there_is_told_from_a_server_that_fails(
    answer: tuple[int, Any], kind: type[Exception], text: str
) -> None:
    with server_answering([answer]) as (api, _), pytest.raises(kind, match=text):
        api.start_run("trade-session/paper", {})
