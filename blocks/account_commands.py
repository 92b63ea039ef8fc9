"""The commands of an account in its data folder, as the hints of an error name them."""

from __future__ import annotations

import shlex
from pathlib import Path

# Of who knows no folder; whoever does fills it in.
RESTORE = "openbell restore"


def account_command(command: str, data_dir: Path, account: str) -> str:
    """Return a command of `openbell` for an account, to be pasted into a shell as it is."""
    place = f"--data-dir {shlex.quote(str(data_dir))} --account {shlex.quote(account)}"
    return f"openbell {command} {place}"
