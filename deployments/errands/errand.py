"""A short-lived child of the supervisor: it does one thing, and its memory is given back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from deployments.processes.child import Child
from deployments.processes.home import Home


class Errand:
    """At most one process at a time of one kind, with a log of its own.

    It carries the supervisor's mark as all children do, and is ended with them.
    """

    def __init__(
        self, home: Home, name: str, module: Sequence[str], api_url: Callable[[], str]
    ) -> None:
        self._home = home
        self._log = home.logs / f"{name}.log"
        self._command = [sys.executable, "-m", *module, "--data-dir", str(home.data_dir)]
        self._api_url = api_url
        self._child: Child | None = None
        self._last: Child | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the process was started and its end not taken."""
        return self._child is not None

    def start(self) -> None:
        """Start the process."""
        environment = self._home.environment(self._api_url())
        self._child = self._last = Child.start(self._command, environment, self._log)

    def last_line(self) -> str:
        """Return what such a process said last, empty where none ever said anything."""
        return "" if self._last is None else self._last.tail(1)

    def take_exit_code(self) -> int | None:
        """Return, once, the exit code of the process that has ended; None while there is none."""
        code = None if self._child is None else self._child.exit_code
        if code is not None:
            self._child = None
        return code
