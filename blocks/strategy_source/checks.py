"""What a strategy's module must hold: its version, functions, memory, levels and reasons."""

from __future__ import annotations

import inspect
import re
from types import FunctionType, ModuleType
from typing import NamedTuple, get_type_hints

from trading.engine.strategy.errors import HINT
from trading.errors import BadInput
from trading.parameters import StrategyParameters
from trading.reasons import Reason

MOST_MEMORY = 10_000
MOST_LEVELS = 2
MOST_REASONS = 8
MOST_ROUNDS = 1_000_000_000
MOST_SECONDS = 3600
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_MEANING = 200


class _Version(NamedTuple):
    """A version of the interface: how many arguments each function takes, 0 = it has no such."""

    number: int
    observe: int
    signal: int
    leave: int
    screen: int


# What the functions of the second version are called with, as many as each takes.
_CALLED_WITH = ("numbers", "memory", "bar", "read")
_VERSIONS = (_Version(2, 4, 4, 4, 3), _Version(1, 8, 10, 0, 8))
_NEEDED = ("observe", "signal")
_NEEDS_SECOND = "needs the second version, with a signal of 4 arguments"


def check_strategy(module: ModuleType, file: str, lines: dict[str, int]) -> None:
    """Raise BadInput, in one line with the file's, for what is missing or of a wrong kind.

    `lines` are those at which the file gives its names.
    """
    check = _Check(module, file, lines)
    check.parameters()
    check.memory()
    version = check.functions()
    check.read(version)
    check.levels()
    check.reasons()
    check.limits()


class _Check:
    def __init__(self, module: ModuleType, file: str, lines: dict[str, int]) -> None:
        self._module = module
        self._names = vars(module)
        self._file = file
        self._lines = lines

    def parameters(self) -> None:
        found = self._names.get("Parameters")
        if not (isinstance(found, type) and issubclass(found, StrategyParameters)):
            raise self._wrong("Parameters", "there is no class Parameters(StrategyParameters)")

    def memory(self) -> None:
        found = self._names.get("MEMORY")
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise self._wrong("MEMORY", "there is no whole number MEMORY")
        if found > MOST_MEMORY:
            raise self._wrong("MEMORY", f"MEMORY is {found}, above {MOST_MEMORY}")

    def functions(self) -> _Version:
        """Check the functions, and return the version that `signal` is of."""
        signal = self._function("signal")
        taken = signal.__code__.co_argcount
        version = next((one for one in _VERSIONS if one.signal == taken), None)
        if version is None:
            raise self._takes("signal", taken, _VERSIONS[0].signal)
        for name, arguments in version._asdict().items():
            if name == "number" or (name not in _NEEDED and name not in self._names):
                continue
            if arguments == 0:
                raise self._wrong(name, f"{name} {_NEEDS_SECOND}")
            function = self._function(name)
            code = function.__code__
            if code.co_argcount != arguments or code.co_kwonlyargcount:
                raise self._takes(name, code.co_argcount, arguments)
            if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
                raise self._wrong(name, f"{name} takes any number of arguments, not {arguments}")
            if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
                raise self._wrong(name, f"{name} yields or awaits: it has to return its answer")
        return version

    def read(self, version: _Version) -> None:
        """Check what declares the indicators that are read."""
        has_read, has_indicators = "Read" in self._names, "indicators" in self._names
        if not has_read and not has_indicators:
            return
        if version.number == 1:
            name = "Read" if has_read else "indicators"
            raise self._wrong(name, f"{name} {_NEEDS_SECOND}")
        if not (has_read and has_indicators):
            given, lacks = ("Read", "indicators") if has_read else ("indicators", "Read")
            raise self._wrong(given, f"there is {given} and no {lacks}")
        found = self._names["Read"]
        if not (isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")):
            raise self._wrong("Read", "Read is no NamedTuple")
        kinds = get_type_hints(found)
        other = [name for name in found._fields if kinds.get(name) is not float]
        if other:
            raise self._wrong("Read", f"{other[0]} of Read is no float")
        function = self._function("indicators")
        if function.__code__.co_argcount != 2:
            raise self._wrong(
                "indicators",
                f"indicators takes {function.__code__.co_argcount} arguments and not 2",
            )

    def levels(self) -> None:
        found = self._names.get("LEVELS", ())
        if not isinstance(found, tuple) or not all(isinstance(name, str) for name in found):
            raise self._wrong("LEVELS", "LEVELS is no tuple of names")
        most = min(MOST_LEVELS, self._names["MEMORY"])
        if len(found) > most:
            raise self._wrong(
                "LEVELS",
                f"LEVELS has {len(found)} names, for elements 0 and 1 of a MEMORY of"
                f" {self._names['MEMORY']}",
            )
        if not all(name.strip() and name.isprintable() and len(name) <= 40 for name in found):
            raise self._wrong("LEVELS", "a name in LEVELS is empty, unprintable or over 40 letters")

    def reasons(self) -> None:
        found = self._names.get("REASONS", {})
        if not isinstance(found, dict) or not all(
            isinstance(text, str) for pair in found.items() for text in pair
        ):
            raise self._wrong("REASONS", "REASONS is no dictionary of word to meaning")
        if len(found) > MOST_REASONS:
            raise self._wrong("REASONS", f"REASONS has {len(found)} words, above {MOST_REASONS}")
        ours = {reason.word for reason in Reason}
        for word, meaning in found.items():
            if not _WORD.fullmatch(word):
                raise self._wrong(
                    "REASONS", f"{word!r} of REASONS is not of small letters, digits and _"
                )
            if word in ours:
                raise self._wrong("REASONS", f"{word!r} of REASONS is a reason of the engine's own")
            if not (meaning.strip() and meaning.isprintable() and len(meaning) <= _LONGEST_MEANING):
                raise self._wrong(
                    "REASONS", f"the meaning of {word} in REASONS is not one short line"
                )

    def limits(self) -> None:
        """Check how long its calls may take."""
        rounds = self._names.get("LOOP_LIMIT", 1)
        if not isinstance(rounds, int) or not 1 <= rounds <= MOST_ROUNDS:
            raise self._wrong("LOOP_LIMIT", f"LOOP_LIMIT is no whole number up to {MOST_ROUNDS:,}")
        seconds = self._names.get("TIME_LIMIT_SECONDS", 1)
        if not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
            raise self._wrong(
                "TIME_LIMIT_SECONDS", f"TIME_LIMIT_SECONDS is no number up to {MOST_SECONDS}"
            )

    def _function(self, name: str) -> FunctionType:
        found = self._names.get(name)
        if not isinstance(found, FunctionType):
            raise self._wrong(name, f"there is no function {name}")
        return found

    def _takes(self, name: str, taken: int, wanted: int) -> BadInput:
        """Return that a function takes so many arguments; who wrote few learns which they are."""
        named = f": {', '.join(_CALLED_WITH[:wanted])}" if wanted <= len(_CALLED_WITH) else ""
        return self._wrong(name, f"{name} takes {taken} arguments and not {wanted}{named}")

    def _wrong(self, name: str, what: str) -> BadInput:
        at = f", line {self._lines[name]}" if name in self._lines else ""
        return BadInput(f"strategy file {self._file}{at}: {what}", HINT)
