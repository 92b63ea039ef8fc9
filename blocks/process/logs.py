"""Logs: lines for people on the console, JSON lines in a file, and no secret in either."""

from __future__ import annotations

import fcntl
import logging
import logging.handlers
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from blocks.process.secret_mask import MASK

ROOT_NAME = "openbell"
FILE_NAME = "openbell.jsonl"
LIMIT_BYTES = 10_000_000
KEPT_FILES = 5
_PLAIN_ATTRIBUTES = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "exc_text", "taskName"}
)


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a part of Openbell."""
    return logging.getLogger(name if name.startswith(ROOT_NAME) else f"{ROOT_NAME}.{name}")


def log_with_context(
    logger: logging.Logger, level: int | str, message: str, **context: object
) -> None:
    """Log a message with named values, which are a field of their own in the JSON line."""
    number = logging.getLevelNamesMapping()[level.upper()] if isinstance(level, str) else level
    logger.log(number, message, extra={"context": context})


class MaskingFilter(logging.Filter):
    """Takes secrets out of a record: its message, values, traceback and own attributes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record where it holds a secret, and let it pass."""
        is_broken = False
        try:
            message = record.getMessage()
        except (TypeError, ValueError) as error:
            # A call with the wrong number of values is to be seen, not to break the caller.
            message, is_broken = f"{record.msg} {record.args!r} ({error})", True
        masked = MASK.text(message)
        if masked != message or is_broken:
            record.msg, record.args = masked, None
        if record.exc_info and record.exc_info[0] is not None:
            trace = record.exc_text or logging.Formatter().formatException(record.exc_info)
            hidden = MASK.text(trace)
            if hidden != trace:
                # Formatters would make the text anew from the exception itself.
                record.exc_info, record.exc_text = None, hidden
        elif record.exc_text:
            record.exc_text = MASK.text(record.exc_text)
        if record.stack_info:
            record.stack_info = MASK.text(record.stack_info)
        for name, value in list(vars(record).items()):
            if name not in _PLAIN_ATTRIBUTES:
                setattr(record, name, MASK.value(value))
        return True


class ConsoleFormatter(logging.Formatter):
    """One line for people: time in UTC, level, part, message and its context."""

    default_msec_format = "%s.%03dZ"
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = super().format(record)
        context = getattr(record, "context", None)
        if isinstance(context, dict) and context:
            line += " " + " ".join(f"{name}={value}" for name, value in context.items())
        return line


class SharedRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file that several processes write: each sees when another has rotated it.

    It is made with its folder at the first line. Where it cannot be written that is said once on
    stderr, and trading goes on without.
    """

    _is_broken = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, under a lock that spans the look at the size and the renaming."""
        if self._is_broken:
            return
        try:
            os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
            with self._locked():
                self._reopen_if_moved()
                super().emit(record)
        except OSError as error:
            self._is_broken = True
            # Standard error may be a file of the same full disk.
            with suppress(OSError):
                print(f"warning: no logs in {self.baseFilename}: {error.strerror}", file=sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Let what the disk says reach emit, which logging would otherwise print for each line."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise error
        super().handleError(record)

    def _reopen_if_moved(self) -> None:
        if self.stream is None:
            return
        try:
            here = os.stat(self.baseFilename).st_ino
        except FileNotFoundError:
            here = -1
        if here != os.fstat(self.stream.fileno()).st_ino:
            self.stream.close()
            self.stream = self._open()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(f"{self.baseFilename}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def install_logs(
    folder: Path | None,
    level: str = "INFO",
    *,
    environment: str = "development",
    console: TextIO | None,
    console_level: str | None = None,
) -> None:
    """Send Openbell's log lines to the console and to `<folder>/logs/openbell.jsonl`.

    Other packages' lines come through from WARNING on. A second call replaces the first.
    """
    root = logging.getLogger()
    for handler in [h for h in root.handlers if getattr(h, "is_openbell", False)]:
        root.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = []
    if console is not None:
        handler = logging.StreamHandler(console)
        handler.setFormatter(ConsoleFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        handler.setLevel(console_level or level)
        handlers.append(handler)
    if folder is not None:
        handlers.append(_file_handler(folder / "logs" / FILE_NAME, level, environment))
    for handler in handlers:
        handler.is_openbell = True  # type: ignore[attr-defined]
        root.addHandler(handler)
    logging.getLogger(ROOT_NAME).setLevel(level)
    install_mask()


def install_mask() -> None:
    """Put the mask on every handler there is, those of other packages too."""
    loggers: list[Any] = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = {handler for logger in loggers for handler in getattr(logger, "handlers", ())}
    if logging.lastResort is not None:
        handlers.add(logging.lastResort)
    for handler in handlers:
        if not any(isinstance(found, MaskingFilter) for found in handler.filters):
            handler.addFilter(MaskingFilter())


def _file_handler(path: Path, level: str, environment: str) -> logging.Handler:
    handler = SharedRotatingFile(
        path, maxBytes=LIMIT_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
    )
    handler.setLevel(level)
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message", "process"],
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"environment": environment},
            timestamp="time",
        )
    )
    return handler
