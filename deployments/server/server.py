"""The Prefect server that belongs to one data folder."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from blocks.process.stop_request import StopRequest
from blocks.process.web.prefect_place import HOST
from deployments.processes.child import Child
from deployments.processes.home import Home, Say
from deployments.server.prefect_api import PrefectApi
from trading.errors import SourceUnavailable

# Prefect's own name of it in its home; where another is set there is no such file.
DATABASE = "prefect.db"
START_LIMIT_S = 180.0
STOP_GRACE_S = 15.0
ASK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A file by its path and by the number that its file system knows it by."""

    path: Path
    number: int

    @classmethod
    def at(cls, path: Path) -> DatabaseFile | None:
        """Return the file that is at a path now, None where there is none."""
        try:
            return cls(path, path.stat().st_ino)
        except OSError:
            return None

    def is_gone(self) -> bool:
        """Return whether it was removed, whatever lies at its path now."""
        return DatabaseFile.at(self.path) != self


@dataclass(slots=True)
class Server:
    """A server that answers at `api_url`.

    `child` is None where somebody else runs it; what that one asks for, the environment says.
    `database` is the file in which it keeps its runs, None where that is no file of the folder.
    """

    api_url: str
    child: Child | None
    auth_string: str | None = None
    database: DatabaseFile | None = None

    def connect(self) -> PrefectApi:
        """Return a client of it."""
        return PrefectApi(self.api_url, self.auth_string)


def known_server(home: Home) -> Server | None:
    """Return the environment's server, or the one this data folder had last."""
    elsewhere = home.asks_elsewhere()
    if elsewhere is not None:
        return Server(elsewhere, None)
    url = home.server_url
    return None if url is None else Server(url, None, home.auth_string())


def use_server(
    api_url: str, say: Say, should_stop: StopRequest, limit_s: float = START_LIMIT_S
) -> Server:
    """Return a server that somebody else runs, and wait for it while it is being started.

    Raises SourceUnavailable if it does not answer within `limit_s` seconds, BadInput for an
    address at which no Prefect will ever answer.
    """
    api = PrefectApi(api_url)
    deadline = time.monotonic() + limit_s
    try:
        problem = api.problem()
        if problem is not None:
            say(f"PREFECT_API_URL={api_url}: {problem}; waiting for it up to {limit_s:.0f} s")
        while problem is not None:
            if should_stop() or time.monotonic() >= deadline:
                raise SourceUnavailable(
                    f"PREFECT_API_URL={api_url} does not answer: {problem}",
                    "Start that server, or unset PREFECT_API_URL to have one started here",
                )
            should_stop.pause(ASK_AGAIN_S)
            problem = api.problem()
        # Its health it tells anybody; nothing runs at a server that does not know us.
        api.greet()
    finally:
        api.close()
    return Server(api_url, None)


def start_server(
    home: Home, should_stop: Callable[[], bool] = lambda: False, names: Collection[str] = ()
) -> Server:
    """Start a server for the data folder and wait until it is well.

    `names` are more names by which it may be asked than those of this machine.

    Raises SourceUnavailable with the end of its log when it dies, is not well within
    START_LIMIT_S seconds, or `should_stop` says so meanwhile.
    """
    port = _choose_port(home)
    command = [sys.executable, "-m", "deployments.server.prefect_server"]
    command += ["--host", HOST, "--port", str(port), *(f"--name={name}" for name in names)]
    child = Child.start(command, home.environment(None), home.logs / "server.log")
    server = Server(f"http://{HOST}:{port}/api", child, home.auth_string())
    try:
        _wait_until_well(server.connect(), child, should_stop)
    except BaseException:
        child.stop(STOP_GRACE_S)
        raise
    home.port_file.write_text(f"{port}\n")
    server.database = DatabaseFile.at(home.prefect / DATABASE)
    return server


def _wait_until_well(api: PrefectApi, child: Child, should_stop: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    try:
        while not api.is_healthy():
            if child.exit_code is not None:
                problem = f"ended with exit code {child.exit_code} before it answered"
            elif should_stop():
                problem = "was stopped while it started"
            elif time.monotonic() > deadline:
                problem = f"did not answer within {START_LIMIT_S:.0f} s"
            else:
                time.sleep(0.2)
                continue
            raise SourceUnavailable(
                f"the Prefect server {problem}. End of {child.log}: {child.tail(5)}",
                f"Read {child.log}; a folder that is full or not writable is the usual cause",
            )
    finally:
        api.close()


def _choose_port(home: Home) -> int:
    """Return the port of the last start if nobody has taken it, so that bookmarks stay valid."""
    port = home.server_port
    if port is not None and _is_free(port):
        return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of the last server that are still timing out do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
