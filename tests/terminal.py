"""A command as a user calls it, but in the process of the test, which saves its start."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from blocks.process.logs import ROOT_NAME, install_logs
from blocks.process.secret_mask import MASK
from flows.__main__ import main
from tests.repository import REPOSITORY

TAKEN_BY_RUN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Finished(NamedTuple):
    """What a command left: named as `subprocess.run` names it."""

    returncode: int
    stdout: str
    stderr: str


def flows(*arguments: object, cwd: Path = REPOSITORY, **variables: str) -> Finished:
    """Return what `python -m flows ARGUMENTS` does in a folder, with some variables more.

    For commands of which neither a signal, a crash, a full disk nor the interpreter's own start
    is the subject.
    """
    out, err = StringIO(), StringIO()
    with _as_it_was(), redirect_stdout(out), redirect_stderr(err):
        os.chdir(cwd)
        os.environ.update(variables)
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return Finished(code, out.getvalue(), err.getvalue())


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Give back what a command changes in its process for good: it ends soon, ours does not."""
    folder, environment = Path.cwd(), dict(os.environ)
    mask = os.umask(0)
    os.umask(mask)
    handlers = {number: signal.getsignal(number) for number in TAKEN_BY_RUN}
    level, known = logging.getLogger(ROOT_NAME).level, (set(MASK._known), MASK._pattern)
    try:
        yield
    finally:
        os.umask(mask)
        install_logs(None, console=None)
        logging.getLogger(ROOT_NAME).setLevel(level)
        MASK._known, MASK._pattern = known
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
