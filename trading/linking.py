"""Linking: the engine joined to a strategy's functions, interpreted or compiled by numba.

The sources are plain functions. Linking copies every function of the engine that is reached,
with the strategy's `observe` and `signal` in place of the engine's own, so that one source runs
in both ways. numba's cache on disk does not notice a change in another file, so the cache is
kept under a hash of all sources that were linked.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from trading import engine

LINKED_PACKAGE = "trading."


class Linker:
    """Copies functions so that the globals they call are copies too."""

    def __init__(self, strategy: ModuleType, wrap: Callable[[Any], Any]) -> None:
        self._strategy = strategy
        self._replaced: dict[Any, Any] = {
            engine.observe: strategy.observe,
            engine.signal: strategy.signal,
        }
        self._wrap = wrap
        self._copies: dict[FunctionType, Any] = {}

    def link(self, function: FunctionType) -> Any:
        """Return the copy of a function, made once."""
        function = self._replaced.get(function, function)
        if function not in self._copies:
            names: dict[str, Any] = dict(function.__globals__)
            for name in function.__code__.co_names:
                value = names.get(name)
                if isinstance(value, FunctionType) and self._is_ours(value):
                    names[name] = self.link(value)
            copy = FunctionType(
                function.__code__,
                names,
                function.__name__,
                function.__defaults__,
                function.__closure__,
            )
            copy.__module__ = function.__module__
            copy.__qualname__ = function.__qualname__
            self._copies[function] = self._wrap(copy)
        return self._copies[function]

    def _is_ours(self, function: FunctionType) -> bool:
        module = function.__module__ or ""
        return module.startswith(LINKED_PACKAGE) or module == self._strategy.__name__


def link_interpreted(strategy: ModuleType, function: Any) -> Any:
    """Return an engine function joined to a strategy, run by the interpreter."""
    return Linker(strategy, lambda copy: copy).link(function)


def link_compiled(strategy: ModuleType, function: Any, cache_folder: Path | None = None) -> Any:
    """Return an engine function joined to a strategy, compiled by numba at its first call.

    With a folder, machine code is kept there for later processes. Raises numba's own errors at
    the first call when the strategy cannot be compiled.
    """
    import numba
    from numba.core import config as numba_config

    config: Any = numba_config

    if cache_folder is None:
        return Linker(strategy, numba.njit).link(function)
    kept = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder / source_hash(strategy))
    try:
        return Linker(strategy, numba.njit(cache=True)).link(function)
    finally:
        config.CACHE_DIR = kept


def source_hash(strategy: ModuleType) -> str:
    """Return a hash of numba's version and of every source that a linked engine may contain."""
    import numba

    digest = hashlib.sha256(numba.__version__.encode())
    folder = Path(engine.__file__).parent
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(inspect.getsource(strategy).encode())
    return digest.hexdigest()[:24]
