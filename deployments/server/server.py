"""The Prefect server that belongs to one data folder."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from blocks.process.stop_request import StopRequest
from deployments.processes.child import Child
from deployments.processes.home import Home, Say
from deployments.server.prefect_api import PrefectApi
from trading.errors import SourceUnavailable

HOST = "127.0.0.1"
START_LIMIT_S = 180.0
STOP_GRACE_S = 15.0
ASK_AGAIN_S = 1.0


@dataclass(slots=True)
class Server:
    """A server that answers at `api_url`; `child` is None where somebody else runs it."""

    api_url: str
    child: Child | None


def given_api_url() -> str | None:
    """Return the server that the environment names in PREFECT_API_URL, if it names one."""
    return os.environ.get("PREFECT_API_URL") or None


def known_api_url(home: Home) -> str | None:
    """Return the environment's server, or the one this data folder had last."""
    port = _remembered_port(home)
    return given_api_url() or (None if port is None else f"http://{HOST}:{port}/api")


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
    finally:
        api.close()
    return Server(api_url, None)


def start_server(home: Home, should_stop: Callable[[], bool] = lambda: False) -> Server:
    """Start a server for the data folder and wait until it is well.

    Raises SourceUnavailable with the end of its log when it dies, is not well within
    START_LIMIT_S seconds, or `should_stop` says so meanwhile.
    """
    port = _choose_port(home)
    environment = home.environment(None)
    environment |= {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        # The next six weeks of sessions show as upcoming runs; Prefect's default is three runs.
        "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "30",
    }
    child = Child.start(
        [
            sys.executable,
            "-m",
            "deployments.server.prefect_server",
            "server",
            "start",
            "--host",
            HOST,
            "--port",
            str(port),
        ],
        environment,
        home.logs / "server.log",
    )
    server = Server(f"http://{HOST}:{port}/api", child)
    try:
        _wait_until_well(server.api_url, child, should_stop)
    except BaseException:
        child.stop(STOP_GRACE_S)
        raise
    home.port_file.write_text(f"{port}\n")
    return server


def _wait_until_well(api_url: str, child: Child, should_stop: Callable[[], bool]) -> None:
    api = PrefectApi(api_url)
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


def _remembered_port(home: Home) -> int | None:
    try:
        return int(home.port_file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _choose_port(home: Home) -> int:
    """Return the port of the last start if nobody has taken it, so that bookmarks stay valid."""
    port = _remembered_port(home)
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
