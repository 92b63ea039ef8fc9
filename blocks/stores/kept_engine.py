"""DuckDB's machinery, kept while a file is opened and closed again."""

from __future__ import annotations

from pathlib import Path

import duckdb

from blocks.stores.connection import Config, again_after_conflict, connect_to_nothing

# A transaction of ours touches a few rows: more threads would only be started and ended.
_SMALL: Config = {"threads": 1, "async_threads": 0}


class KeptEngine:
    """One database in memory, to which one file after another is attached.

    Making that database takes a processor about 17 ms, attaching a file to it one. It keeps 4 MB
    and no thread.
    """

    def __init__(self) -> None:
        self._engine: duckdb.DuckDBPyConnection | None = None

    def attach(self, path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
        """Open a file for writing, waiting as `connect` does. Raises duckdb.Error."""
        if self._engine is None:
            self._engine = connect_to_nothing(_SMALL)
        engine = self._engine
        place = str(path).replace("'", "''")
        try:
            again_after_conflict(lambda: engine.execute(f"ATTACH '{place}' AS store"), deadline)
            engine.execute("USE store")
        except BaseException:
            self.end()
            raise
        return engine

    def detach(self) -> None:
        """Close the file: its log is written into it, and others may open it."""
        if self._engine is None:
            return
        try:
            self._engine.execute("USE memory")
            self._engine.execute("DETACH store")
        except duckdb.Error:
            # What is committed is safe in the log; who opens the file next writes it into it.
            self.end()

    def end(self) -> None:
        """Close the file, whatever state it is in, and forget everything."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
