"""Where the Prefect server of a data folder is to be found, for who did not start it."""

from __future__ import annotations

import os
from pathlib import Path

HOST = "127.0.0.1"


def port_file(data_dir: Path) -> Path:
    """Return the file that remembers the server's port."""
    return data_dir / "prefect" / "port"


def server_port(data_dir: Path) -> int | None:
    """Return the port of the folder's own server, None before its first start."""
    try:
        return int(port_file(data_dir).read_text())
    except (OSError, ValueError):
        return None


def server_url(data_dir: Path) -> str | None:
    """Return the address of the folder's own server, None before its first start."""
    port = server_port(data_dir)
    return None if port is None else f"http://{HOST}:{port}/api"


def known_server_url(data_dir: Path) -> str | None:
    """Return the server that the environment names, else the folder's own."""
    return os.environ.get("PREFECT_API_URL") or server_url(data_dir)


def ui_url(api_url: str) -> str:
    """Return where people look at the server whose API is at an address."""
    return api_url.rstrip("/").removesuffix("/api")
