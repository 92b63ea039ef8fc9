"""What is wrong with settings, in words, and which variables are to blame."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import ValidationError

from blocks.settings.app_settings import CHOSEN, VARIABLE_OF, is_secret
from trading.plan import BUILT_IN
from trading.strategy_choice import FILE

ACTIVE_RULESET = "ACTIVE_RULESET"


class Origin(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    RULESET = "ruleset"
    FILE = ".env"
    ENVIRONMENT = "environment"
    BLOCK = "block"


def complaints(
    error: ValidationError, environment: Mapping[str, str], file: Mapping[str, str]
) -> list[str]:
    """Return a line for each value that is wrong, secrets left out."""
    lines = []
    for problem in error.errors():
        message = problem["msg"].removeprefix("Value error, ")
        place = _place(problem["loc"])
        name = VARIABLE_OF.get(place)
        if name is None:
            lines.append(f"{place[0] if place else 'settings'}: {message}. Correct these values")
            continue
        origin = Origin.ENVIRONMENT if name in environment else Origin.FILE
        text = environment.get(name, file.get(name, ""))
        given = "" if is_secret(".".join(place)) else f" (given {text[:60]!r} in {origin})"
        lines.append(f"{name}: {message}{given}. Correct this value")
    return lines


def _place(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return group and name of a pydantic place; a strategy's are found under its own name."""
    place = tuple(str(part) for part in location)
    if place[:1] != ("strategy",):
        return place[:2]
    if place[1:2] == (FILE,):
        return tuple(CHOSEN.split(".")) if place[2:3] == ("file",) else ("strategy",)
    own, shared = place[1:3], ("strategy", *place[2:3])
    return own if own in VARIABLE_OF else shared


def blamed_by(error: ValidationError) -> set[str]:
    """Return the variables whose values are wrong, all of a group that does not fit together."""
    blamed = set()
    for problem in error.errors():
        place = _place(problem["loc"])
        name = VARIABLE_OF.get(place)
        groups = {"strategy", *BUILT_IN} if place[:1] == ("strategy",) else set(place[:1])
        # Where a group does not fit together, none of it counts, and no ruleset that says it.
        group = {v for (g, _), v in VARIABLE_OF.items() if g in groups} | {ACTIVE_RULESET}
        blamed |= {name} if name is not None else group
    return blamed
