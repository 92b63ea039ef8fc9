"""Where the API's answers come from: an account's stores, read at most once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from blocks.account.absence import refuse_absent
from blocks.account.names import MEANT, PAPER
from blocks.account.reader import AccountReader
from blocks.account.status import live_account
from blocks.health.health import HealthCheck, HealthReport, remember
from blocks.health.session_hours import session_open_at
from blocks.ledger.damage import reading_rows
from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.duckdb_file import DuckDBFile
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.trades import TradeStore
from trading.errors import BadInput, OpenbellError, StoreUnavailable

# Health, metrics and API are often asked at once.
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
    exchange: str = "NYSE"
    asked_exchange: str | None = None
    is_started: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began_at: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _check: HealthCheck | None = None
    _checked: str = ""
    _report: HealthReport | None = None
    _read_at: float = float("-inf")

    def of(self, account: str) -> Source:
        """Return the source of another account of the same folder."""
        return Source(
            self.data_dir, account, self.environment, self.settle_s, self.exchange, began=self.began
        )

    def account(self) -> str:
        """Return the account's name; raises BadInput when there is none yet."""
        name = self._name()
        if name is None:
            raise BadInput(
                f"no account is in {self.data_dir}", "Its first session makes one, at its open"
            )
        return name

    def report(self) -> HealthReport:
        """Return the health, at most a second old."""
        with self._lock:
            if self._report is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._report = self._look(self._name() or PAPER)
                self._read_at = time.monotonic()
            return self._report

    def _name(self) -> str | None:
        """Return whose account is meant; one that was looked at and is gone is not forgotten.

        Another takes its place only if it comes before it in the order of `live_account`.
        """
        found = self.account_name or live_account(self.data_dir)
        if self._check is None or found == self._checked or not self._check.is_bereft:
            return found
        return found if found in MEANT[: _rank(self._checked)] else self._checked

    @property
    def uptime_s(self) -> float:
        """Return for how long this process has answered."""
        return time.monotonic() - self._began_at

    def _look(self, name: str) -> HealthReport:
        if self._check is None or self._checked != name:
            reader = AccountReader(self.data_dir, name, WAIT_SECONDS)
            self._check = HealthCheck(
                reader, self.settle_s, self.exchange, self.began, self.asked_exchange
            )
            self._checked = name
        report = self._check.look(datetime.now(UTC))
        # Since when things are as they are outlives this process. Elsewhere it is no trouble.
        with suppress(StoreUnavailable):
            remember(self.data_dir, report)
        return report

    def ask_ahead(self) -> None:
        """Have the calendar asked beside whatever else is done: the first probe need not wait."""
        threading.Thread(target=self._ask_calendar, name="calendar", daemon=True).start()

    def _ask_calendar(self) -> None:
        # What is wrong with it health itself tells.
        with suppress(OpenbellError):
            session_open_at(self.exchange, datetime.now(UTC))

    def ledger(self) -> DuckDBLedger:
        """Return the account's ledger; raises BadInput when there is none."""
        name = self.account()
        refuse_absent(self.data_dir, name)
        return DuckDBLedger(self.data_dir, name, wait_seconds=WAIT_SECONDS)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection to the ledger; raises BadInput without one, StoreUnavailable.

        Several pages that ask at once wait for each other here, and not at the session's lock.
        """
        ledger = self.ledger()
        what = f"the ledger of account {ledger.account}"
        with self._turn, ledger.reading() as connection, reading_rows(what):
            yield connection

    def trades(self) -> TradeStore:
        """Return the account's trades."""
        return TradeStore(self.ledger(), self.telemetry())

    def telemetry(self) -> DuckDBFile:
        """Return the account's telemetry; raises BadInput when there is no account."""
        return telemetry_file(self.data_dir, self.account())


def _rank(account: str) -> int:
    return MEANT.index(account) if account in MEANT else len(MEANT)
