"""Which functions of a strategy stand in which places of the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from trading.engine.reading import ATR_BARS, VOLUME_BARS
from trading.engine.strategy import answers, first_version
from trading.engine.strategy import calls as strategy_calls
from trading.engine.strategy.calls import value_at
from trading.engine.strategy.errors import user_file
from trading.errors import BadInput
from trading.indicators import Indicator, atr, mean_volume
from trading.indicators.studies import check_indicator
from trading.parameters import StrategyParameters

# What `signal` of the first version takes.
FIRST_VERSION_ARGUMENTS = 10
# What is asked, what looks at the answer, and where a user's own function stands then.
_CHECKED = (
    (strategy_calls.signal, answers.checked_signal, answers.own_signal),
    (strategy_calls.screen, answers.checked_screen, answers.own_screen),
    (strategy_calls.leave, answers.checked_leave, answers.own_leave),
)
_RECORDS: dict[type, FunctionType] = {}


def is_first_version(strategy: ModuleType) -> bool:
    """Return whether a strategy's functions take a bar's numbers one by one."""
    return bool(strategy.signal.__code__.co_argcount == FIRST_VERSION_ARGUMENTS)


def functions_of(strategy: ModuleType) -> dict[Any, Any]:
    """Return the strategy's functions by those of the engine in whose places they stand."""
    functions = _functions_of(strategy)
    if user_file(strategy) is None:
        return functions
    for asked, checked, own in _CHECKED:
        if asked in functions:
            functions |= {own: functions[asked], asked: checked}
    return functions


def _functions_of(strategy: ModuleType) -> dict[Any, Any]:
    if is_first_version(strategy):
        functions = {
            strategy_calls.observe: first_version.observe,
            strategy_calls.signal: first_version.signal,
            strategy_calls.read_of: first_version.read_of,
            first_version.first_observe: strategy.observe,
            first_version.first_signal: strategy.signal,
        }
        if hasattr(strategy, "screen"):
            functions[strategy_calls.screen] = first_version.screen
            functions[first_version.first_screen] = strategy.screen
        return functions
    functions = {
        strategy_calls.observe: strategy.observe,
        strategy_calls.signal: strategy.signal,
    }
    for name in ("screen", "leave"):
        if hasattr(strategy, name):
            functions[getattr(strategy_calls, name)] = getattr(strategy, name)
    if hasattr(strategy, "Read"):
        functions[strategy_calls.read_of] = record_function(strategy.Read)
    return functions


def record_function(record: Any) -> FunctionType:
    """Return the function that makes a record of the values that it has fields for.

    Its source is made for so many fields, as a tuple with named fields is made itself: a loop over
    fields is nothing that could be compiled.
    """
    if record not in _RECORDS:
        values = ", ".join(
            f"value_at(rows, {place}, state, s)" for place in range(len(record._fields))
        )
        names = {"Read": record, "value_at": value_at, "__name__": strategy_calls.__name__}
        exec(f"def read_of(rows, state, s):\n    return Read({values})\n", names)
        _RECORDS[record] = names["read_of"]
    return _RECORDS[record]


def declared_by(
    strategy: ModuleType, parameters: StrategyParameters, interval_minutes: int
) -> dict[str, Indicator | None]:
    """Return the indicators that a strategy reads, in the order of its record.

    Raises BadInput, with the file and its line, where the two do not have the same names and for
    what is no indicator of these bars.
    """
    if is_first_version(strategy):
        is_read = parameters.needs_indicators()
        return {
            "atr": atr(ATR_BARS) if is_read else None,
            "mean_volume": mean_volume(VOLUME_BARS) if is_read else None,
        }
    if not hasattr(strategy, "Read"):
        return {}
    declared = strategy.indicators(parameters, interval_minutes)
    fields = strategy.Read._fields
    if not isinstance(declared, Mapping):
        raise _wrong_indicators(
            strategy,
            f"indicators returned {type(declared).__name__}, and no dictionary",
            f"Let it return an indicator for each of {', '.join(fields)}",
        )
    if set(declared) != set(fields):
        raise _wrong_indicators(
            strategy,
            f"indicators names {', '.join(map(str, declared)) or 'nothing'}, and Read has"
            f" {', '.join(fields)}",
            "Give both the same names",
        )
    try:
        for indicator in declared.values():
            if indicator is not None:
                check_indicator(indicator, interval_minutes)
    except BadInput as error:
        raise _wrong_indicators(strategy, error.what, error.hint) from error
    return {name: declared[name] for name in fields}


def _wrong_indicators(strategy: ModuleType, what: str, hint: str) -> BadInput:
    code = strategy.indicators.__code__
    return BadInput(f"strategy file {code.co_filename}, line {code.co_firstlineno}: {what}", hint)
