"""Where a ledger lives: of a data folder and its copy, only one is traded."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import duckdb

from blocks.ledger import lease
from blocks.stores.reading import reading
from trading.errors import BadInput, StoreInUse, StoreUnavailable

IDENTITY, PLACE = "identity", "place"
LOOK_SECONDS = 5.0


def settle(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Remember inside a transaction where the ledger lives; return its identity, given if need be.

    One that was moved, restored or mounted elsewhere settles in its new place. Raises BadInput
    where it is a copy: the place that it remembers still holds the ledger with its identity, and
    StoreInUse while another process keeps that one from being read.
    """
    here = path.resolve()
    identity, place = _meta(connection, IDENTITY), _meta(connection, PLACE)
    if identity and place and Path(place) != here and _is_still_there(Path(place), here, identity):
        old = Path(place).parent
        raise BadInput(
            f"account {here.parent.name} in {here.parent.parent} is a copy of the one in {old}",
            f"Trade on there with --data-dir {old.parent}, or move {old} away to trade here",
        )
    settled = identity or uuid.uuid4().hex
    for name, known, value in ((IDENTITY, identity, settled), (PLACE, place, str(here))):
        if known != value:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])
    return settled


def identity_of(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the identity of a ledger, empty for one that never settled."""
    try:
        return _meta(connection, IDENTITY)
    except duckdb.CatalogException:
        return ""


def forget_place(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a ledger that was restored settle wherever it is traded next."""
    connection.execute("DELETE FROM meta WHERE name = ?", [PLACE])


def _is_still_there(old: Path, here: Path, identity: str) -> bool:
    try:
        if not old.exists() or os.path.samefile(old, here):
            return False
        with reading(old, "", LOOK_SECONDS) as connection:
            return _meta(connection, IDENTITY) == identity
    except StoreInUse as error:
        raise StoreInUse(
            f"{here.parent} may be a copy of {old.parent}, which cannot be asked: {error.what}",
            error.hint,
        ) from error
    except (OSError, StoreUnavailable):
        # What cannot be read is traded by nobody, unless it is in use.
        return _is_traded(old.parent)


def _is_traded(account_folder: Path) -> bool:
    try:
        return lease.is_held(account_folder)
    except StoreUnavailable:
        return False


def _meta(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return "" if row is None else str(row[0])
