"""The broker's double as a process of its own, and one that can be killed and come back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.repository import REPOSITORY

KEY, SECRET = "PKDOUBLE", "double-secret"


class AlpacaDouble:
    """Runs `python -m tasks.simulation.alpaca_double` on one port, again after a kill."""

    def __init__(self, bars: Path, symbols: Sequence[str], day: str, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.stream_url = f"ws://127.0.0.1:{self.port}/stream"
        asked = ("--bars", str(bars), "--symbols", ",".join(symbols), "--date", day)
        self._arguments = [*asked, "--port", str(self.port), *more]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tasks.simulation.alpaca_double", *self._arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        # Its first lines say that it listens; without them it has ended.
        said = [self._process.stdout.readline() for _ in range(2)]
        assert said[0].strip() == f"ALPACA_BASE_URL={self.base_url}", said

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    def settings(self) -> dict[str, str]:
        """Return what makes a session trade here."""
        return {
            "BROKER_TYPE": "alpaca",
            "TRADING_MODE": "paper",
            "ALPACA_API_KEY": KEY,
            "ALPACA_SECRET_KEY": SECRET,
            "ALPACA_BASE_URL": self.base_url,
            "ALPACA_STREAM_URL": self.stream_url,
        }


@contextmanager
def alpaca_double(*arguments: Any) -> Iterator[AlpacaDouble]:
    """Yield a running double with the keys of this module."""
    double = AlpacaDouble(*arguments, "--key", KEY, "--secret", SECRET)
    try:
        double.start()
        yield double
    finally:
        double.kill()
