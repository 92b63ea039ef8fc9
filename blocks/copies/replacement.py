"""A copy takes the place of the ledger that is here, which is kept aside."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import duckdb

from blocks.account_files import EXCHANGE_FILE
from blocks.ledger import place
from blocks.process.files.disk_errors import words_of
from blocks.stores.file_lock import locked
from blocks.stores.whole_file import sync_to_disk
from trading.errors import StoreUnavailable

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

    The caller holds the ledger's file lock. Raises StoreUnavailable where there is no room for it.
    """
    exchange = ledger.with_name(EXCHANGE_FILE)
    begins_anew = exchange_copy is None and has_exchange and (force or not exchange.exists())
    note = "the copy has no mock exchange, which begins anew" if begins_anew else ""
    try:
        with locked(exchange):
            # Whatever needs room on the disk comes first: then nothing is replaced, or all of it.
            _prepare(copy, local_epoch, now, begins_anew=begins_anew)
            aside = []
            if exchange_copy is not None:
                sync_to_disk(exchange_copy)
                aside += _keep(exchange, now)
            aside += _keep(ledger, now)
            # The exchange goes first: killed in between, it is ahead of the ledger, which is usual.
            if exchange_copy is not None:
                _replace(exchange, exchange_copy, now)
            elif begins_anew:
                aside += _put_aside(exchange, now)
            _replace(ledger, copy, now)
    except (OSError, duckdb.Error) as error:
        raise StoreUnavailable(
            f"{ledger} cannot be replaced: {words_of(error)}",
            "Check free disk space and permissions; what was there is there still",
        ) from error
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
            connection.execute("UPDATE meta SET value = '' WHERE name = 'cursor'")
    sync_to_disk(copy)


def _keep(target: Path, now: datetime) -> list[Path]:
    """Give what is there a second name, under which it stays when it is replaced."""
    if not target.exists():
        return []
    kept = _aside_name(target, now)
    os.link(target, kept)
    return [kept]


def _replace(target: Path, source: Path, now: datetime) -> None:
    """Put a closed file in another's place, whole or not at all."""
    log = target.with_name(f"{target.name}.wal")
    if log.exists():
        # Only a file that cannot be opened still has one; it must not meet the new file.
        os.replace(log, _aside_name(log, now))
    os.replace(source, target)
    sync_to_disk(target.parent)


def _put_aside(target: Path, now: datetime) -> list[Path]:
    if not target.exists():
        return []
    kept = _aside_name(target, now)
    os.replace(target, kept)
    return [kept]


def _aside_name(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S%f}")
