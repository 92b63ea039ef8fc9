"""What a demo in Prefect tells, and whether its addresses answer when it says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from deployments import __main__ as command
from deployments import demo
from deployments.processes.api_server import ApiServer
from deployments.processes.home import Home
from deployments.run_demo import run_demo
from deployments.server.server import Server
from deployments.supervisor import Supervisor
from tests.terminal import flows

SMALL = ("--symbols", "AAA,BBB", "--interval", "30", "--set", "range_minutes=30")
DATES = ("--start", "2025-06-02", "--end", "2025-06-03")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the runs of a demo leave."""
    folder = tmp_path_factory.mktemp("demo")
    out = folder / "backtests" / "brave-ibex"
    assert flows("run", "--replay", "2025-06-10", *SMALL, "--data-dir", folder).returncode == 0
    assert flows("backtest", *SMALL, *DATES, "--out", out, "--quiet").returncode == 0
    return folder


class Stops:
    """A request to stop that comes after so many questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0

    def pause(self, seconds: float) -> None:
        pass


class Stack:
    """A supervisor whose server is somebody else's, and what was asked of it."""

    def __init__(self, data_dir: Path, stops_after: int) -> None:
        self.home = Home.at(data_dir)
        self.server = Server("http://127.0.0.1:4200/api", None)
        self.api_url = self.server.api_url
        self.should_stop = Stops(stops_after)
        self.say: Any = print
        self.asked: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        self.asked.append("started")
        yield
        self.asked.append("stopped")

    def register(self, limit_s: float) -> None:
        self.say("trade-session/paper: created")

    def tend(self) -> None:
        self.asked.append("tended")


def tell(data_dir: Path, monkeypatch: pytest.MonkeyPatch, *, stays: bool) -> Stack:
    """Tell a demo whose runs are over at once."""
    stack = Stack(data_dir, 2)
    monkeypatch.setattr(demo, "run_and_wait", lambda *_: stack.asked.append("ran"))
    api_server = ApiServer(stack.home, "127.0.0.1", 8085, print)
    assert run_demo(cast(Supervisor, stack), api_server, command.who_may_ask, stays=stays) == 0
    return stack


def test_in_a_script_it_ends_and_says_what_serves_its_pages(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = tell(data_dir, monkeypatch, stays=False)
    assert stack.asked == ["started", "ran", "stopped"]
    said = capsys.readouterr().out
    for number in range(1, 5):
        assert f"[{number}/4] " in said
    assert "trade-session/paper" not in said
    report = data_dir / "backtests" / "brave-ibex" / "report.html"
    last = said[said.index("Open in a browser") :]
    for words in (
        report.as_uri(),
        "http://127.0.0.1:8085/",
        "http://127.0.0.1:4200",
        " up --data-",
    ):
        assert words in last


def test_at_a_terminal_its_addresses_answer_until_it_is_stopped(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = tell(data_dir, monkeypatch, stays=True)
    assert stack.asked == ["started", "ran", "tended", "tended", "stopped"]
    last = capsys.readouterr().out.partition("Open in a browser")[2]
    assert "until you press Ctrl-C" in last
    assert " up --data-" not in last
