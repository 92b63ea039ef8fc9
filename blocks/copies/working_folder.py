"""Where a copy is made or unpacked before it counts: beside the ledger, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from blocks.copies.retention import STALE
from blocks.process.files.disk_errors import words_of
from trading.errors import StoreUnavailable

_PREFIX = ".copy-"


@contextmanager
def working_folder(account_folder: Path) -> Iterator[Path]:
    """Yield a folder of one's own on the ledger's disk; raises StoreUnavailable where none fits."""
    try:
        account_folder.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=account_folder)
    except OSError as error:
        raise StoreUnavailable(
            f"no folder can be made in {account_folder}: {words_of(error)}",
            "Check the folder's permissions and free disk space",
        ) from error
    with folder as place:
        yield Path(place)


def sweep(account_folder: Path, now: datetime) -> None:
    """Remove what processes that were killed left behind."""
    for left in account_folder.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < (now - STALE).timestamp():
            shutil.rmtree(left, ignore_errors=True)
