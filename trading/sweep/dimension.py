"""One thing that is swept and the values that it takes, as `name=v1,v2` or `name=low:high:step`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from trading.errors import BadInput
from trading.market.symbols import refuse_no_symbols
from trading.sweep.parameter_set import SYMBOLS

EXAMPLE = "Write it as --grid range_minutes=5,15,30 or --grid min_body=0:0.8:0.1"
# Beyond these a step is lost in the digits, and nobody has that many values.
_MOST_VALUES = 10**12
_RANGE = re.compile(r"[^,:\[\]{}\"]+(:[^,:\[\]{}\"]*)+")


@dataclass(frozen=True)
class Dimension:
    """What is swept, by its name: `value_of(i)` for `i` in `range(count)`, in the order given.

    A range names its values without holding them: a fine step costs nothing. `is_ordered` says
    whether neighbours in the order are near each other, as numbers from low to high are.
    """

    name: str
    count: int
    value_of: Callable[[int], Any]
    is_ordered: bool

    def values(self) -> Iterable[Any]:
        """Return all values, in order."""
        return map(self.value_of, range(self.count))


def parse_dimension(text: str) -> Dimension:
    """Return what `name=values` says; raises BadInput for what says nothing, or the same twice.

    Values are read as JSON where they are JSON, else as words; a range has both of its ends where
    the step leads to them, in decimal arithmetic: `0:0.8:0.1` is 0.0, 0.1, ... 0.8.
    """
    name, equals, said = text.partition("=")
    name, said = name.strip(), said.strip()
    if not equals or not name:
        raise BadInput(f"--grid {text!r} is not name=values", EXAMPLE)
    if not said:
        raise BadInput(f"--grid {name} names no value", EXAMPLE)
    if name == SYMBOLS:
        return listed(name, _symbol_lists(said))
    if _RANGE.fullmatch(said):
        return _range_of(name, said)
    return listed(name, _values_in(name, said))


def listed(name: str, values: list[Any]) -> Dimension:
    """Return a dimension of values that are given one by one; raises BadInput for one twice."""
    written = [_written(value) for value in values]
    twice = next((each for each in written if written.count(each) > 1), None)
    if twice is not None:
        raise BadInput(f"--grid {name} names {twice} twice", "Name each value once")
    numbers = [each for each in values if isinstance(each, int | float) and each is not True]
    is_ordered = len(numbers) == len(values) > 1 and sorted(numbers) == values
    return Dimension(name, len(values), values.__getitem__, is_ordered)


def _written(value: Any) -> str:
    """Return a value as it is told apart: 1 and 1.0 are one value, 1 and true are two."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def _values_in(name: str, said: str) -> list[Any]:
    try:
        # JSON first: a value may be a list, as a stepped stop's, with commas of its own.
        values: list[Any] = json.loads(f"[{said}]")
    except (json.JSONDecodeError, RecursionError):
        values = [_word(each.strip()) for each in said.split(",")]
    if not values or "" in values:
        raise BadInput(f"--grid {name}={said}: a value is empty", EXAMPLE)
    return values


def _word(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text.lower() == "true" if text.lower() in ("true", "false") else text


def _symbol_lists(said: str) -> list[Any]:
    lists = []
    for each in said.split(","):
        symbols = tuple(symbol.strip() for symbol in each.split("+"))
        if not all(symbols):
            raise BadInput(
                f"--grid symbols={said}: a name is empty",
                "Write lists of symbols as --grid symbols=AAPL+MSFT,NVDA",
            )
        try:
            refuse_no_symbols(symbols)
        except BadInput as error:
            raise BadInput(f"--grid symbols={said}: {error.what}", error.hint) from None
        lists.append(symbols)
    return lists


def _range_of(name: str, said: str) -> Dimension:
    parts = [part.strip() for part in said.split(":")]
    where = f"--grid {name}={said}"
    if len(parts) == 2:
        raise BadInput(
            f"{where} has no step",
            f"Write low:high:step, such as {name}={said}:{_step_for(parts)};"
            " a fine step costs nothing with --random",
        )
    if len(parts) != 3:
        raise BadInput(f"{where} is no range", "Write low:high:step, such as 0:0.8:0.1")
    low, high, step = (_number(part, where) for part in parts)
    if step <= 0:
        raise BadInput(f"{where}: a step of {step} leads nowhere", "Give a step above 0")
    if high < low:
        raise BadInput(
            f"{where} runs from high to low", f"Swap the two: {name}={parts[1]}:{parts[0]}:{step}"
        )
    if (high - low) / step > _MOST_VALUES:
        raise BadInput(f"{where} names more than {_MOST_VALUES:,} values", "Give a larger step")
    count = int((high - low) / step) + 1
    is_whole = low == low.to_integral_value() and step == step.to_integral_value()
    kind: type[int] | type[float] = int if is_whole else float
    return Dimension(name, count, lambda i: kind(low + i * step), count > 1)


def _number(text: str, where: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise BadInput(
            f"{where}: {text!r} is no number", "Write low:high:step, such as 0:0.8:0.1"
        ) from error
    if not number.is_finite() or abs(number) > _MOST_VALUES:
        raise BadInput(f"{where}: {text} is no number of a range", "Give finite numbers")
    if number and number.adjusted() < -12:
        raise BadInput(f"{where}: {text} is finer than any parameter", "Give a larger number")
    return number


def _step_for(parts: list[str]) -> str:
    try:
        span = abs(Decimal(parts[1]) - Decimal(parts[0]))
    except InvalidOperation:
        return "0.1"
    if not span.is_finite() or not span:
        return "1"
    # Between whole numbers that are far apart whole ones are meant.
    is_whole = span >= 10 and span == span.to_integral_value()
    return f"{span // 10 if is_whole else span / 10:f}"
