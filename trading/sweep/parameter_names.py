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
from trading.near_names import nearest_of
from trading.parameters import said_of
from trading.plan import parameter_models
from trading.sweep.dimension import Dimension, listed
from trading.sweep.parameter_set import BESIDE_PARAMETERS, INTERVALS, SYMBOLS
from trading.sweep.space import Space
from trading.sweep.table import COLUMNS

# A range with more values is long.
_MOST_LOOKED_AT = 1000


def settled(space: Space, module: ModuleType) -> Space:
    """Return a space with values as their parameters hold them, such as 2.0 for 2.

    Raises BadInput for a name that is no parameter, and for a value that cannot
    be; values that only do not go with others are left to their sets.
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
        raise _unknown(name, list(owners))
    return _map(dimension, partial(_held, name, owners[name]))


def _map(dimension: Dimension, hold: Callable[[Any], Any]) -> Dimension:
    """Return a dimension with each value as `hold` gives it back, who refuses wrong ones."""
    if dimension.count <= _MOST_LOOKED_AT:
        return listed(dimension.name, [hold(value) for value in dimension.values()])
    # Of a long range only the ends are looked at, between which the others are.
    ends = [hold(dimension.value_of(place)) for place in (0, 1, dimension.count - 1)]
    kind = type(ends[0])
    return replace(dimension, value_of=lambda place: kind(dimension.value_of(place)))


def _interval(name: str, value: Any) -> int:
    if value not in INTERVALS_MINUTES or isinstance(value, bool):
        raise BadInput(
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
            raise BadInput(said, "Correct its values") from None
        return value
    return held if isinstance(held, bool | int | float | str) else value


def _unknown(name: str, known: list[str]) -> BadInput:
    known = [*known, *BESIDE_PARAMETERS]
    near = nearest_of(name, known)
    meant = f"Did you mean {near}? " if near else ""
    return BadInput(
        f"--grid {name}: there is no such parameter", f"{meant}Known are: {', '.join(known)}"
    )
