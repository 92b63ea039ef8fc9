"""Calls to a Prefect server that is busy, gone, or of another opinion."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from blocks.process.stop_request import StopRequest
from deployments import demo
from deployments.server import prefect_api as api_module
from deployments.server import prefect_connection as connection_module
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import NotRegistered, PrefectApi
from deployments.server.prefect_connection import PATIENT_PAUSES_S, ServerRefused
from deployments.server.server import Server, use_server
from deployments.supervisor import Supervisor
from trading.errors import BadInput, SourceUnavailable

# A code of 0 stands for no answer at all.
SILENCE = (0, None)
LOCKED = (503, {"exception_message": "Service Unavailable"})
FOUND = (200, {"id": "d-1"})
STARTED = (201, {"id": "r-1", "name": "brave-ibex", "state": {"type": "SCHEDULED"}})


@contextmanager
def server_answering(
    answers: list[tuple[int, Any]], bodies: list[Any] | None = None
) -> Iterator[tuple[PrefectApi, list[str]]]:
    """Answer each request with the next of the answers; yield a client and what was asked."""
    asked: list[str] = []
    left = iter(answers)
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked.append(self.command)
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if bodies is not None and content:
                bodies.append(json.loads(content))
            code, body = next(left)
            if not code:
                is_over.wait(60)
                return
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
            is_over.set()
            client.close()
            server.shutdown()
            thread.join(10)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_S", 0.0)
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
        ((404, {"detail": "not found"}), BadInput, "openbell register"),
        ((500, {"exception_message": "Internal"}), ServerRefused, "answered 500"),
    ],
)
def test_a_deployment_that_is_not_there_is_told_from_a_server_that_fails(
    answer: tuple[int, Any], kind: type[Exception], text: str
) -> None:
    with server_answering([answer]) as (api, _), pytest.raises(kind, match=text):
        api.start_run("trade-session/paper", {})


def test_a_silent_server_is_asked_again_and_starts_one_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "TIMEOUT_S", 0.5)
    bodies: list[Any] = []
    with server_answering([SILENCE, FOUND, SILENCE, LOCKED, STARTED], bodies) as (api, asked):
        assert api.start_run("trade-session/paper", {"capital": 5.0}).id == "r-1"
    assert asked == ["GET", "GET", "POST", "POST", "POST"]
    assert len({body["idempotency_key"] for body in bodies}) == 1
    assert [body["parameters"] for body in bodies] == [{"capital": 5.0}] * 3


def test_a_server_that_is_gone_is_named_at_once() -> None:
    with server_answering([]) as (api, _):
        url = api.url
    with pytest.raises(SourceUnavailable, match="does not answer"):
        PrefectApi(url).start_run("trade-session/paper", {})


def run_in(state: str) -> tuple[int, Any]:
    """Return the answer that a run is in a state."""
    return 200, {"id": "r-1", "name": "brave-ibex", "state": {"type": state, "name": state}}


def follow(answers: list[tuple[int, Any]], monkeypatch: pytest.MonkeyPatch) -> str:
    """Follow one run of a demo at a server that gives these answers; return what is shown."""
    monkeypatch.setattr(connection_module, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(connection_module, "BUSY_PAUSES_S", ())
    output = StringIO()
    never = StopRequest()
    with server_answering([FOUND, STARTED, *answers]) as (api, _):
        server = Server(api.url, None)
        supervisor = SimpleNamespace(server=server, should_stop=never, tend=lambda: None)
        demo.run_and_wait(cast(Supervisor, supervisor), [("a/b", {})], Console(file=output), 60)
    return output.getvalue()


def test_a_demo_outlasts_a_server_that_is_silent_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [run_in("RUNNING"), SILENCE, LOCKED, SILENCE, run_in("COMPLETED")]

    assert "COMPLETED" in follow(answers, monkeypatch)


def test_a_demo_ends_when_the_server_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SILENCE_LIMIT_S", 0.1)
    with pytest.raises(SourceUnavailable, match="does not answer"):
        follow([run_in("RUNNING"), SILENCE], monkeypatch)


@pytest.mark.parametrize(
    ("answer", "folder"),
    [
        ((200, {"data": {"data_dir": "/old/data"}}), "/old/data"),
        ((404, {"detail": "Block not found"}), None),
    ],
)
def test_the_ledger_block_says_where_the_folder_is_and_need_not_be_there(
    answer: tuple[int, Any], folder: str | None
) -> None:
    with server_answering([answer]) as (api, _):
        assert api.ledger_folder() == folder


@pytest.mark.parametrize(
    ("answer", "folder"),
    [
        ((200, {"parameters": {"data_dir": "/old/data"}}), "/old/data"),
        ((200, {"parameters": {}}), None),
        ((404, {"detail": "Deployment not found"}), None),
    ],
)
def test_a_deployment_says_where_its_runs_trade_and_need_not_be_there(
    answer: tuple[int, Any], folder: str | None
) -> None:
    with server_answering([answer]) as (api, _):
        assert api.deployment_folder("d-1") == folder


NO_TOKEN = (403, {"detail": "Missing CSRF token."})
EXPIRED = (403, {"detail": "Invalid CSRF token or client identifier."})
TOKEN = (200, {"token": "t-1", "client": "c", "expiration": "2025-06-10T12:00:00Z"})


def test_a_server_that_wants_a_token_is_asked_for_one_and_for_another_when_it_has_expired() -> None:
    answers = [FOUND, NO_TOKEN, TOKEN, STARTED, EXPIRED, TOKEN, (200, {"status": "ACCEPT"})]
    with server_answering(answers) as (api, asked):
        assert api.start_run("trade-session/paper", {}).id == "r-1"
        assert api.cancel("r-1")
    assert asked == ["GET", "POST", "GET", "POST", "POST", "GET", "POST"]


def test_what_is_forbidden_for_another_reason_is_asked_once() -> None:
    with (
        server_answering([(403, {"error": "pages may not ask here"})]) as (api, asked),
        pytest.raises(ServerRefused, match="answered 403"),
    ):
        api.cancel("r-1")
    assert asked == ["POST"]


def test_a_wrong_string_is_said_in_one_line_that_says_what_to_set() -> None:
    refused = (401, {"exception_message": "Unauthorized"})
    with server_answering([refused]) as (api, _), pytest.raises(BadInput) as caught:
        api.greet()
    assert "does not know who asks" in str(caught.value)
    assert "PREFECT_API_AUTH_STRING" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_run_at_a_server_that_does_not_know_us() -> None:
    healthy = (200, True)
    with server_answering([healthy, (401, {})]) as (api, _), pytest.raises(BadInput):
        use_server(api.url, print, StopRequest(), limit_s=0)


WAITING = FlowRun("r-1", "new-horse", "SCHEDULED", "Scheduled", "", deployment="d-1")
FREE: dict[str, Any] = {"is_paused": False, "concurrency_limit": None}
PAUSED = FREE | {"is_paused": True}
OF_ONE = FREE | {"concurrency_limit": 1}
NO_LIMIT: dict[str, Any] = {"global_concurrency_limit": None}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([PAUSED], "work pool openbell is paused. Resume it"),
        ([FREE, PAUSED], "work queue sessions is paused. Resume it"),
        ([OF_ONE, 1], "work pool openbell has its concurrency limit of 1 under way. Raise"),
        ([FREE, OF_ONE, 1], "work queue sessions has its concurrency limit of 1"),
        (
            [FREE, FREE, {"global_concurrency_limit": {"limit": 2, "active_slots": 2}}],
            "its deployment has its concurrency limit of 2",
        ),
        # There is room: it is the worker that has not come to it.
        ([OF_ONE, 0, OF_ONE, 0, NO_LIMIT], ""),
        ([FREE, FREE, {"global_concurrency_limit": {"limit": 2, "active_slots": 1}}], ""),
        ([FREE, FREE, NO_LIMIT], ""),
    ],
)
def test_what_somebody_set_in_the_page_and_a_run_waits_for_is_named(
    answers: list[Any], said: str
) -> None:
    with server_answering([(200, answer) for answer in answers]) as (api, _):
        kept = api.kept_by(WAITING, "openbell", "sessions")
    assert kept.startswith(said) if said else not kept


def test_a_work_pool_that_was_removed_is_told_from_a_server_that_refuses() -> None:
    with (
        server_answering([(200, FREE), (404, {})]) as (api, _),
        pytest.raises(NotRegistered, match="work queue sessions is not at"),
    ):
        api.kept_by(WAITING, "openbell", "sessions")
