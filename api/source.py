"""Where the API's answers come from: an account's stores, read at most once a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from blocks.account.health import HealthReport, check_health
from blocks.account.names import PAPER
from blocks.account.status import live_account, newest_account
from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.duckdb_file import DuckDBFile
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.trades import TradeStore
from trading.errors import BadInput, OpenbellError

# Each reading keeps the session from its ledger for some milliseconds.
FRESH_SECONDS = 1.0
# A probe is answered within its own time-out, whoever has the ledger.
WAIT_SECONDS = 3.0


@dataclass
class Source:
    """An account of a data folder; without a name the one that is traded."""

    data_dir: Path
    account_name: str | None = None
    environment: str = "development"
    settle_s: float = 5.0
    is_started: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _report: HealthReport | None = None
    _read_at: float = float("-inf")

    def account(self) -> str:
        """Return the account's name; raises BadInput when there is none yet."""
        if self.account_name is not None:
            return self.account_name
        return live_account(self.data_dir) or newest_account(self.data_dir)

    def report(self) -> HealthReport:
        """Return the health, at most a second old."""
        with self._lock:
            if self._report is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                try:
                    name = self.account()
                except OpenbellError:
                    name = PAPER
                self._report = check_health(
                    self.data_dir,
                    name,
                    datetime.now(UTC),
                    settle_s=self.settle_s,
                    wait_s=WAIT_SECONDS,
                )
                self._read_at = time.monotonic()
            return self._report

    def ledger(self) -> DuckDBLedger:
        """Return the account's ledger; raises BadInput when there is none."""
        name = self.account()
        if not (self.data_dir / name / "ledger.duckdb").exists():
            raise BadInput(f"account {name!r} is not in {self.data_dir}", "Name another account")
        return DuckDBLedger(self.data_dir, name, wait_seconds=WAIT_SECONDS)

    def trades(self) -> TradeStore:
        """Return the account's trades."""
        return TradeStore(self.ledger(), self.telemetry())

    def telemetry(self) -> DuckDBFile:
        """Return the account's telemetry; raises BadInput when there is no account."""
        return telemetry_file(self.data_dir, self.account())
