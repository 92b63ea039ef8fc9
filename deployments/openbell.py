"""The command `openbell`: whatever can be called, by one name, from a checkout or a wheel."""

from __future__ import annotations

import runpy
import sys
from importlib.metadata import version

# What `python -m deployments` does; a supervisor imports no more than this to find it.
SERVING = {
    "demo": "show a session and a backtest in Prefect; --quick without, in half a minute",
    "up": "run the Prefect server and worker until Ctrl-C or SIGTERM",
    "register": "make a running server know the blocks and deployments",
    "shell": "print what makes a shell's prefect command speak to this folder's server",
    "docs": "print a page of the documentation, or the list of them",
}
API = {"api": "serve the live page, health, metrics and the read-only API"}


def main() -> None:
    """Run what the first argument names, as `python -m` would run its package."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in ("", "-h", "--help"):
        print(_overview())
        sys.exit(0 if name else 2)
    if name == "--version":
        print(f"openbell {version('openbell')}")
        return
    package = "deployments" if name in SERVING else "api" if name in API else "flows"
    if package == "api":
        del sys.argv[1]
    runpy.run_module(package, run_name="__main__", alter_sys=True)


def _overview() -> str:
    # Imported here: what serves for months has no use for it.
    from flows.__main__ import COMMANDS

    groups = {
        "Trade, test and look": COMMANDS,
        "Serve": {**SERVING, **API},
    }
    width = max(len(name) for group in groups.values() for name in group) + 2
    lines = ["usage: openbell COMMAND [...]      openbell COMMAND --help      openbell --version"]
    for title, group in groups.items():
        lines += ["", f"{title}:", *(f"  {name:{width}}{text}" for name, text in group.items())]
    return "\n".join(lines)
