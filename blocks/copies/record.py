"""How the copies of an account have gone so far: a small file in its folder, for people."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocks.account_files import LEDGER_FILE, RECORD_FILE
from blocks.ledger.damage import NotWhole
from blocks.process.secret_mask import MASK
from blocks.stores.beginning import is_begun
from blocks.stores.whole_file import read_whole, write_whole
from trading.errors import OpenbellError, StoreUnavailable


@dataclass(frozen=True, slots=True)
class CopyRecord:
    """Every attempt counts; the last copy took `copied_bytes` of `size_bytes`, its files' length.

    `last_error` is empty when the last attempt succeeded, `way_out` where another may succeed.
    """

    last_attempt: datetime
    last_success: datetime | None = None
    successes: int = 0
    failures: int = 0
    last_error: str = ""
    size_bytes: int = 0
    copied_bytes: int = 0
    way_out: str = ""

    @property
    def success_rate(self) -> float:
        """Return which part of the attempts succeeded, 0 to 1."""
        return self.successes / (self.successes + self.failures)

    @property
    def ratio(self) -> float | None:
        """Return the last copy's length as a part of its files' length, None without a copy."""
        return self.copied_bytes / self.size_bytes if self.size_bytes else None


_RECORD = TypeAdapter(CopyRecord)


def read_copy_record(data_dir: Path, account: str) -> CopyRecord | None:
    """Return how an account's copies have gone, None where none was tried or it is not readable."""
    try:
        content = read_whole(data_dir / account / RECORD_FILE)
        return None if content is None else _RECORD.validate_json(content)
    except (StoreUnavailable, ValidationError):
        return None


def note_success(
    data_dir: Path, account: str, now: datetime, size_bytes: int, copied_bytes: int
) -> None:
    """Count a copy that is where copies are kept."""
    before = _before(data_dir, account, now)
    _write(
        data_dir,
        account,
        replace(
            before,
            last_attempt=now,
            last_success=now,
            successes=before.successes + 1,
            last_error="",
            way_out="",
            size_bytes=size_bytes,
            copied_bytes=copied_bytes,
        ),
    )


def note_failure(data_dir: Path, account: str, now: datetime, error: OpenbellError) -> None:
    """Count an attempt that made no copy, and remember why.

    Not where there is no ledger: a record alone says that there was one, and that it is lost.
    """
    if not is_begun(data_dir / account / LEDGER_FILE):
        return
    before = _before(data_dir, account, now)
    # No later copy of a ledger that has lost rows is better.
    way_out = error.hint if isinstance(error, NotWhole) else ""
    failed = replace(
        before,
        last_attempt=now,
        failures=before.failures + 1,
        last_error=MASK.text(error.what if way_out else str(error)),
        way_out=MASK.text(way_out),
    )
    _write(data_dir, account, failed)


def _before(data_dir: Path, account: str, now: datetime) -> CopyRecord:
    return read_copy_record(data_dir, account) or CopyRecord(now)


def _write(data_dir: Path, account: str, record: CopyRecord) -> None:
    """A record that has no room takes nothing from the copy that it speaks of."""
    try:
        write_whole(data_dir / account / RECORD_FILE, _RECORD.dump_json(record, indent=1))
    except StoreUnavailable as error:
        logging.getLogger("openbell.copies").warning("how the copies go is not noted: %s", error)
