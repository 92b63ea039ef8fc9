"""How far long work is, told to Prefect's page while it goes on; that fails no run."""

from __future__ import annotations

import time
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from blocks.process.secret_mask import MASK
from flows.pages.goodwill import TROUBLES

SHOW_EACH_S = 2.0
_MINUTE_S = 60.0


class ShownProgress:
    """A progress artifact: a call tells of a step, how much of it is done, and of how much.

    Steps that are counted are one span of time, by which the time that is left is told.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._artifact: UUID | None = None
        self._is_broken = False
        self._told = ""
        self._told_at = 0.0
        self._percent = 0.0
        self._counts_since: float | None = None

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell of a step: at once when it is another kind, else every few seconds."""
        now = time.monotonic()
        is_counted = total > 1
        if is_counted and self._counts_since is None:
            self._counts_since = now
        if is_counted:
            self._percent = 100.0 * done / total
        kind = "counted" if is_counted else step
        if kind == self._told and now - self._told_at < SHOW_EACH_S:
            return
        self._told, self._told_at = kind, now
        if not is_counted:
            self._show(step)
            return
        left = time_left(now - (self._counts_since or now), done, total)
        self._show(", ".join(part for part in (step, left) if part))

    def finish(self) -> None:
        """Tell that it is done."""
        self._percent = 100.0
        self._show("done")

    def _show(self, said: str) -> None:
        if self._is_broken:
            return
        try:
            if self._artifact is None:
                artifact = create_progress_artifact(self._percent, self._key, said)
                # A coroutine is for those who have a loop.
                assert isinstance(artifact, UUID)
                self._artifact = artifact
            else:
                update_progress_artifact(self._artifact, self._percent, said)
        except TROUBLES as error:
            self._is_broken = True
            get_run_logger().warning("progress cannot be shown: %s", MASK.text(str(error)))


def time_left(taken_s: float, done: int, total: int) -> str:
    """Return about how long the rest takes, nothing where that cannot be told yet."""
    if not 0 < done < total or taken_s <= 0:
        return ""
    left_s = taken_s * (total - done) / done
    if left_s < _MINUTE_S:
        return "less than a minute left"
    return f"about {left_s / _MINUTE_S:,.0f} min left"
