"""How the files of an account are called that copies are made of, or that tell of a ledger."""

from __future__ import annotations

LEDGER_FILE = "ledger.duckdb"
EXCHANGE_FILE = "exchange-mock.duckdb"
RECORD_FILE = "copies.json"
# What health remembers of an account: it lies beside a ledger only.
HEALTH_FILE = "health.json"
# The folder of this machine's copies in the data folder.
LOCAL_COPIES = "copies"
