"""The runs that ended because `up` was stopped: they go on when it starts again."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from functools import cached_property

from deployments.processes.home import Home


class StoppedRuns:
    """Flow runs by their ids: those that wait to go on, and those on their way to trade again.

    Both are in a file that outlives the supervisor. What trades again, or is over, is in neither.
    """

    def __init__(self, home: Home) -> None:
        self._file = home.prefect / "stopped_runs"
        self._on_their_way: set[str] = set()

    @cached_property
    def _waiting(self) -> set[str]:
        # Read at the first look: until it holds the folder, an earlier life may write.
        return set(self.ids())

    def remember(self, flow_run_id: str) -> None:
        """Write down a run that is about to be cancelled by nobody but us."""
        # On a full disk it has to be started by hand; that is no reason not to stop in order.
        with suppress(OSError), self._file.open("a") as file:
            file.write(f"{flow_run_id}\n")

    def ids(self) -> frozenset[str]:
        """Return the runs that were stopped and not seen to trade since, as the file has them."""
        try:
            return frozenset(self._file.read_text().split())
        except FileNotFoundError:
            return frozenset()

    def waits(self, flow_run_id: str) -> bool:
        """Return whether a run was stopped and has not been started again in this life."""
        return flow_run_id in self._waiting

    def went_on(self, flow_run_id: str) -> None:
        """Take note that a run was started again: its way is not over before it trades."""
        self._waiting.discard(flow_run_id)
        self._on_their_way.add(flow_run_id)

    def is_on_its_way(self, flow_run_id: str) -> bool:
        """Return whether a run was started again and was not seen to trade since."""
        return flow_run_id in self._on_their_way

    def forget(self, flow_run_id: str) -> None:
        """Take note that a run trades again, or is no use any more."""
        if flow_run_id in self._waiting | self._on_their_way:
            self._waiting.discard(flow_run_id)
            self._on_their_way.discard(flow_run_id)
            self._write()

    def forget_all_waiting_but(self, flow_run_ids: Set[str]) -> None:
        """Take note that these alone have begun; one on its way begins when a worker takes it."""
        if self._waiting - flow_run_ids:
            self._waiting.intersection_update(flow_run_ids)
            self._write()

    def _write(self) -> None:
        left = self._waiting | self._on_their_way
        # On a full disk the next life starts them once more, and the flow itself knows whether its
        # session is over.
        with suppress(OSError):
            if not left:
                self._file.unlink(missing_ok=True)
                return
            beside = self._file.with_name(f"{self._file.name}.new")
            beside.write_text("".join(f"{flow_run_id}\n" for flow_run_id in sorted(left)))
            beside.replace(self._file)
