"""The runs that ended because `up` was stopped: they go on when it starts again."""

from __future__ import annotations

from contextlib import suppress

from deployments.processes.home import Home


class StoppedRuns:
    """Remembers flow runs by their ids, in a file that outlives the supervisor."""

    def __init__(self, home: Home) -> None:
        self._file = home.prefect / "stopped_runs"

    def remember(self, flow_run_id: str) -> None:
        """Write down a run that is about to be cancelled by nobody but us."""
        # On a full disk it has to be started by hand; that is no reason not to stop in order.
        with suppress(OSError), self._file.open("a") as file:
            file.write(f"{flow_run_id}\n")

    def ids(self) -> frozenset[str]:
        """Return the runs that were stopped and did not go on yet."""
        try:
            return frozenset(self._file.read_text().split())
        except FileNotFoundError:
            return frozenset()

    def forget(self) -> None:
        """Take note that they go on, or are no use any more."""
        self._file.unlink(missing_ok=True)
