"""What makes a shell speak to the Prefect server of a data folder: `openbell shell`."""

from __future__ import annotations

import shlex
import sys

from deployments.processes.home import Home
from deployments.server.server import Server, known_server
from trading.errors import SourceUnavailable


def server_of(home: Home) -> Server:
    """Return the server that is known for a data folder; raises SourceUnavailable without one."""
    server = known_server(home)
    if server is None:
        raise SourceUnavailable(
            f"no Prefect server is known for {home.data_dir}",
            "Start one with: openbell up, or set PREFECT_API_URL",
        )
    return server


def shell(home: Home) -> int:
    """Print what tells a shell the server's address and its string, for `eval`."""
    server = server_of(home)
    words = {"PREFECT_API_URL": server.api_url, "PREFECT_API_AUTH_STRING": server.auth_string}
    given = (f"{name}={shlex.quote(text)}" for name, text in words.items() if text)
    print("export", *given, flush=True)
    return 0


def shell_line(home: Home) -> str:
    """Return the line that makes a shell's `prefect` speak to this folder's server.

    It holds no secret: it may stand in logs.
    """
    command = [sys.executable, "-m", "deployments", "shell", "--data-dir", str(home.data_dir)]
    return f'eval "$({shlex.join(command)})"'
