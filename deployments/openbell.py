"""The command `openbell`: whatever can be called, by one name, from a checkout or a wheel."""

from __future__ import annotations

import re
import runpy
import sys
from importlib.metadata import version
from importlib.util import find_spec

from deployments.listing import listed

EXIT_BAD_INPUT = 2

# What `python -m deployments` does; a supervisor imports no more than this to find it.
SERVING = {
    "demo": "show a session and a backtest in Prefect; --quick without, in half a minute",
    "up": "run the Prefect server and worker until Ctrl-C or SIGTERM",
    "service": "print a unit of systemd that starts up with the machine, and again when it died",
    "register": "make a running server know the blocks and deployments",
    "shell": "print what makes a shell's prefect command speak to this folder's server",
    "docs": "print a page of the documentation, or the list of them",
}
API = {"api": "serve the live page, health, metrics and the read-only API"}


def main() -> None:
    """Run what the first argument names, as `python -m` would run its package."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in ("", "-h", "--help", "help"):
        _tell()
        sys.exit(0 if name else EXIT_BAD_INPUT)
    if name == "--version":
        print(f"openbell {version('openbell')}")
        return
    if not name.startswith("-") and not _is_known(name):
        sys.exit(_refuse(name))
    package = "deployments" if name in SERVING else "api" if name in API else "flows"
    if package == "flows" and not name.startswith("-"):
        _refuse_unknown(name)
    if package == "api":
        del sys.argv[1]
    runpy.run_module(package, run_name="__main__", alter_sys=True)


def _is_known(name: str) -> bool:
    if name in SERVING or name in API:
        return True
    # A command is a file of its own, which is looked for and not imported.
    place = f"flows.commands.{name.replace('-', '_')}"
    return re.fullmatch("[a-z-]+", name) is not None and find_spec(place) is not None


def _refuse(name: str) -> int:
    """Say that there is no such word, and which one may be meant; return the exit code."""
    from flows.commands.names import COMMANDS
    from trading.near_names import nearest_of

    known = (*COMMANDS, *SERVING, *API)
    near = nearest_of(name, known)
    hint = f"Did you mean {near}?" if near else f"Use one of: {', '.join(known)}"
    print(f"error: there is no command {name!r}. {hint}", file=sys.stderr)
    return EXIT_BAD_INPUT


def _tell() -> None:
    from blocks.process.shutdown import reader_is_gone

    try:
        print(_overview(), flush=True)
    except BrokenPipeError:
        sys.exit(reader_is_gone())


def _overview() -> str:
    # Imported here, as below: what serves for months has no use for it.
    from flows.commands.names import COMMANDS

    groups = {"Trade, test and look": COMMANDS, "Serve": SERVING | API}
    width = max(len(name) for group in groups.values() for name in group)
    lines = ["usage: openbell COMMAND [...]     openbell COMMAND --help     openbell --version"]
    for title, group in groups.items():
        lines += ["", f"{title}:", *listed(group, width, indent=2)]
    return "\n".join(lines)


def _refuse_unknown(name: str) -> None:
    from flows.commands.names import COMMANDS, no_command

    if name not in COMMANDS:
        print(f"error: {no_command(name, COMMANDS | SERVING | API)}", file=sys.stderr)
        sys.exit(2)
