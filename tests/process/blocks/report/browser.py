"""A headless Chromium that opens one page and tells all that the page does."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip
_PATIENCE_S = 60


class Page:
    """One page over the DevTools protocol; `events` are those that came so far."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        while True:
            said = json.loads(self._connection.recv(timeout=_PATIENCE_S))
            if said.get("id") == self._number:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, a promise's when it is kept."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, url: str) -> None:
        """Open an address and wait until it is drawn."""
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")
        before = len(self.events)
        self.call("Page.navigate", url=url)
        end = time.monotonic() + _PATIENCE_S
        while not any(event["method"] == "Page.loadEventFired" for event in self.events[before:]):
            assert time.monotonic() < end, "the page does not load"
            self.events.append(json.loads(self._connection.recv(timeout=_PATIENCE_S)))
        while self.evaluate("document.body.ariaBusy") == "true":
            assert time.monotonic() < end, "the page is not drawn"
            time.sleep(0.02)

    def complaints(self) -> list[dict[str, Any]]:
        """Return what went to the console, errors that nobody caught, and refused content."""
        self.evaluate("0")
        return [
            event
            for event in self.events
            if event["method"]
            in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        ]

    def requests(self) -> list[str]:
        """Return every address that was asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def browser_page(folder: Path, *, width: int = 1400, height: int = 1000) -> Iterator[Page]:
    """Start a browser that keeps its files in a folder, and give its page."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, *_QUIET, f"--user-data-dir={folder}", f"--window-size={width},{height}",
         "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = _port(folder / "DevToolsActivePort", process)
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_PATIENCE_S) as answer:
            targets = [each for each in json.load(answer) if each["type"] == "page"]
        # What a page tells is read when it is asked: who waits long answers no ping meanwhile.
        address = targets[0]["webSocketDebuggerUrl"]
        with connect(address, max_size=None, proxy=None, ping_interval=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE_S)


def _port(written: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, "chromium has ended"
        if written.exists() and written.read_text().strip():
            return int(written.read_text().splitlines()[0])
        time.sleep(0.05)
    raise AssertionError("chromium does not start")
