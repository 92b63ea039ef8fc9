"""A copy takes the place of the ledger that is here, which is kept aside."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import duckdb

from blocks.copies.store import EXCHANGE_FILE
from blocks.ledger import place
from blocks.stores.file_lock import locked

RESTORED = "restored at"


def install(
    ledger: Path,
    copy: Path,
    exchange_copy: Path | None,
    local_epoch: int,
    has_exchange: bool,
    now: datetime,
    *,
    force: bool,
) -> tuple[tuple[Path, ...], str]:
    """Replace ledger and mock exchange; return what is kept aside, and what is to be known.

    The caller holds the ledger's file lock.
    """
    exchange = ledger.with_name(EXCHANGE_FILE)
    aside: list[Path] = []
    note = ""
    with locked(exchange):
        # The exchange goes first: killed in between, it is ahead of the ledger, which is usual.
        if exchange_copy is not None:
            aside += _replace(exchange, exchange_copy, now)
        elif has_exchange and (force or not exchange.exists()):
            note = "the copy has no mock exchange, which begins anew"
            aside += _put_aside(exchange, now)
        _prepare(copy, local_epoch, now, begins_anew=bool(note))
        aside += _replace(ledger, copy, now)
    return tuple(aside), note


def _prepare(copy: Path, local_epoch: int, now: datetime, *, begins_anew: bool) -> None:
    """Make a copy fit to go on: no epoch that was ever given out here is given out again."""
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "UPDATE lease SET epoch = greatest(epoch, ?) + 1, holder = ''", [local_epoch]
        )
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [RESTORED, now.isoformat()])
        place.forget_place(connection)
        if begins_anew:
            connection.execute("UPDATE meta SET value = '0' WHERE name = 'cursor'")


def _replace(target: Path, source: Path, now: datetime) -> list[Path]:
    """Put a closed file in another's place, whole or not at all; return what is kept aside."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    aside: list[Path] = []
    if target.exists():
        kept = _aside_name(target, now)
        os.link(target, kept)
        aside.append(kept)
    log = target.with_name(f"{target.name}.wal")
    if log.exists():
        # Only a file that cannot be opened still has one; it must not meet the new file.
        os.replace(log, _aside_name(log, now))
    os.replace(source, target)
    _sync_folder(target.parent)
    return aside


def _put_aside(target: Path, now: datetime) -> list[Path]:
    if not target.exists():
        return []
    kept = _aside_name(target, now)
    os.replace(target, kept)
    return [kept]


def _aside_name(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S%f}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
