"""The choices of a walk's windows, a file each: with what a walk that was killed goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from blocks.stores.sealed_file import read_sealed, write_sealed
from trading.market.calendar import Session
from trading.walk_forward.choice import Chosen

FOLDER = "choices"
SUFFIX = ".choice"
_HASH_LETTERS = 32


@dataclass(frozen=True)
class KeptChoices:
    """Choices in a folder, by a hash of all that decides them.

    `of` is a hash of sets, bars, engine and objective; what else decides are a window's sessions
    and its capital. `used` are the hashes that this walk asked for.
    """

    folder: Path
    of: str
    used: set[str] = field(default_factory=set)

    def known(self, sessions: Sequence[Session], capital: float) -> Chosen | None:
        """Return a choice that was kept; one that was changed is as good as none."""
        name = self._name(sessions, capital)
        self.used.add(name)
        content = read_sealed(self.folder / f"{name}{SUFFIX}")
        if content is None:
            return None
        said = json.loads(content)
        refused = {int(number): why for number, why in said["refused"].items()}
        return Chosen(said["number"], said["why_idle"], refused)

    def keep(self, sessions: Sequence[Session], capital: float, chosen: Chosen) -> None:
        """Write a choice, whole or not at all; raises StoreUnavailable."""
        said = {
            "first": sessions[0].date.isoformat(),
            "last": sessions[-1].date.isoformat(),
            "capital": capital,
            "number": chosen.number,
            "why_idle": chosen.why_idle,
            "refused": {str(number): why for number, why in chosen.refused.items()},
        }
        text = json.dumps(said, indent=2) + "\n"
        path = self.folder / f"{self._name(sessions, capital)}{SUFFIX}"
        write_sealed(path, text.encode(), private=False)

    def forget_others(self) -> None:
        """Remove choices that this walk has not asked for."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.stem not in self.used:
                with suppress(OSError):
                    path.unlink()

    def _name(self, sessions: Sequence[Session], capital: float) -> str:
        said = [self.of, sessions[0].date.isoformat(), sessions[-1].date.isoformat(), capital]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_HASH_LETTERS]
