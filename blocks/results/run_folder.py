"""The folder of a named run's results: beside those of other runs, and never theirs."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

from blocks.process.files.disk_errors import words_of
from trading.errors import StoreUnavailable

UNIVERSE = "universe.parquet"
# By the ids of runs the names of their folders, for those that are tried again.
_NOTED = ".runs"
SUMMARY = "summary.json"
# A file's name may have 255 bytes, and the number behind it and the name while it is written
# take some of them.
MOST_BYTES = 120
KEPT = " -_.,+()"
# What a disk that is shared with Windows opens as a device.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


def run_folder(root: Path, name: str, run_id: str | None = None) -> Path:
    """Make and return a folder in `root` for the results of a run that somebody has named.

    A name says nothing of where: what is no word in it becomes a hyphen. A folder that is there
    is left to the run that it belongs to, and this one's gets a number. A run with an id that is
    tried again gets the folder that it had, whatever it is called now.
    Raises StoreUnavailable where no folder can be made.
    """
    plain = folder_name(name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        earlier = _folder_of(root, run_id)
        if earlier is not None:
            return earlier
        for number in count(1):
            folder = root / (plain if number == 1 else f"{plain} ({number})")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            _note(root, run_id, folder)
            return folder
    except OSError as error:
        raise StoreUnavailable(
            f"results cannot be written to {root}: {words_of(error)}",
            "Give the data folder to the user who runs Openbell, with room on its disk",
        ) from error
    raise AssertionError("a number is found")


def _folder_of(root: Path, run_id: str | None) -> Path | None:
    """Return the folder that a run had when it was tried before, None where there is none."""
    if run_id is None:
        return None
    try:
        folder = root / _NOTED / folder_name(run_id)
        noted = root / folder_name(folder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return noted if noted.is_dir() and not noted.is_symlink() else None


def _note(root: Path, run_id: str | None, folder: Path) -> None:
    """Note whose folder it is, and forget those that are gone."""
    if run_id is None:
        return
    notes = root / _NOTED
    notes.mkdir(exist_ok=True)
    _forget_those_gone(root)
    (notes / folder_name(run_id)).write_text(folder.name, encoding="utf-8")


def _forget_those_gone(root: Path) -> None:
    for note in (root / _NOTED).iterdir():
        with suppress(OSError, ValueError):
            if not (root / note.read_text(encoding="utf-8")).is_dir():
                note.unlink()


def give_back(folder: Path) -> None:
    """Remove the folder of a run that has left nothing in it, and the note of whose it was."""
    try:
        folder.rmdir()
    except OSError:
        # It holds something, or is gone: either way there is nothing to give back.
        return
    notes = folder.parent / _NOTED
    # What cannot be removed is forgotten when the next folder is made.
    with suppress(OSError):
        _forget_those_gone(folder.parent)
        notes.rmdir()


def folder_name(name: str) -> str:
    """Return a run's name as the name of one folder."""
    plain = "".join(sign if sign.isalnum() or sign in KEPT else "-" for sign in name)
    plain = os.fsencode(plain)[:MOST_BYTES].decode(errors="ignore").strip(" .")
    if plain.partition(".")[0].lower() in DEVICES:
        plain = f"run {plain}"
    return plain or "run"
