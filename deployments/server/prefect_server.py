"""Prefect's server with its garbage collected beside its loop instead of in it.

Measured: an SQLite cursor that is collected in the loop's thread waits there for its connection,
whose own thread may be waiting for the database's lock, which a request holds that cannot go on
without the loop. For the 60 seconds of Prefect's busy timeout the server then answers nobody. A
thread that only collects may wait as long as it likes.

Usage: python -m deployments.server.prefect_server server start ..., as with python -m prefect
"""

from __future__ import annotations

import gc
import runpy
import threading
import time

EVERY_S = 1.0
# A whole collection takes some tenths of a second in which nothing else runs.
WHOLE_EVERY = 60
YOUNG, WHOLE = 1, 2


def collect_beside(every_s: float = EVERY_S) -> None:
    """Collect this process's garbage in a thread of its own from now on."""
    gc.disable()
    threading.Thread(target=_collect, args=(every_s,), name="garbage", daemon=True).start()


def _collect(every_s: float) -> None:
    rounds = 0
    while True:
        time.sleep(every_s)
        rounds += 1
        gc.collect(YOUNG if rounds % WHOLE_EVERY else WHOLE)


if __name__ == "__main__":
    collect_beside()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
