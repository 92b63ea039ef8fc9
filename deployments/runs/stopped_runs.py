"""The runs that ended because `up` was stopped: they go on when it starts again."""

from __future__ import annotations

from collections.abc import Set
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
        """Return the runs that were stopped and were not seen to trade since."""
        try:
            return frozenset(self._file.read_text().split())
        except FileNotFoundError:
            return frozenset()

    def forget(self, flow_run_ids: Set[str]) -> None:
        """Take note that these trade again, or are no use any more."""
        left = self.ids() - flow_run_ids
        if not left:
            self._file.unlink(missing_ok=True)
        elif left != self.ids():
            beside = self._file.with_name(f"{self._file.name}.new")
            beside.write_text("".join(f"{flow_run_id}\n" for flow_run_id in sorted(left)))
            beside.replace(self._file)
