"""Where a flow run's process writes what its libraries print: a file, not its worker's pipe."""

from __future__ import annotations

import atexit
import contextlib
import os
import stat
import sys
from pathlib import Path

OUTPUT_FILE = "flow-runs.log"
# As the supervisor's children know its data folder, and a worker's their flow run.
_SUPERVISED = "OPENBELL_SUPERVISED"
_FLOW_RUN = "PREFECT__FLOW_RUN_ID"


def leave_the_workers_pipes(folder: Path) -> None:
    """Put standard output and error, where they are pipes of a worker, onto a file of `logs`.

    A worker that was killed breaks its pipes, and one that stands still lets them fill: the next
    line would end a session, or hold it. Prefect's server hears the same lines over HTTP.
    """
    if _FLOW_RUN not in os.environ:
        return
    pipes = [number for number in (1, 2) if _is_pipe(number)]
    if not pipes:
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    descriptor = _open(Path(os.environ.get(_SUPERVISED) or folder) / "logs" / OUTPUT_FILE)
    for number in pipes:
        os.dup2(descriptor, number)
    os.close(descriptor)
    atexit.register(_fall_silent)


def _fall_silent() -> None:
    """Let the end of the interpreter be heard by nobody.

    DuckDB's library counts there, in some fifty lines, what threads of Prefect's still hold.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _is_pipe(number: int) -> bool:
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        # Trading does not depend on a place for words.
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
