"""Linking: the engine joined to a strategy's functions, interpreted or compiled by numba.

The sources are plain functions. Linking copies every function of the engine that is reached,
with the strategy's functions in place of those of `strategy_calls`, so that one source runs in
both ways. numba's cache on disk does not notice a change in another file, so
machine code is kept under a key of everything that was linked.
"""

from __future__ import annotations

import dis
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from trading.engine.known_keys import NOT_LINKED, KnownKey, known_key
from trading.engine.strategy.functions import functions_of

# What stays a function in machine code, and is no part of those that call it.
_CALLED = ("trading.indicators.", "trading.selection.")
_CALLED_ONCE = frozenset({"warm_session", "end_past", "forget_pasts"})
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_COMPILED: dict[tuple[str, str, str], Any] = {}
_REFUSALS: dict[int, str] = {}
_KEYS: dict[tuple[ModuleType, FunctionType], KnownKey] = {}


class Linker:
    """Copies functions so that the globals they call are copies too; `originals` has them all."""

    def __init__(
        self,
        strategy: ModuleType,
        wrap: Callable[[Any], Any],
        wrap_entry: Callable[[Any], Any] | None = None,
    ) -> None:
        self._replaced = functions_of(strategy)
        self._wrap = wrap
        self._wrap_entry = wrap_entry or wrap
        self._copies: dict[FunctionType, Any] = {}
        self.originals: list[FunctionType] = []

    def link(self, function: FunctionType) -> Any:
        """Return the copy of a function, made once."""
        return self._link(function, self._wrap_entry)

    def _link(self, function: FunctionType, wrap: Callable[[Any], Any]) -> Any:
        function = self._replaced.get(function, function)
        if function not in self._copies:
            self.originals.append(function)
            names: dict[str, Any] = dict(function.__globals__)
            for name in _names_read(function):
                value = names.get(name)
                if isinstance(value, FunctionType) and _is_linked(value):
                    names[name] = self._link(value, self._wrap)
            copy = FunctionType(
                function.__code__,
                names,
                function.__name__,
                function.__defaults__,
                function.__closure__,
            )
            copy.__module__ = function.__module__
            copy.__qualname__ = function.__qualname__
            self._copies[function] = wrap(copy)
        return self._copies[function]

    def key(self) -> str:
        """Return a hash of the processor, numba's version and all that was linked, as in memory.

        Sources on the disk may be newer than what this process has imported, and are not read.
        """
        made_by = f"{metadata.version('numba')} {sys.version} {_processor()}"
        digest = hashlib.sha256(made_by.encode())
        for function in self.originals:
            for part in _content(function):
                digest.update(part.encode())
        # Positions of fields and values of enumerations are in machine code as numbers.
        # Most functions share their module's names with others, which are looked at once.
        modules = {id(one.__globals__): one.__globals__ for one in self.originals}
        for part in sorted({part for names in modules.values() for part in _classes_of(names)}):
            digest.update(part.encode())
        return digest.hexdigest()[:24]


@cache
def _processor() -> str:
    """Return what machine code on this machine is made for; numba runs no other here."""
    from llvmlite import binding

    features: str = binding.get_host_cpu_features().flatten()
    return f"{binding.get_host_cpu_name()} {features}"


def link_interpreted(strategy: ModuleType, function: Any) -> Any:
    """Return an engine function joined to a strategy, run by the interpreter.

    A price divided by zero is infinite or NaN there as in machine code, which warns of nothing.
    """
    return np.errstate(all="ignore")(Linker(strategy, lambda copy: copy).link(function))


def link_compiled(strategy: ModuleType, function: Any, cache_folder: Path | None = None) -> Any:
    """Return an engine function joined to a strategy, compiled by numba at its first call.

    With a folder, machine code is kept there for later processes. Raises numba's own errors at
    the first call when the strategy cannot be compiled.
    """
    key = engine_key(strategy, function)
    name = (key, function.__name__, str(cache_folder))
    if name not in _COMPILED:
        made = _made_for_a_folder(name) if cache_folder is None else None
        _COMPILED[name] = made or _compile(strategy, function, cache_folder and cache_folder / key)
    return _COMPILED[name]


def _made_for_a_folder(name: tuple[str, str, str]) -> Any:
    """Return what was compiled for a folder that could not keep it; None where nothing was.

    numba has the code in memory before it writes it, and compiling takes long.
    """
    from numba.core.caching import NullCache

    for known, linked in _COMPILED.items():
        if known[:2] == name[:2] and linked.signatures:
            # What is compiled from now on is not written either.
            linked._cache = NullCache()
            return linked
    return None


def called_at_once(linked: Any) -> Any:
    """Return a linked function without the look at its arguments' types that a call begins with.

    That look takes as long as a thousand bars. The result takes only arguments of types that
    `linked` was called with before; it is `linked` itself where that is not one way alone.
    """
    made = list(getattr(linked, "overloads", {}).values())
    return made[0].entry_point if len(made) == 1 else linked


def engine_key(strategy: ModuleType, function: Any) -> str:
    """Return the key under which the machine code of a function with a strategy is kept."""
    known = _KEYS.get((strategy, function))
    if known is not None and known.holds():
        return known.key
    linker = Linker(strategy, lambda copy: copy)
    linker.link(function)
    key = linker.key()
    made = known_key(key, strategy, linker.originals)
    if made is not None:
        _KEYS[strategy, function] = made
    return key


