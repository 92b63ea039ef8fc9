"""What a ledger remembers by name, beside its journal."""

from __future__ import annotations

import duckdb

from blocks.stores.insertion import put

# Before a session's name: what the data gate found in it.
GATE_OF = "gate of "
# Whether the account's bars are of no real market, yes or no.
SIMULATED_BARS = "simulated_bars"


def remembered(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """Return what is remembered under a name, None where that is nothing."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def remember(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Remember a value in the place of the one before."""
    put(connection, "meta", {"name": name}, {"value": value})


def has_simulated_bars(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the account of a ledger trades on bars of no real market."""
    found = connection.execute(
        "SELECT name, value FROM meta WHERE name IN (?, 'plan')", [SIMULATED_BARS]
    ).fetchall()
    known = {str(name): str(value) for name, value in found}
    if SIMULATED_BARS in known:
        return known[SIMULATED_BARS] == "yes"
    # A ledger of the first edition says it only in the name of its source.
    return "SIMULATED" in known.get("plan", "")
