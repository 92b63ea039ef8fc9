"""Keys of machine code that were worked out before: whether they hold is sooner known than made.

To link and hash all functions takes as long as some 100,000 bars, at each run anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

# Modules whose functions numba knows, or that no compiled function may call.
NOT_LINKED = frozenset({*sys.stdlib_module_names, "numpy", "numba", "pydantic"})
_NOTHING = object()
# What of a strategy's module stands in the places of the engine's functions, where it is there.
_ASKED = ("observe", "screen", "signal", "leave", "Read")
_FIXED = (type, bool, int, float, str, bytes, type(None), BuiltinFunctionType, np.ufunc)


class KnownKey(NamedTuple):
    """A key, the code of all functions that it was made of, and what each name stood for."""

    key: str
    codes: list[tuple[FunctionType, CodeType, Any]]
    names: list[tuple[dict[str, Any], str, object]]

    def holds(self) -> bool:
        """Return whether no function has other code, and no name stands for anything else."""
        return all(
            function.__code__ is code and function.__defaults__ is defaults
            for function, code, defaults in self.codes
        ) and all(names.get(name, _NOTHING) is value for names, name, value in self.names)


def known_key(key: str, strategy: ModuleType, functions: Iterable[FunctionType]) -> KnownKey | None:
    """Return a key with what it was made of, None where a part may change and stay the same object.

    Such a part is a list, an array, or a cell of a function inside another.
    """
    codes = []
    own = vars(strategy)
    seen: dict[tuple[int, str], tuple[dict[str, Any], str, object]] = {
        (id(own), name): (own, name, own.get(name, _NOTHING)) for name in _ASKED
    }
    for function in functions:
        if function.__closure__:
            return None
        codes.append((function, function.__code__, function.__defaults__))
        names = function.__globals__
        for name in function.__code__.co_names:
            value = names.get(name, _NOTHING)
            if not _is_fixed(value):
                return None
            seen[id(names), name] = (names, name, value)
    return KnownKey(key, codes, list(seen.values()))


def _is_fixed(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_fixed, value))
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0] in NOT_LINKED
    return value is _NOTHING or isinstance(value, _FIXED) or type(value) is FunctionType
