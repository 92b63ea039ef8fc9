"""The command `openbell`: whatever can be called, by one name, from a checkout or a wheel."""

from __future__ import annotations

import runpy
import sys
from importlib.metadata import version

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
    package = "deployments" if name in SERVING else "api" if name in API else "flows"
    if package == "flows" and not name.startswith("-"):
        _refuse_unknown(name)
    if package == "api":
        del sys.argv[1]
    runpy.run_module(package, run_name="__main__", alter_sys=True)


def _refuse_unknown(name: str) -> None:
    # Imported here, as below: what serves for months has no use for it.
    from flows.commands.names import COMMANDS, no_command

    if name not in COMMANDS:
        print(f"error: {no_command(name, COMMANDS | SERVING | API)}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


def _tell() -> None:
    from blocks.process.shutdown import reader_is_gone

    try:
        print(_overview(), flush=True)
    except BrokenPipeError:
        sys.exit(reader_is_gone())


def _overview() -> str:
    from flows.commands.names import COMMANDS

    groups = {"Trade, test and look": COMMANDS, "Serve": SERVING | API}
    width = max(len(name) for group in groups.values() for name in group)
    lines = ["usage: openbell COMMAND [...]     openbell COMMAND --help     openbell --version"]
    for title, group in groups.items():
        lines += ["", f"{title}:", *listed(group, width, indent=2)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
