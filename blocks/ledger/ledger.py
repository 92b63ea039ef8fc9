"""The ledger of an account: an append-only journal, and projections that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import orjson

from blocks.account_commands import account_command
from blocks.account_files import LEDGER_FILE
from blocks.ledger import lease, place
from blocks.ledger.event_rows import append
from blocks.ledger.format import check_format, lost_message_table, write_format
from blocks.ledger.journal import (
    events_in,
    executions_in,
    journal_of,
    last_number,
    rows_gone,
    sessions_in,
    write_first_row,
)
from blocks.ledger.notes.commands import add_command, commands_since
from blocks.ledger.notes.halts import DRAWDOWN_SINCE
from blocks.ledger.notes.kept_plan import keep_plan, newest_plan, plan_of
from blocks.ledger.notes.remembered import (
    GATE_OF,
    SIMULATED_BARS,
    has_simulated_bars,
    remember,
    remembered,
)
from blocks.ledger.open_session import has_lost_beginning
from blocks.ledger.rows import Projection, message_row, write_messages, write_projection
from blocks.ledger.schema import SCHEMA
from blocks.process.logs import get_logger
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from trading.errors import BadInput
from trading.session.broker.exchange_port import StreamPosition
from trading.session.events import Discrepancy, Event, SessionStarted
from trading.session.messages.message import Message
from trading.session.ports import JournalRow

# Accounts that follow no clock: copies of them trade with nobody's money.
REPLAYED = "replay"
# For the one that trades: others wait no longer than this for the file.
HOLD_SECONDS = 0.15


class DuckDBLedger:
    """The journal is the truth; every commit appends all its events or none."""

    def __init__(
        self,
        folder: Path,
        account: str,
        hold_seconds: float = 0.0,
        wait_seconds: float = LOCK_DEADLINE_SECONDS,
    ) -> None:
        self.account, self.data_dir = account, folder
        # Of the account, with whatever else is its own.
        self.folder = folder / account
        self.path = self.folder / LEDGER_FILE
        self._file = DuckDBFile(self.path, SCHEMA, hold_seconds, wait_seconds, self._check)
        self._held: BinaryIO | None = None
        self._identity = ""
        self._lost_table = ""
        self._written_cursor: StreamPosition | None = None
        # Only its holder writes the journal: its last number is asked for once an opening.
        self._last_seq: int | None = None
        self._asked_at_opening = 0
        # What was written and is there no more was in another file.
        self._least_seq = 0

    def acquire_lease(self) -> int:
        """Take the right to trade, kept until it is given back or we die; return its epoch.

        Raises LeaseLost when another process has it, BadInput where the folder is a copy of one
        that is still there.
        """
        held = self._held or lease.lock(self.folder)
        identity = ""
        try:
            with self._file.transaction() as connection:
                epoch = lease.take_epoch(connection, self.folder)
                write_format(connection)
                self._written_cursor = self._last_seq = None
                self._least_seq = 0
                if not self.account.startswith(REPLAYED):
                    identity = place.settle(connection, self.path)
        except BaseException:
            lease.unlock(held)
            self._held = None
            raise
        self._held, self._identity = held, identity
        self._tell_of_lost_table()
        return epoch

    def give_back_lease(self, epoch: int) -> None:
        """Let another process trade at once."""
        try:
            with self._file.transaction() as connection:
                lease.give_back(connection, epoch)
        finally:
            if self._held is not None:
                lease.unlock(self._held)
                self._held = None

    def commit(
        self,
        events: Sequence[Event],
        *,
        epoch: int,
        session: str = "",
        cursor: StreamPosition | None = None,
        projection: Projection | None = None,
    ) -> None:
        """Append events, the exchange's cursor and the projections in one transaction.

        Raises LeaseLost when the epoch is no longer ours, StoreUnavailable when it cannot write,
        BadInput when the file was replaced by an older one of the same ledger.
        """
        last, self._last_seq = self._last_seq, None
        with self._file.transaction() as connection:
            lease.check_epoch(connection, epoch)
            if last is None or self._asked_at_opening != self._file.openings:
                last = self._newest_row(connection)
            if events:
                last = append(connection, events, session, last)
            if cursor is not None and cursor != self._written_cursor:
                remember(connection, "cursor", cursor.cursor)
                if self._written_cursor is None or cursor.identity != self._written_cursor.identity:
                    remember(connection, "stream", cursor.identity)
            if projection is not None:
                write_projection(connection, projection)
                if projection.differences is not None:
                    text = orjson.dumps(projection.differences).decode()
                    remember(connection, "differences", text)
                if projection.drawdown is not None:
                    remember(connection, DRAWDOWN_SINCE, projection.drawdown)
                if projection.gate is not None:
                    name = f"{GATE_OF}{projection.session}"
                    remember(connection, name, projection.gate.to_json())
        # Only its holder writes it: the same again would cost a millisecond.
        self._written_cursor = cursor or self._written_cursor
        self._last_seq = self._least_seq = last
        self._tell_of_lost_table()

    def add_messages(self, session: str, messages: Sequence[Message]) -> None:
        """Put messages into the outbox that are about no projection; needs no lease."""
        with self._file.transaction() as connection:
            write_messages(connection, [message_row(session, message) for message in messages])

    @contextmanager
    def changing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for a short change of what is no part of the books.

        The file is free for others afterwards.
        """
        try:
            with self._file.transaction() as connection:
                yield connection
        finally:
            self._file.release()

    def journal_of(self, session: str) -> list[JournalRow]:
        """Return a session's rows in order."""
        with self._file.question() as connection:
            rows = journal_of(connection, session)
        return events_in(rows)

    def rows_gone(self, first: int, last: int) -> int:
        """Return how many rows of the journal are missing between two, whose numbers these are."""
        with self._file.question() as connection:
            return rows_gone(connection, first, last)

    def has_lost_beginning(self, session: str) -> bool:
        """Return whether rows of a session are there, and the one that began it is not."""
        with self._file.question() as connection:
            return has_lost_beginning(connection, session)

    def begin_again(
        self, first: SessionStarted, lost: Discrepancy, *, epoch: int, session: str
    ) -> None:
        """Write a session's first row anew in the place of the one that is lost, and that it was.

        Raises LeaseLost when the epoch is no longer ours, StoreUnavailable when it cannot write or
        when that place is taken.
        """
        self._last_seq = None
        with self._file.transaction() as connection:
            lease.check_epoch(connection, epoch)
            newest = self._newest_row(connection)
            write_first_row(connection, first, lost, session, newest)

    def sessions(self) -> list[tuple[str, bool]]:
        """Return the sessions that were started, in order, and whether each is closed."""
        with self._file.question() as connection:
            return sessions_in(connection)

    def cursor(self) -> StreamPosition:
        """Return how far the exchange's stream was journalled, without an identity in old ones.

        Cursors of the mock exchange always were numbers, so those of old ledgers stand as they are.
        """
        return StreamPosition(self.meta("stream") or "", self.meta("cursor") or "")

    def executions(self) -> frozenset[str]:
        """Return the execution ids of all fills that were ever journalled."""
        with self._file.question() as connection:
            return executions_in(connection)

    def meta(self, name: str) -> str | None:
        """Return a remembered value."""
        with self._file.question() as connection:
            return remembered(connection, name)

    def remember(self, name: str, value: str) -> None:
        """Remember a value by name."""
        with self._file.transaction() as connection:
            remember(connection, name, value)

    def check_account(self) -> None:
        """Remember whose ledger it is, or refuse one that was made by another account."""
        known = self.meta("account")
        if known is None:
            self.remember("account", self.account)
        elif known != self.account:
            raise BadInput(
                f"{self.path} is the ledger of account {known!r}, not of {self.account!r}",
                f"Move it to the folder {known}, and restore the right one with: "
                + account_command("restore", self.data_dir, self.account),
            )

    def plan_of(self, session: str) -> dict[str, Any] | None:
        """Return the plan that a session began with, None where it was not begun.

        Sessions of earlier versions have that of their account, which was one for ever.
        """
        with self._file.question() as connection:
            return plan_of(connection, session)

    def newest_plan(self) -> dict[str, Any]:
        """Return the plan of the account's newest session, or that it was opened with first."""
        with self._file.question() as connection:
            return newest_plan(connection)

    def keep_plan(self, plan: Mapping[str, object]) -> None:
        """Remember the plan of the newest session for those who only read."""
        with self._file.transaction() as connection:
            keep_plan(connection, plan)

    def mark_simulated(self, is_simulated: bool) -> None:
        """Remember whether the account's bars are of no real market."""
        word = "yes" if is_simulated else "no"
        if self.meta(SIMULATED_BARS) != word:
            self.remember(SIMULATED_BARS, word)

    def has_simulated_bars(self) -> bool:
        """Return whether the account trades on bars of no real market."""
        with self._file.reading() as connection:
            return has_simulated_bars(connection)

    def add_command(self, command: str, reason: str, now: datetime, origin: str = "") -> bool:
        """Leave an operator's word for the session that holds the lease; return whether it is new.

        A named origin leaves one word, however often it says it.
        """
        with self._file.transaction() as connection:
            return add_command(connection, command, reason, now, origin)

    def commands_since(self, number: int) -> list[tuple[int, str, str]]:
        """Return commands after a number as (number, command, reason)."""
        with self._file.question() as connection:
            return commands_since(connection, number)

    def query(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Return the rows of a question about the projections, one dictionary each.

        As `reading`, it changes nothing in the account's folder.
        """
        with self._file.reading() as connection:
            return rows_of(connection.execute(sql, list(values)))

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for several questions about one moment; the ledger waits meanwhile."""
        with self._file.reading() as connection:
            yield connection

    def release(self) -> None:
        """Close the file until it is needed again."""
        self._file.release()

    def _tell_of_lost_table(self) -> None:
        """Say once, where health counts it, what is made anew without a word otherwise."""
        table, self._lost_table = self._lost_table, ""
        if table:
            get_logger("ledger").error(
                "%s had lost its table %s: what became of earlier messages is not known. To have"
                " it again, stop and bring back a copy with: %s",
                self.path, table,
                account_command("restore --force", self.data_dir, self.account),
            )  # fmt: skip

    def _check(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        check_format(connection, path)
        self._lost_table = lost_message_table(connection) or self._lost_table
        if self._identity and place.identity_of(connection) != self._identity:
            raise BadInput(
                f"{path} was replaced by another ledger while it was in use",
                "Put the one that was there back, or start again to trade with this one",
            )

    def _newest_row(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Return the journal's last number; raises BadInput where rows of ours are missing."""
        last = last_number(connection)
        if last < self._least_seq:
            raise BadInput(
                f"{self.path} was replaced by an older one while it was in use: its journal ends"
                f" with row {last}, and row {self._least_seq} was written",
                "Put the one that was there back, or start again to trade on with this one",
            )
        self._asked_at_opening = self._file.openings
        return last


def rows_of(answer: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return an answer's rows, one dictionary each."""
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
