"""Prefect's server behind a door, with its garbage collected beside its loop instead of in it.

The door (blocks/process/web/door.py) keeps out pages of other origins and names that are not this
server's: Prefect looks at neither.

Measured: an SQLite cursor that is collected in the loop's thread waits there for its connection,
whose own thread may be waiting for the database's lock, which a request holds that cannot go on
without the loop. For the 60 seconds of Prefect's busy timeout the server then answers nobody. A
thread that only collects may wait as long as it likes.

A database that is made, or brought up to date, takes 45 MB that the process would keep for months:
a child does it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence

from blocks.process.files.private_files import keep_private
from blocks.process.memory import give_back_memory
from blocks.process.web.door import WebDoor
from deployments.server.collections import load_no_collections

AUTH_STRING = "PREFECT_SERVER_API_AUTH_STRING"
CORS = "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"
HERE = "127.0.0.1"
EXIT_BAD_INPUT = 2
UNASKED = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
UNLESS_SET = {
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The page asks where it was loaded from, whether that was called localhost or 127.0.0.1.
    "PREFECT_SERVER_UI_API_URL": "/api",
    # Nothing is fetched from elsewhere to advertise.
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The next six weeks of sessions show as upcoming runs; Prefect's default is three runs.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "30",
    # What the server looks after by itself, every 5 to 20 s by default, and what nobody waits for:
    # a late run is told of after two minutes, and most of the rest is not used here.
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT15S",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "15",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "30",
    # By default runs are kept for ever, and each bar is one, with its tasks: 2.6 MB a session of
    # five-minute bars, 50 a day of one-minute bars around the clock. The ledger keeps all.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86_400),
    # Runs that go in one transaction, each with its tasks: others wait for the database meanwhile.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_BATCH_SIZE": "20",
}
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
        if rounds % WHOLE_EVERY:
            gc.collect(YOUNG)
        else:
            gc.collect(WHOLE)
            give_back_memory()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal arrives; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deployments.server.prefect_server", description=__doc__
    )
    parser.add_argument("--host", default=HERE, help="where it listens")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--name", action="append", default=[], help="one more name by which it may be asked"
    )
    chosen = parser.parse_args(arguments)
    if not os.environ.get(AUTH_STRING):
        print(
            f"error: {AUTH_STRING} is not set, and without it everybody may run anything here. Set"
            " it to NAME:LETTERS, as openbell up does by itself",
            file=sys.stderr,
        )
        return EXIT_BAD_INPUT
    for name, text in UNLESS_SET.items():
        os.environ.setdefault(name, text)
    os.environ.setdefault(CORS, f"http://{HERE}:{chosen.port}")
    os.environ["PREFECT_SERVER_API_HOST"] = chosen.host
    os.environ["PREFECT_SERVER_API_PORT"] = str(chosen.port)
    keep_private()
    _serve(chosen.host, chosen.port, chosen.name)
    return 0


def _serve(host: str, port: int, names: Sequence[str]) -> None:
    # Only now: Prefect takes seconds to import, and reads its settings meanwhile.
    import uvicorn
    from fastapi import FastAPI
    from prefect.server.api.server import create_app
    from prefect.settings import (
        PREFECT_API_DATABASE_MIGRATE_ON_START,
        get_current_settings,
        temporary_settings,
    )

    load_no_collections()
    settings = get_current_settings().server
    # Here, while this process has no thread yet that a child would miss.
    is_ready = settings.database.migrate_on_start and _is_done_by_a_child(_make_database)
    collect_beside()
    origins = [origin.strip() for origin in settings.api.cors_allowed_origins.split(",")]
    app = create_app(final=True)
    # These ask nobody for the string, and load scripts from elsewhere.
    for part in (app, *(getattr(mount, "app", None) for mount in app.routes)):
        if isinstance(part, FastAPI):
            routes = part.router.routes
            routes[:] = [r for r in routes if getattr(r, "path", "") not in UNASKED]
    # What the child could not do is tried again by the server, and told of in its words.
    done = {PREFECT_API_DATABASE_MIGRATE_ON_START: False} if is_ready else {}
    with temporary_settings(done):
        uvicorn.run(
            WebDoor(app, names, origins),
            host=host,
            port=port,
            timeout_keep_alive=settings.api.keepalive_timeout,
            ws_ping_interval=settings.api.websocket_ping_interval,
            ws_ping_timeout=settings.api.websocket_ping_timeout,
            log_level=settings.logging_level.lower(),
        )


def _is_done_by_a_child(step: Callable[[], None]) -> bool:
    """Do a step in a copy of this process that ends with it; return whether it came to its end."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0
    code = 1
    try:
        step()
        code = 0
    finally:
        # Whatever came of it: this copy is not to go on as a server.
        os._exit(code)


def _make_database() -> None:
    from prefect.server.database import provide_database_interface

    asyncio.run(provide_database_interface().create_db())


if __name__ == "__main__":
    sys.exit(main())
