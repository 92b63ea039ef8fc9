"""The terminal: openbell COMMAND, which is python -m flows COMMAND."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import NoReturn

from blocks.process.open_files import allow_enough_files
from blocks.process.shutdown import leave, reader_is_gone, run_shutdown_handlers
from flows.commands.configuration import configure
from flows.commands.examples import example
from flows.commands.names import COMMANDS, MODULES, no_command
from trading.errors import BadInput, OpenbellError
from trading.near_names import nearest_of

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
# A shell reports 128 and the signal's number of a process that a signal ended.
EXIT_SIGNAL = 128
_AGAIN_AFTER_S = 0.05
# How the library begins its complaints.
_LACKING = "the following arguments are required: "
_UNKNOWN = "unrecognized arguments: "


class _Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP arrived: what is half-written goes away, as it does after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are ours: one line, with a hint."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInput instead of printing the usage."""
        lacking = message.removeprefix(_LACKING)
        if lacking != message:
            *others, last = lacking.split(", ")
            verb = "are" if others else "is"
            listed = f"{', '.join(others)} and {last}" if others else last
            message = f"{listed} {verb} missing"
        hint = f"See {self.prog} --help"
        unknown = message.removeprefix(_UNKNOWN).partition(" ")[0].partition("=")[0]
        if message.startswith(_UNKNOWN) and unknown.startswith("--"):
            near = nearest_of(unknown, self._option_string_actions)
            message = f"there is no option {unknown}"
            hint = f"Did you mean {near}? {hint}" if near else hint
        raise BadInput(message, hint)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error of ours is one line on stderr."""
    allow_enough_files()
    _ready_streams()
    try:
        with _tidied_when_ended():
            try:
                code = _run(list(sys.argv[1:] if arguments is None else arguments))
                sys.stdout.flush()
                return code
            finally:
                run_shutdown_handlers()
    except OpenbellError as error:
        print(f"error: {without_secrets(str(error))}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except _Ended as ended:
        print(f"ended by {ended.number.name}", file=sys.stderr)
        return EXIT_SIGNAL + ended.number
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return reader_is_gone()
    except OSError as error:
        text = without_secrets(str(error))
        print(f"error: {text}. Check paths, permissions and room on the disk", file=sys.stderr)
        return EXIT_BAD_INPUT


def _ready_streams() -> None:
    """Give closed streams a place to write to, and let no letter be one that cannot be shown."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Otherwise the next file that is opened would take the stream's number.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _tidied_when_ended() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the command; one that is ignored, as by nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in numbers:
        signal.signal(number, _end)
    sys.unraisablehook = _end_again
    try:
        yield
    finally:
        sys.unraisablehook = sys.__unraisablehook__
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    # One is enough: a second one would break off the tidying that the first began.
    signal.signal(number, signal.SIG_IGN)
    raise _Ended(number)


def _end_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send a signal once more that arrived where Python lets no exception out."""
    error = unraisable.exc_value
    if not isinstance(error, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    number = signal.SIGINT
    if isinstance(error, _Ended):
        number = error.number
        signal.signal(number, _end)
    again = threading.Timer(_AGAIN_AFTER_S, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


def without_secrets(text: str) -> str:
    """Return text as it may be shown."""
    from blocks.process.secret_mask import MASK

    return MASK.text(text)


def parser_of(name: str, command: ModuleType) -> argparse.ArgumentParser:
    """Return the parser of a command, whose help ends with an example."""
    parser = _Parser(
        prog=f"openbell {name}",
        description=COMMANDS[name],
        epilog=example(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        name = arguments[0]
        command = importlib.import_module(MODULES[name])
        return int(command.run(configure(name, parser_of(name, command), arguments[1:])))
    parser = _Parser(prog="openbell", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text)
    if not arguments:
        raise BadInput("no command is given", f"Use one of: {', '.join(COMMANDS)}")
    if not arguments[0].startswith("-"):
        raise no_command(arguments[0], COMMANDS)
    parser.parse_args(arguments)
    return 0


if __name__ == "__main__":
    ended_with = main()
    # Their threads would keep DuckDB's module alive.
    if {"prefect", "flows.simulation.world", "flows.pages.watch.watching"} & sys.modules.keys():
        leave(ended_with)
    sys.exit(ended_with)
