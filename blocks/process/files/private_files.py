"""A data folder is its owner's alone: what is made in it, and what an earlier version left open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from blocks.account_files import DUCKDB_FILES

OTHERS = 0o077
# What we make in a data folder, beside the accounts.
OURS = frozenset({"backtests", "bars", "copies", "limits", "logs", "prefect", "sweeps", "walks"})
# What the user puts there; who may read it is for him to say.
THEIRS = frozenset({"rulesets", "strategies"})


def keep_private() -> None:
    """Let nobody but their owner read the files that this process and its children make."""
    os.umask(os.umask(OTHERS) | OTHERS)


def close_to_others(data_dir: Path) -> list[Path]:
    """Take from group and others what they may do in a data folder; return what stays open.

    Only what is ours: a folder that holds other things too, as a home or /tmp does, stays as it
    is. What stays open belongs to another user.
    """
    left: list[Path] = []
    try:
        entries = list(data_dir.iterdir())
    except OSError:
        return left
    ours = [entry for entry in entries if _is_ours(entry)]
    if len(ours) == sum(entry.name not in THEIRS for entry in entries):
        _close(data_dir, left)
    for entry in ours:
        for path in _below(entry):
            _close(path, left)
    return left


def _is_ours(entry: Path) -> bool:
    if entry.is_symlink() or not entry.is_dir():
        return False
    return entry.name in OURS or any((entry / name).is_file() for name in DUCKDB_FILES)


def _below(folder: Path) -> Iterator[Path]:
    # Links are not followed: they may lead to what is not ours.
    for name, folders, files in os.walk(folder):
        yield Path(name)
        yield from (Path(name, file) for file in files)
        folders[:] = [inner for inner in folders if not os.path.islink(os.path.join(name, inner))]


def _close(path: Path, left: list[Path]) -> None:
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:
        # Somebody else is at work here too, and has removed it.
        return
    except OSError:
        left.append(path)
