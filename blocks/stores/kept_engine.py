"""DuckDB's machinery, kept while files are opened and closed again."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from blocks.stores.connection import Config, again_after_conflict, connect_to_nothing

# A transaction of ours touches a few rows: more threads would only be started and ended.
_SMALL: Config = {"threads": 1, "async_threads": 0}
# A session has its ledger or its telemetry open for a moment, and its exchange's store for long.
_MOST_IDLE = 2
_idle: list[duckdb.DuckDBPyConnection] = []


@atexit.register
def _close_idle() -> None:
    # DuckDB complains, on the console, of what is open when the interpreter is gone.
    while _idle:
        _idle.pop().close()


class KeptEngine:
    """A database in memory to which one file is attached, of a few that are used in turn.

    Making such a database takes a processor about 17 ms, attaching a file to it one. It keeps 4 MB
    and no thread. What met an error is thrown away.
    """

    def __init__(self) -> None:
        self._engine: duckdb.DuckDBPyConnection | None = None

    def attach(
        self, path: Path, deadline: float, *, read_only: bool = False
    ) -> duckdb.DuckDBPyConnection:
        """Open a file, waiting as `connect` does. Raises duckdb.Error."""
        try:
            engine = _idle.pop()
        except IndexError:
            engine = connect_to_nothing(_SMALL)
        self._engine = engine
        place, how = str(path).replace("'", "''"), " (READ_ONLY)" if read_only else ""
        try:
            again_after_conflict(
                lambda: engine.execute(f"ATTACH '{place}' AS store{how}"), deadline
            )
            engine.execute("USE store")
        except BaseException:
            self.end()
            raise
        return engine

    def detach(self) -> None:
        """Close the file: its log is written into it, and others may open it."""
        engine = self._engine
        if engine is None:
            return
        try:
            engine.execute("USE memory")
            engine.execute("DETACH store")
        except duckdb.Error:
            # What is committed is safe in the log; who opens the file next writes it into it.
            self.end()
            return
        self._engine = None
        if len(_idle) < _MOST_IDLE:
            _idle.append(engine)
        else:
            engine.close()

    def end(self) -> None:
        """Close the file, whatever state it is in, and forget everything."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


@contextmanager
def opened_for_reading(path: Path, deadline: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that can change nothing in a file; what it adds of its own it removes.

    Raises duckdb.Error.
    """
    engine = KeptEngine()
    connection = engine.attach(path, deadline, read_only=True)
    try:
        yield connection
    except BaseException:
        engine.end()
        raise
    engine.detach()
