"""`python -m deployments.probe [URL]`: whether a container is well, as its exit code.

Without URL it is about `openbell up`; with one, about whoever answers there.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import httpx
import psutil

from deployments.processes.home import Home
from deployments.server.server import known_server
from trading.errors import OpenbellError

# Below the ten seconds after which Docker gives up, so that the reason is still printed.
TIMEOUT_S = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong, if anything, and return 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m deployments.probe", description=__doc__)
    parser.add_argument("url", nargs="?", help="an address that answers 200 when all is well")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(os.environ.get("DATA_DIR", "data")), metavar="DIR"
    )
    chosen = parser.parse_args(arguments)
    if chosen.url is not None:
        problem = problem_at(chosen.url)
    else:
        problem = problem_of(Home(chosen.data_dir.expanduser().resolve()))
    print(problem or "well")
    return 1 if problem else 0


def problem_at(url: str) -> str | None:
    """Return why an address is not well, None if it is."""
    try:
        answer = httpx.get(url, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{url} does not answer: {error}"
    return None if answer.is_success else f"{url} answers {answer.status_code}"


def problem_of(home: Home) -> str | None:
    """Return why the supervisor of a data folder or its server is not well, None if both are."""
    if not _is_supervised(home):
        return f"no supervisor serves {home.data_dir}"
    try:
        server = known_server(home)
    except OpenbellError as error:
        return str(error)
    if server is None:
        return "the Prefect server has not been started yet"
    api = server.connect()
    try:
        return None if api.is_healthy() else f"the Prefect server {api.url} does not answer"
    finally:
        api.close()


def _is_supervised(home: Home) -> bool:
    # Trying the lock would, for that moment, keep a supervisor out that is just starting.
    try:
        pid = int((home.prefect / "supervisor.lock").read_text())
        command = psutil.Process(pid).cmdline()
    except (OSError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return "deployments" in command


if __name__ == "__main__":
    sys.exit(main())
