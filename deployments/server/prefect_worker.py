"""Prefect's worker, called as `prefect worker start` is, which gives back memory that it keeps.

It lives for months and only waits: of the code that its start ran through, it needs little again.
"""

from __future__ import annotations

from blocks.process.memory import give_back_beside
from deployments.server.collections import load_no_collections
from deployments.server.flow_hooks import run_no_hooks_of_our_flows


def main() -> None:
    """Do what the arguments say, as the command `prefect` does."""
    # Only now: Prefect takes seconds to import.
    from prefect.cli import app

    load_no_collections()
    run_no_hooks_of_our_flows()

    give_back_beside()
    app()


if __name__ == "__main__":
    main()