def is_compiled(strategy: ModuleType, function: Any, cache_folder: Path | None) -> bool:
    """Return whether this process or the folder has the machine code, without importing numba."""
    key = engine_key(strategy, function)
    if any(known[:2] == (key, function.__name__) for known in _COMPILED):
        return True
    return cache_folder is not None and any((cache_folder / key).rglob("*.nbc"))


def refusal_of(linked: Any, arguments: tuple[Any, ...]) -> str:
    """Compile a function of `link_compiled` for such arguments; return numba's complaint, or ""."""
    import numba
    from numba.core.errors import NumbaError

    # What is refused once is not tried again: it takes as long as compiling.
    if id(linked) not in _REFUSALS:
        typeof: Any = numba.typeof
        try:
            linked.compile(tuple(typeof(argument) for argument in arguments))
            _REFUSALS[id(linked)] = ""
        except (NumbaError, NotImplementedError) as error:
            _REFUSALS[id(linked)] = _complaint(str(error)) or type(error).__name__
    return _REFUSALS[id(linked)]


def _complaint(text: str) -> str:
    said = [line.strip() for line in _COLOUR.sub("", text).splitlines() if line.strip()]
    # The first lines name passes of the compiler, the next what they met.
    met = [line for line in said if not line.startswith(("Failed in", "During:"))]
    return (met or said or [""])[0]


def _compile(strategy: ModuleType, function: Any, folder: Path | None) -> Any:
    import numba
    from numba.core import config as numba_config

    config: Any = numba_config
    # Counting references to the arrays of a book would take ten times as long as the engine; it
    # borrows all of them. Divisions follow numpy in the interpreter too: prices are its floats.
    options: dict[str, Any] = {"_nrt": False, "error_model": "numpy", "nogil": True}
    inner: dict[str, Any] = {
        **options,
        "forceinline": True,
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
    }
    # These do much for each call: copies of them at each place would only take time to compile.
    outer = {name: value for name, value in inner.items() if name != "forceinline"}
    entry = {**options, "cache": folder is not None}
    kept = config.CACHE_DIR
    if folder is not None:
        config.CACHE_DIR = str(folder)

    def wrap(copy: Any) -> Any:
        # A user's function may make arrays of its own, whose references must be counted.
        # It may also reach past its memory, which is to be an error and not a crash.
        is_ours = copy.__module__.startswith("trading.")
        is_called = copy.__module__.startswith(_CALLED) or copy.__name__ in _CALLED_ONCE
        chosen = outer if is_called else inner
        return numba.njit(**{**chosen, "_nrt": not is_ours, "boundscheck": not is_ours})(copy)

    try:
        return Linker(strategy, wrap, numba.njit(**entry)).link(function)
    finally:
        config.CACHE_DIR = kept


def _names_read(function: FunctionType) -> Iterable[str]:
    """Return the names outside of a function that it may read.

    Among a code's names are those of attributes. Of a user's function one may be called as the
    function itself is: `def stop(numbers): return numbers.stop`.
    """
    if function.__module__.startswith("trading."):
        return function.__code__.co_names
    return _globals_read(function.__code__)


# Reading a function's code takes longer than all else of linking, and each session links anew.
@lru_cache(maxsize=256)
def _globals_read(code: CodeType) -> tuple[str, ...]:
    """Return the names of globals in a code, in its order: the key of machine code follows it."""
    steps = dis.get_instructions(code)
    names = (str(s.argval) for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    return tuple(dict.fromkeys(names))


def _is_linked(function: FunctionType) -> bool:
    return (function.__module__ or "").partition(".")[0] not in NOT_LINKED


def _content(function: FunctionType) -> Iterator[str]:
    """Yield everything about a function that its machine code depends on."""
    # numba keeps the names of the classes that are passed, and looks them up in their module.
    yield f"{function.__module__}.{function.__qualname__}"
    yield repr(function.__defaults__)
    yield from _code_content(function.__code__)
    for cell in function.__closure__ or ():
        yield from _value_content("cell", cell.cell_contents)
    for name in function.__code__.co_names:
        yield from _value_content(name, function.__globals__.get(name))


def _value_content(name: str, value: Any) -> Iterator[str]:
    # A function that its author compiled is frozen into the machine code as well.
    own = getattr(value, "py_func", None)
    if isinstance(own, FunctionType):
        yield from _content(own)
    elif isinstance(value, np.ndarray):
        yield f"{name}={value.dtype}{value.shape}{value.tobytes().hex()}"
    elif isinstance(value, ModuleType):
        file = getattr(value, "__file__", None)
        if file is not None and value.__name__.partition(".")[0] not in NOT_LINKED:
            yield Path(file).read_text(encoding="utf-8")
    elif value is not None and not isinstance(value, FunctionType | type):
        yield f"{name}={value!r}"


def _classes_of(names: dict[str, Any]) -> Iterator[str]:
    """Yield the tuples with named fields and the enumerations among a module's names."""
    for value in names.values():
        if isinstance(value, type) and issubclass(value, Enum):
            yield f"{value.__module__}.{value.__qualname__}={[(m.name, m.value) for m in value]!r}"
        elif isinstance(value, type) and hasattr(value, "_fields"):
            yield f"{value.__module__}.{value.__qualname__}={value._fields!r}"


def _code_content(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_content(constant)
        else:
            yield repr(constant)
