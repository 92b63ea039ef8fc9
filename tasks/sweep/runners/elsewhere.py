"""A chunk in a process of a cluster, whose code and files must be those of the sweep."""

from __future__ import annotations

import socket
from functools import cache

from tasks.backtest.engine_version import engine_version
from tasks.sweep.chunk import Chunk, ChunkResult, run_chunk
from trading.errors import BadInput
from trading.plan import strategy_named

# A strategy that is built in: a user's own travels with its chunk.
_BUILT_IN = "orb"


@cache
def engine_here() -> str:
    """Return the version of the engine in this process."""
    return engine_version(strategy_named(_BUILT_IN))


def run_elsewhere(chunk: Chunk, engine: str) -> ChunkResult:
    """Run a chunk of a sweep that another process has begun with this engine.

    Raises BadInput where this machine has another engine, whose figures may differ, or does not
    see the bars.
    """
    machine = socket.gethostname()
    if engine_here() != engine:
        raise BadInput(
            f"the worker on {machine} has Openbell {engine_here()}, and the sweep {engine}",
            "Install the same version on every machine, and start the workers again",
        )
    if not chunk.bars_folder.is_dir():
        raise BadInput(
            f"the worker on {machine} does not see {chunk.bars_folder}, where the bars are",
            "Give --out a folder that every machine has under the same path",
        )
    return run_chunk(chunk)


def no_openbell(why: object) -> BadInput:
    """Return what is wrong with workers that do not know what they are to run."""
    return BadInput(
        f"the workers cannot load what they are to run: {why}",
        "Install Openbell with the runner's extra on every machine, and start the workers again",
    )
