"""How the files of an account are called, and the folder of its copies.

Imports nothing: the supervisor reads it too, which is to stay small.
"""

from __future__ import annotations

LEDGER_FILE = "ledger.duckdb"
# All ledgers of a data folder, as a pattern.
LEDGERS = f"*/{LEDGER_FILE}"
EXCHANGE_FILE = "exchange-mock.duckdb"
TELEMETRY_FILE = "telemetry.duckdb"
DUCKDB_FILES = (LEDGER_FILE, EXCHANGE_FILE, TELEMETRY_FILE)
# What tells of the copies that were made.
RECORD_FILE = "copies.json"
# What health remembers of an account: it lies beside a ledger only.
HEALTH_FILE = "health.json"
# The folder of this machine's copies in the data folder.
LOCAL_COPIES = "copies"
