"""The string that the Prefect server of a data folder asks everybody for, made once."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from pathlib import Path

OWNER_ALONE = 0o600
OTHERS = 0o077


def auth_file(data_dir: Path) -> Path:
    """Return where the string of a data folder lies."""
    return data_dir / "prefect" / "auth-string"


def read_auth_string(data_dir: Path) -> str | None:
    """Return the string, None where none was made; raises OSError where it cannot be read."""
    try:
        return auth_file(data_dir).read_text().strip() or None
    except FileNotFoundError:
        return None


def kept_auth_string(data_dir: Path) -> str:
    """Return the string, made now where there is none; nobody but its owner may read it.

    Raises OSError where it can be neither read nor made.
    """
    file = auth_file(data_dir)
    string = read_auth_string(data_dir) or _make(data_dir)
    if file.stat().st_mode & OTHERS:
        file.chmod(OWNER_ALONE)
    return string


def _make(data_dir: Path) -> str:
    file = auth_file(data_dir)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        # Of two processes that want one at once the second takes what the first has made.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if (made := read_auth_string(data_dir)) is not None:
            return made
        string = f"openbell:{secrets.token_urlsafe(24)}"
        # Under its name it is whole, and was never anybody else's to read.
        handle, name = tempfile.mkstemp(dir=file.parent, prefix="auth-string.")
        try:
            with os.fdopen(handle, "w") as new:
                new.write(string + "\n")
            os.replace(name, file)
        except BaseException:
            os.unlink(name)
            raise
        return string
    finally:
        os.close(folder)
