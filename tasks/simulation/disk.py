"""The ledger of a simulated process: the real one, on a disk that fills up and beside deaths."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import duckdb

from blocks.account_files import LEDGER_FILE
from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.rows import Projection
from blocks.ledger.schema import SCHEMA
from blocks.process.failpoints import reach
from blocks.stores.duckdb_file import DuckDBFile
from trading.session.broker.exchange_port import StreamPosition
from trading.session.events import Event
from trading.session.messages.message import Message

# While a simulated process lives nobody else opens its file.
FOR_EVER_SECONDS = 1e9


class ProcessDied(BaseException):
    """The simulated process is dead: whatever it would still do has no effect."""


@lru_cache(maxsize=1)
def empty_ledger() -> bytes:
    """Return what the file of a ledger holds in which nothing was written yet."""
    with tempfile.TemporaryDirectory() as folder:
        file = DuckDBFile(Path(folder) / LEDGER_FILE, SCHEMA)
        with file.transaction():
            pass
        return file.path.read_bytes()


class SimulatedFile(DuckDBFile):
    """A ledger's file: a commit may find no room, and nothing reaches it from a dead process.

    `before` is the file as the process before left it, None for the first: it stays open from
    process to process, for to close it and open it again is what a session would spend most on.
    """

    def __init__(
        self,
        path: Path,
        check: Callable[[duckdb.DuckDBPyConnection, Path], None],
        before: SimulatedFile | None,
    ) -> None:
        super().__init__(path, SCHEMA, FOR_EVER_SECONDS, FOR_EVER_SECONDS, check)
        self.is_full: Callable[[], bool] = lambda: False
        self.committed: Callable[[Sequence[Event]], None] = lambda events: None
        # What the transaction that is under way is to write.
        self.events: Sequence[Event] = ()
        self.has_words: bool = before is not None and before.has_words
        self._is_dead = False
        if before is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(empty_ledger())
            found = path.stat()
            self._complete = (found.st_dev, found.st_ino)
        else:
            self._complete, self._engine = before._complete, before._engine
            self._connection, self._lock_descriptor = before._connection, before._lock_descriptor

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection; what a full disk or a death breaks off is rolled back."""
        self._refuse_dead()
        events, self.events = self.events, ()
        with super().transaction() as connection:
            yield connection
            reach("before written")
            if self.is_full():
                raise duckdb.IOException("IO Error: Could not write file: No space left on device")
        self.committed(events)
        reach("after written")

    @contextmanager
    def question(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for one question."""
        self._refuse_dead()
        with super().question() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for questions."""
        self._refuse_dead()
        with super().reading() as connection:
            yield connection

    def release(self) -> None:
        """Keep the file open."""
        self._refuse_dead()

    def die(self) -> None:
        """Lose what was not committed, as a process does that is killed."""
        self._is_dead = True
        self._abandon()

    def close(self) -> None:
        """Close the file at the world's end."""
        self._close()

    def _abandon(self) -> None:
        if self._connection is not None:
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")

    def _refuse_dead(self) -> None:
        if self._is_dead:
            raise ProcessDied("a dead process came to its ledger")


class SimulatedLedger(DuckDBLedger):
    """The real ledger over a simulated file, of which `before` is the one of the process before.

    Without readers its projections, on which a session spends half of its time, are not written:
    no order is made of them.
    """

    def __init__(
        self, folder: Path, account: str, before: SimulatedFile | None, *, has_readers: bool
    ) -> None:
        super().__init__(folder, account)
        self._has_readers = has_readers
        self.file = SimulatedFile(self.path, self._check, before)
        self._file = self.file

    def commit(
        self,
        events: Sequence[Event],
        *,
        epoch: int,
        session: str = "",
        cursor: StreamPosition | None = None,
        projection: Projection | None = None,
    ) -> None:
        """Commit, and say so to who watches the disk, whatever becomes of the process then."""
        self.file.events = events
        super().commit(
            events,
            epoch=epoch,
            session=session,
            cursor=cursor,
            projection=projection if self._has_readers else None,
        )

    def add_messages(self, session: str, messages: Sequence[Message]) -> None:
        """Put messages into the outbox, where somebody reads it."""
        if self._has_readers:
            super().add_messages(session, messages)

    def add_command(self, command: str, reason: str, now: datetime, origin: str = "") -> bool:
        """Leave an operator's word, and know that there is one."""
        self.file.has_words = True
        return super().add_command(command, reason, now, origin)

    def commands_since(self, number: int) -> list[tuple[int, str, str]]:
        """Return the words after a number; a table in which none ever was is not asked."""
        return super().commands_since(number) if self.file.has_words else []

    def lose_lease(self) -> None:
        """Let another process have the lease, as where its lock was removed by hand."""
        with self.file.transaction() as connection:
            connection.execute("UPDATE lease SET epoch = epoch + 1, holder = ''")

    def die(self) -> None:
        """Lose everything that is not on disk; the kernel lets go of the lock."""
        self.file.die()
        if self._held is not None:
            lease.unlock(self._held)
            self._held = None
