"""A module run in a process of its own, whose imports another process has made already.

For tests that need a process for its environment or for what it remembers, while neither a signal
nor the interpreter's start is their subject. Each run is forked from one that only imports.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.repository import REPOSITORY

# What is run, and what it imports only when it is called for.
IMPORTED = (
    "tests.process.blocks.providers.finnhub_rest_client",
    "tests.process.blocks.providers.session_client",
    "tests.process.blocks.providers.yahoo_client",
    "flows.commands.bars.fetch",
    "pandas_market_calendars",
)
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(list(IMPORTED))


class Finished(NamedTuple):
    """What a process left: named as `subprocess.run` names it."""

    returncode: int
    stdout: str
    stderr: str


def run_module(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    given: str = "",
    limit_seconds: float = 300.0,
) -> Finished:
    """Return what `main` of a module does in this environment, with `given` on its stdin."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "stdin").write_text(given)
        process = _FORKS.Process(
            target=_run, args=(module, arguments, dict(environment), folder), daemon=True
        )
        process.start()
        process.join(limit_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        outputs = ((folder / stream).read_text() for stream in ("stdout", "stderr"))
        return Finished(process.exitcode or 0, *outputs)


def _run(
    module: str, arguments: tuple[str, ...], environment: dict[str, str], folder: Path
) -> None:
    import yfinance

    os.chdir(REPOSITORY)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = (folder / "stdin").open()
    for name, number in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    if "XDG_CACHE_HOME" in environment:
        # It looks for the user's cache when it is imported.
        yfinance.set_tz_cache_location(f"{environment['XDG_CACHE_HOME']}/py-yfinance")
    main = importlib.import_module(module).main
    sys.exit(main(list(arguments)) if arguments else main())
