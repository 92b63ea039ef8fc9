"""What health found before, so that it can say since when something is as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocks.account_files import HEALTH_FILE, LEDGER_FILE
from blocks.health.checks import Component, Level
from blocks.stores.whole_file import read_whole, write_whole
from trading.errors import StoreUnavailable

# What does not change is written down again so that a new process knows who traded a while ago.
WRITTEN_AGAIN_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Found:
    """How a component was, and since when."""

    level: Level
    since: datetime


@dataclass(frozen=True, slots=True)
class HealthMemory:
    """The components as they were at `seen_at`; `held_at` is when somebody last traded."""

    seen_at: datetime | None = None
    held_at: datetime | None = None
    components: Mapping[str, Found] = field(default_factory=dict)

    def dated(self, components: Iterable[Component], now: datetime) -> tuple[Component, ...]:
        """Return components with the moment since which each is as it is."""
        return tuple(
            c if c.since is not None else replace(c, since=self._since(c, now)) for c in components
        )

    def after(
        self, components: Iterable[Component], now: datetime, *, is_held: bool
    ) -> HealthMemory:
        """Return what is to be remembered of components that were found now."""
        found = {c.name: Found(c.level, c.since or now) for c in components}
        return HealthMemory(now, now if is_held else self.held_at, found)

    def is_worth_writing(self, written: HealthMemory) -> bool:
        """Return whether what is in the file says something else, or is old."""
        if self.seen_at is None or written.seen_at is None:
            return self != written
        is_old = not timedelta(0) <= self.seen_at - written.seen_at < WRITTEN_AGAIN_AFTER
        levels = {name: found.level for name, found in self.components.items()}
        return is_old or levels != {name: found.level for name, found in written.components.items()}

    def _since(self, component: Component, now: datetime) -> datetime:
        before = self.components.get(component.name)
        is_as_before = before is not None and before.level == component.level
        return min(before.since, now) if before is not None and is_as_before else now


_MEMORY = TypeAdapter(HealthMemory)


def read_memory(data_dir: Path, account: str) -> HealthMemory:
    """Return what was found before, nothing where it cannot be read."""
    try:
        content = read_whole(data_dir / account / HEALTH_FILE)
        return HealthMemory() if content is None else _MEMORY.validate_json(content)
    except (StoreUnavailable, ValidationError):
        return HealthMemory()


def write_memory(data_dir: Path, account: str, memory: HealthMemory) -> None:
    """Write down what was found, where there is an account; raises StoreUnavailable."""
    if (data_dir / account / LEDGER_FILE).exists():
        write_whole(data_dir / account / HEALTH_FILE, _MEMORY.dump_json(memory))
