"""python -m deployments.machine_code: the built-in strategies compiled when Openbell is installed.

What is there already is left as it is. A run finds the rest in the folder of the installation by
a hash of all sources and of the processor: on another kind of processor, or with other sources, it
compiles as if this had never run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from blocks.process.files.cache_folder import INSTALLED_ENGINES
from trading.backtest.run import STAGES, compile_stage
from trading.engine.compile import engine_key, is_compiled
from trading.plan import BUILT_IN, make_plan
from trading.sweep.machine import FUNCTIONS, compile_function

# What backtests call, and then what sweeps call besides.
COMPILED = (*STAGES, *FUNCTIONS)


def missing(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield strategies and functions that have no machine code; those that share it once."""
    seen = set()
    for name, strategy in BUILT_IN.items():
        for number, function in enumerate(COMPILED):
            key = engine_key(strategy, function)
            if key not in seen and not is_compiled(strategy, function, folder):
                yield name, number
            seen.add(key)


def compile_one(name: str, number: int, folder: Path) -> str:
    """Compile a function with a strategy into a folder; return what numba refuses, else ""."""
    plan = make_plan(("any",), {"strategy": name})
    if number < len(STAGES):
        return compile_stage(plan, number, folder)
    return compile_function(plan, number - len(STAGES), folder)


def forget_others(folder: Path) -> None:
    """Remove machine code of sources that are no more."""
    keys = {engine_key(strategy, each) for strategy in BUILT_IN.values() for each in COMPILED}
    for engine in folder.iterdir():
        if engine.name not in keys:
            shutil.rmtree(engine, ignore_errors=True)


def main(folder: Path = INSTALLED_ENGINES) -> int:
    """Compile what is missing, as many at a time as there are cores; return the exit code."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        forget_others(folder)
        works = list(missing(folder))
        if not works:
            return 0
        context = get_context("spawn")
        with ProcessPoolExecutor(min(len(works), os.cpu_count() or 1), context) as pool:
            made = [pool.submit(compile_one, name, number, folder) for name, number in works]
            refused = [one.result() for one in made if one.result()]
    except OSError as error:
        print(f"machine code cannot be written: {error}", file=sys.stderr)
        return 1
    print(*refused, sep="\n", end="\n" if refused else "", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
