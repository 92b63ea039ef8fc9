"""The read-only API of a data folder as one more child of the supervisor."""

from __future__ import annotations

import sys
import time

from blocks.process.web.door import in_url
from deployments.processes.backoff import Backoff
from deployments.processes.child import Child
from deployments.processes.home import Home, Say

STOP_GRACE_S = 5.0


class ApiServer:
    """Keeps `openbell api` alive; that it cannot start is said, and keeps nothing else down."""

    def __init__(self, home: Home, host: str, port: int, say: Say) -> None:
        self.url = f"http://{in_url(host)}:{port}"
        self._home = home
        self._command = [sys.executable, "-m", "api", "--data-dir", str(home.data_dir)]
        self._command += ["--host", host, "--port", str(port), "--of-up"]
        self._say = say
        self._backoff = Backoff()
        self._child: Child | None = None
        self._not_before = float("-inf")

    def start(self) -> None:
        """Start the child."""
        log = self._home.logs / "api.log"
        # A server of somebody else's, which the page's links lead to, no file tells of.
        environment = self._home.environment(self._home.asks_elsewhere())
        self._child = Child.start(self._command, environment, log)

    def tend(self) -> None:
        """Start it again when it has died, after a wait that holds nobody up."""
        if self._child is None:
            if time.monotonic() >= self._not_before:
                self.start()
            return
        if self._child.exit_code is not None:
            lines = self._child.tail(1)
            wait_s = self._backoff.next_wait(time.monotonic())
            self._say(f"Died: API. Starting again in {wait_s:.0f} s. {lines}")
            self._child = None
            self._not_before = time.monotonic() + wait_s

    def stop(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.stop(STOP_GRACE_S)
