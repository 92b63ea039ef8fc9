"""Whether what is swept is known, and its values as the parameter holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from trading.errors import BadInput, together
from trading.market.calendar import INTERVALS_MINUTES
from trading.near_names import parameters_meant
from trading.parameters import said_of
from trading.plan import parameter_models
from trading.sweep.dimension import Dimension, listed
from trading.sweep.parameter_set import BESIDE_PARAMETERS, INTERVALS, SYMBOLS
from trading.sweep.space import Space
from trading.sweep.table import COLUMNS

# What pydantic calls a value of the right kind beyond what it may be.
_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of")
# A range with more values is long.
_MOST_LOOKED_AT = 1000


def settled(space: Space, module: ModuleType) -> Space:
    """Return a space with values as their parameters hold them, such as 2.0 for 2.

    Raises BadInput for a name that is no parameter, for a value of another kind, and where no
    value of a parameter can be. One that is out of bounds, or does not go with others, is left to
    its sets, which are refused alone.
    """
    models = parameter_models(module)
    owners = {name: model for model in models for name in model.model_fields}
    wrong: list[BadInput] = []
    dimensions = []
    for dimension in space.dimensions:
        try:
            dimensions.append(_settled(dimension, owners))
        except BadInput as error:
            wrong.append(error)
    if wrong:
        raise together(wrong)
    return Space(tuple(dimensions))


def _settled(dimension: Dimension, owners: dict[str, type[BaseModel]]) -> Dimension:
    name = dimension.name
    if name in owners and name in (*BESIDE_PARAMETERS, *COLUMNS):
        raise BadInput(
            f"--grid {name}: the strategy has a parameter of that name, which means something else"
            " in a sweep",
            f"Call the strategy's parameter otherwise, such as own_{name}",
        )
    if name == SYMBOLS:
        return dimension
    if name in INTERVALS:
        return _map(dimension, partial(_interval, name))
    if name not in owners:
        raise BadInput(
            f"--grid {name}: there is no such parameter",
            parameters_meant(name, (*owners, *BESIDE_PARAMETERS)),
        )
    return _map(dimension, partial(_held, name, owners[name]))


def _map(dimension: Dimension, hold: Callable[[Any], Any]) -> Dimension:
    """Return a dimension with each value as `hold` gives it back, who refuses wrong ones.

    Those that are out of bounds stay as they are, as long as one is not.
    """
    if dimension.count <= _MOST_LOOKED_AT:
        return listed(dimension.name, _held_of(list(dimension.values()), hold)[0])
    # Of a long range only the ends are looked at, between which the others are.
    places = (0, 1, dimension.count - 1)
    _, kind = _held_of([dimension.value_of(place) for place in places], hold)
    return replace(dimension, value_of=lambda place: kind(dimension.value_of(place)))


def _held_of(values: list[Any], hold: Callable[[Any], Any]) -> tuple[list[Any], type]:
    """Return values as they are held, and the kind of those that are within bounds."""
    held: list[Any] = []
    kinds: list[type] = []
    first: _OutOfBounds | None = None
    for value in values:
        try:
            held.append(hold(value))
            kinds.append(type(held[-1]))
        except _OutOfBounds as error:
            held.append(value)
            first = first or error
    if first is not None and not kinds:
        raise first
    return held, kinds[0]


class _OutOfBounds(BadInput):
    """A value of the right kind that a parameter cannot have."""


def _interval(name: str, value: Any) -> int:
    if value not in INTERVALS_MINUTES or isinstance(value, bool):
        kind = _OutOfBounds if type(value) is int else BadInput
        raise kind(
            f"--grid {name}={value} is no bar length",
            f"Use some of {', '.join(map(str, INTERVALS_MINUTES))} minutes",
        )
    return int(value)


def _held(name: str, model: type[BaseModel], value: Any) -> Any:
    try:
        held = getattr(model.model_validate({name: value}), name)
    except ValidationError as error:
        of_itself = [each for each in error.errors() if each["loc"][:1] == (name,)]
        if of_itself:
            said = f"--grid {name}: {said_of(of_itself[0])}"
            kind = _OutOfBounds if of_itself[0]["type"] in _BOUNDS else BadInput
            raise kind(said, "Correct its values") from None
        return value
    return held if isinstance(held, bool | int | float | str) else value
