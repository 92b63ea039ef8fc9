"""What the last restore drill of an account found: a small file in its folder, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocks.stores.whole_file import read_whole, write_whole
from trading.errors import StoreUnavailable

FILE_NAME = "restore-drill.json"


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """When a copy was brought back for trial, whether all of it was right, and what was found."""

    at: datetime
    is_good: bool
    text: str


_RECORD = TypeAdapter(DrillRecord)


def read_drill_record(data_dir: Path, account: str) -> DrillRecord | None:
    """Return what the last drill found, None where there was none or it is not readable."""
    try:
        content = read_whole(data_dir / account / FILE_NAME)
        return None if content is None else _RECORD.validate_json(content)
    except (StoreUnavailable, ValidationError):
        return None


def write_drill_record(data_dir: Path, account: str, record: DrillRecord) -> None:
    """Write what a drill found; raises StoreUnavailable."""
    write_whole(data_dir / account / FILE_NAME, _RECORD.dump_json(record, indent=1))
