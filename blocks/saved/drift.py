"""What a saved value becomes when settings and somebody's hand disagree about it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from blocks.settings.app_settings import shown

Notes = dict[str, str]


def how_to_decide(data_dir: Path) -> str:
    """Return the command that decides; without its folder it would point the accounts elsewhere."""
    command = shlex.join(["python", "-m", "deployments", "register", "--data-dir", str(data_dir)])
    return f"Decide with: {command} --overwrite (as the settings say), or --keep (as saved)"


class Choice(StrEnum):
    """What an operator says of values that were changed by hand."""

    ASK = "ask"
    OVERWRITE = "overwrite"
    KEEP = "keep"


@dataclass
class Settled:
    """The values that are to be saved; what follows the settings, and what nobody has decided."""

    values: dict[str, Any]
    followed: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)


class WrittenValues:
    """What registration wrote last, by place and value: so a hand's change is told from our own.

    A small file of the data folder; of secrets it holds a hash.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._notes: dict[str, Notes] = {}
        try:
            content = json.loads(file.read_text())
            self._notes = {str(place): dict(notes) for place, notes in content.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            # Without it every difference counts as a hand's, and is asked about.
            pass

    def of(self, place: str) -> Notes:
        """Return what was written at a place, to be changed."""
        return self._notes.setdefault(place, {})

    def save(self) -> None:
        """Write the file whole."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        whole = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        whole.write_text(json.dumps(self._notes, indent=1, sort_keys=True))
        whole.chmod(0o600)
        whole.replace(self._file)


def settle(
    saved: Mapping[str, Any],
    wanted: Mapping[str, Any],
    notes: Notes,
    choice: Choice = Choice.ASK,
    is_named: Callable[[str], bool] = lambda name: True,
) -> Settled:
    """Return what is to be saved of values by name, and note in `notes` what we write.

    What we wrote ourselves follows the settings. What a hand changed stays, and is undecided where
    the settings name it; without a note nobody knows whose it was, so that it is undecided too.
    """
    settled = Settled(dict(saved))
    for name, value in wanted.items():
        mine = _mark(value)
        note = notes.get(name)
        if name not in saved:
            settled.values[name], notes[name] = value, mine
            continue
        theirs = _mark(saved[name])
        change = f"{name} {shown_value(saved[name])} -> {shown_value(value)}"
        if theirs == mine:
            notes[name] = mine
        elif choice == Choice.OVERWRITE or note == theirs:
            settled.values[name], notes[name] = value, mine
            settled.followed.append(change)
        elif choice == Choice.KEEP:
            notes[name] = _kept(mine)
        elif note != _kept(mine) and (note is None or is_named(name)):
            settled.undecided.append(
                f"{name} is {shown_value(saved[name])} here, {shown_value(value)} in the settings"
            )
    return settled


def is_ours(saved: Mapping[str, Any], notes: Notes) -> bool:
    """Return whether we have written every one of these values."""
    return all(notes.get(name) == _mark(value) for name, value in saved.items())


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of groups under `group.name`, the others as they are."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `flat` was made of."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        group, _, inner = name.partition(".")
        if inner:
            found.setdefault(group, {})[inner] = value
        else:
            found[name] = value
    return found


def shown_value(value: Any) -> str:
    """Return a value for people, a secret as stars."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    return shown(value) or "empty"


def _mark(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "sha256:" + hashlib.sha256(value.get_secret_value().encode()).hexdigest()
    # A form sends 1 where the settings say 1.0.
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    return json.dumps(value, sort_keys=True, default=str)


def _kept(mark: str) -> str:
    return f"kept against {mark}"
