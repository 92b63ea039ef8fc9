"""Who looks is told of changes; nobody is watched for nobody, and a shutdown ends it at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from api.live import watcher as watching
from api.live.watcher import Watcher

PATIENCE_S = 60.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LOOK_SECONDS", 0.01), ("QUIET_SECONDS", 0.02)):
        monkeypatch.setattr(watching, name, seconds)


@pytest.mark.usefixtures("quick")
async def test_a_change_is_told_to_everybody_and_only_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(b"one")
    watcher = Watcher(lambda: [path])
    async with watcher, watcher:
        first = asyncio.create_task(watcher.change_after(0, PATIENCE_S))
        second = asyncio.create_task(watcher.change_after(0, PATIENCE_S))
        # Until it has looked once there is nothing that could change.
        assert await watcher.change_after(0, 0.2) == 0
        path.write_bytes(b"two!")
        assert (await first, await second) == (1, 1)
        assert await watcher.change_after(1, 0.1) == 1


@pytest.mark.usefixtures("quick")
async def test_what_is_written_all_the_time_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUIET_SECONDS", PATIENCE_S)
    monkeypatch.setattr(watching, "LONGEST_SECONDS", 0.1)
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(b"")
    watcher = Watcher(lambda: [path])
    async with watcher:
        while watcher.number < 2:
            with path.open("ab") as file:
                file.write(b"x")
            await watcher.change_after(watcher.number, 0.02)


@pytest.mark.usefixtures("quick")
async def test_without_anybody_no_file_is_looked_at() -> None:
    looks: list[int] = []

    def paths() -> list[Path]:
        looks.append(1)
        return []

    watcher = Watcher(paths)
    async with watcher:
        await watcher.change_after(0, 0.1)
    assert looks
    # What is under way ends, and nothing begins.
    await asyncio.sleep(0)
    count = len(looks)
    await watcher.change_after(0, 0.2)
    assert len(looks) == count


async def test_a_shutdown_ends_every_wait_at_once() -> None:
    watcher = Watcher(list)
    async with watcher:
        waiting = asyncio.create_task(watcher.change_after(0, PATIENCE_S))
        await asyncio.sleep(0)
        await watcher.close()
        await asyncio.wait_for(waiting, PATIENCE_S / 2)
