"""Clocks that are wrong, and that are set while a process runs: a small library, made by `cc`."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


def can_be_made() -> bool:
    return shutil.which("cc") is not None


def faulty_clock(folder: Path, ahead_seconds: int = 0) -> dict[str, str]:
    """Return the environment of processes whose clock `set_clock` sets, at first to this."""
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "clock.so"
    assert not set(" :") & set(str(library)), f"LD_PRELOAD would take {library} for several"
    if not library.exists():
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=120)
    set_clock(folder, ahead_seconds)
    return {"LD_PRELOAD": str(library), "FAULTY_CLOCK": str(folder / "clock")}


def set_clock(folder: Path, ahead_seconds: int) -> None:
    """Set the clock of every process that was begun with `faulty_clock` of this folder."""
    path = folder / "clock"
    path.touch()
    # In its place: the processes have the file in their memory.
    with path.open("r+b") as file:
        file.write(struct.pack("=q", ahead_seconds))
