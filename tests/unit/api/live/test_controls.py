"""Halt, flatten and resume lead to Prefect's forms, or to the command where no server answers."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from api.live.controls import ACTIONS, FLOW, Controls
from flows import control
from tests.process.api.conftest import free_port
from tests.repository import REPOSITORY

WORD = "openbell:word-4711"


@pytest.fixture(autouse=True)
def no_server_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def prefect(tmp_path: Path) -> Iterator[str]:
    """A server of the data folder that knows two of the three deployments."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = f"Basic {base64.b64encode(WORD.encode()).decode()}"
            known = {f"/api/deployments/name/control/{n}": n for n in ("halt", "flatten")}
            status = 401 if self.headers["Authorization"] != wanted else 200
            status = status if self.path in known or status == 401 else 404
            body = json.dumps({"id": f"number-of-{known.get(self.path)}"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "prefect").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "prefect" / "port").write_text(str(server.server_port))
        (tmp_path / "prefect" / "auth-string").write_text(WORD + "\n")
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_each_leads_to_its_form_at_the_folders_own_server(prefect: str, tmp_path: Path) -> None:
    answer = Controls(tmp_path).answer("paper")
    assert answer.prefect == prefect
    urls = {control.name: control.url for control in answer.controls}
    of_paper = "?parameters=%7B%22account%22%3A%22paper%22%7D"
    assert urls == {
        # Left empty the form would stop the account that is meant, which may be another.
        "halt": f"{prefect}/deployments/deployment/number-of-halt/run{of_paper}",
        "flatten": f"{prefect}/deployments/deployment/number-of-flatten/run{of_paper}",
        # What is not registered has its command.
        "resume": None,
    }
    assert WORD.partition(":")[2] not in answer.model_dump_json()


def test_without_a_server_there_is_the_command_with_folder_and_account(tmp_path: Path) -> None:
    folder = tmp_path / "my data"
    answer = Controls(folder).answer("paper")
    assert answer.prefect is None
    assert "No Prefect server" in answer.sentence
    command = f"openbell halt --data-dir '{folder}' --account paper"
    assert answer.controls[0].command == command


def test_a_server_that_is_down_is_said(tmp_path: Path) -> None:
    (tmp_path / "prefect").mkdir()
    port = free_port()
    (tmp_path / "prefect" / "port").write_text(str(port))
    answer = Controls(tmp_path).answer(None)
    assert f"http://127.0.0.1:{port} does not answer" in answer.sentence
    assert all(control.url is None for control in answer.controls)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"id"', b"{}", b"<html>", b"7"])
def test_another_server_at_that_port_is_no_failure(body: bytes, tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "prefect").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "prefect" / "port").write_text(str(server.server_port))
        answer = Controls(tmp_path).answer("paper")
        server.shutdown()
    assert "Run the command in a shell." in answer.sentence
    assert all(control.url is None for control in answer.controls)


def test_a_server_that_takes_a_connection_and_says_nothing_keeps_no_page_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.controls.ASK_SECONDS", 0.3)
    (tmp_path / "prefect").mkdir()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (tmp_path / "prefect" / "port").write_text(str(silent.getsockname()[1]))
        controls = Controls(tmp_path)
        # The first page that is asked for has the commands, and no form yet.
        first = controls.known("paper")
        (asking,) = (each for each in threading.enumerate() if each.name == "controls")
        assert asking.is_alive()
        assert all(control.url is None for control in first.controls)
        # Nor does who asks meanwhile begin to ask too.
        assert "does not answer" in controls.answer("paper").sentence
        assert [each for each in threading.enumerate() if each.name == "controls"] in ([asking], [])
        asking.join()


def test_the_forms_that_are_known_stay_while_the_server_is_asked_again(
    prefect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.controls.KNOWN_SECONDS", 0.0)
    controls = Controls(tmp_path)
    known = controls.answer("paper")
    assert known.prefect == prefect
    assert controls.known("paper") == known


def test_the_three_are_the_deployments_that_are_registered() -> None:
    registered = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
    names = {each["name"] for each in registered if "control" in each["tags"]}
    assert names == set(ACTIONS)
    assert {getattr(control, name).name for name in names} == {FLOW}
