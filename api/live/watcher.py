"""Tells who looks that the ledger changed: one look at its files for all, and none for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from blocks.stores.beginning import parts_of

LOOK_SECONDS = 0.25
# A bar is several commits. Who reads after the last of them keeps no step of the bar waiting.
QUIET_SECONDS = 0.5
# However long it is written, who looks is told.
LONGEST_SECONDS = 1.2
Stamp = tuple[tuple[str, int, int, int], ...]


class Watcher:
    """Counts the changes of the files that `paths` names now; watches only while somebody waits."""

    def __init__(self, paths: Callable[[], list[Path]]) -> None:
        self._paths = paths
        self._changed = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None
        self.number = 0
        self.waiting = 0
        self.is_closed = False

    async def __aenter__(self) -> Watcher:
        """Begin to watch, if nobody did yet."""
        self.waiting += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop watching when nobody is left."""
        self.waiting -= 1
        if self.waiting == 0 and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def change_after(self, number: int, seconds: float) -> int:
        """Return the number of a change after `number`, or the same when none comes in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.number != number or self.is_closed)
        return self.number

    async def close(self) -> None:
        """Let everybody who waits go at once."""
        self.is_closed = True
        async with self._changed:
            self._changed.notify_all()

    async def _watch(self) -> None:
        told = await asyncio.to_thread(self._stamp)
        seen, quiet_s, waited_s = told, 0.0, 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            stamp = await asyncio.to_thread(self._stamp)
            if stamp == told:
                seen, quiet_s, waited_s = stamp, 0.0, 0.0
                continue
            waited_s += LOOK_SECONDS
            quiet_s = quiet_s + LOOK_SECONDS if stamp == seen else 0.0
            seen = stamp
            if quiet_s >= QUIET_SECONDS or waited_s >= LONGEST_SECONDS:
                told, quiet_s, waited_s = stamp, 0.0, 0.0
                self.number += 1
                async with self._changed:
                    self._changed.notify_all()

    def _stamp(self) -> Stamp:
        found = []
        for path in self._paths():
            for part in parts_of(path):
                with suppress(OSError):
                    stat = part.stat()
                    found.append((str(part), stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(found)
