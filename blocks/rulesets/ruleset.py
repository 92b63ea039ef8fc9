"""What a ruleset says, and the schema that its file is checked by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from trading.errors import BadInput
from trading.market.calendar import INTERVALS_MINUTES
from trading.market.symbols import refuse_no_symbols
from trading.near_names import nearest_of
from trading.parameters import ACCOUNT_GROUPS, SelectionParameters, said_of
from trading.plan import BUILT_IN, DEFAULT_STRATEGY
from trading.strategy_choice import OwnStrategy


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A named set of values; what it does not say keeps its default.

    `strategy` is a built-in strategy's name or that of a user's file, `parameters` its own.
    """

    name: str
    path: Path
    description: str
    strategy: str
    parameters: Mapping[str, Any]
    groups: Mapping[str, Mapping[str, Any]]
    symbols: tuple[str, ...] = ()
    interval_minutes: int | None = None

    def values(self) -> dict[str, Any]:
        """Return what is said, by `group.name` of the settings."""
        found: dict[str, Any] = {"strategy.strategy": self.strategy}
        for name, value in self.parameters.items():
            is_shared = name in SelectionParameters.model_fields
            found[f"{'strategy' if is_shared else self.strategy}.{name}"] = value
        for group, values in self.groups.items():
            found |= {f"{group}.{name}": value for name, value in values.items()}
        if self.symbols:
            found["trading.symbols"] = self.symbols
        if self.interval_minutes is not None:
            found["data.bar_interval"] = self.interval_minutes
        return found


class RulesetFile(BaseModel):
    """A ruleset's file as it is written; the values of its groups are checked by their models."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("", description="For people; the file's name is what counts")
    version: Any = Field("", description="For people")
    description: str = Field("", description="What it is for")
    symbols: tuple[str, ...] = Field((), description="What is traded, in order of precedence")
    interval_minutes: int | None = Field(None, description="Length of a bar")
    strategy: dict[str, Any] = Field({}, description="Its name as `strategy`, its parameters")
    risk: dict[str, Any] = Field({}, description="How much may be risked")
    fills: dict[str, Any] = Field({}, description="What the simulated venue charges")
    gate: dict[str, Any] = Field({}, description="Which bars are not believed")

    @field_validator("symbols")
    @classmethod
    def _check_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(symbol.strip().upper() for symbol in symbols)
        try:
            refuse_no_symbols(names)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return names

    @field_validator("interval_minutes", mode="before")
    @classmethod
    def _check_is_number(cls, minutes: Any) -> Any:
        if isinstance(minutes, bool):
            raise ValueError("write a number of minutes")
        return minutes

    @field_validator("interval_minutes")
    @classmethod
    def _check_interval(cls, minutes: int | None) -> int | None:
        if minutes is not None and minutes not in INTERVALS_MINUTES:
            raise ValueError(f"use one of {', '.join(map(str, INTERVALS_MINUTES))} minutes")
        return minutes


def ruleset_of(name: str, path: Path, content: Mapping[str, Any]) -> tuple[Ruleset, list[BadInput]]:
    """Return the ruleset that a file's content says, and all that is wrong with it.

    What a strategy of the user's own has beyond all others is looked at when its file is read.
    """
    wrong = list(_unknown(content, RulesetFile, ""))
    known = {key: value for key, value in content.items() if key in RulesetFile.model_fields}
    file = RulesetFile()
    while True:
        try:
            file = RulesetFile.model_validate(known)
            break
        except ValidationError as error:
            wrong += _complaints(error, "")
            # The others are looked at all the same, so that everything wrong is said at once.
            for problem in error.errors():
                known.pop(str(problem["loc"][0]), None)
    strategy = str(file.strategy.get("strategy", DEFAULT_STRATEGY))
    parameters = {name: value for name, value in file.strategy.items() if name != "strategy"}
    if strategy in BUILT_IN:
        wrong += _wrong_values("strategy", BUILT_IN[strategy].Parameters, parameters)
    else:
        try:
            OwnStrategy.model_validate({"file": file.strategy["strategy"]})
        except ValidationError as error:
            said = said_of(error.errors()[0])
            wrong.append(BadInput(f"strategy.strategy: {said}", "Correct this value"))
        every = SelectionParameters.model_fields
        shared = {name: value for name, value in parameters.items() if name in every}
        wrong += _wrong_values("strategy", SelectionParameters, shared)
    groups = {group: dict(getattr(file, group)) for group in ACCOUNT_GROUPS}
    for group, model in ACCOUNT_GROUPS.items():
        wrong += _wrong_values(group, model, groups[group])
    ruleset = Ruleset(
        name, path, file.description, strategy, parameters, groups, file.symbols,
        file.interval_minutes,
    )  # fmt: skip
    return ruleset, wrong


def wrong_parameters(ruleset: Ruleset, module: ModuleType) -> list[BadInput]:
    """Return what a ruleset says wrongly of its strategy, where that is a file of the user's."""
    wrong = _wrong_values("strategy", module.Parameters, ruleset.parameters)
    return [BadInput(f"ruleset {ruleset.path}: {each.what}", each.hint) for each in wrong]


def _wrong_values(group: str, model: type[BaseModel], values: Mapping[str, Any]) -> list[BadInput]:
    wrong = list(_unknown(values, model, f"{group}."))
    known = {name: value for name, value in values.items() if name in model.model_fields}
    try:
        model.model_validate(known)
    except ValidationError as error:
        wrong += _complaints(error, f"{group}.")
    return wrong


def _unknown(values: Mapping[str, Any], model: type[BaseModel], place: str) -> Iterator[BadInput]:
    for name in values:
        if name not in model.model_fields:
            near = nearest_of(str(name), model.model_fields)
            hint = f"Did you mean {place}{near}?" if near else f"Known are: {_names(model)}"
            yield BadInput(f"{place}{name} is not known", hint)


def _names(model: type[BaseModel]) -> str:
    return ", ".join(name for name in model.model_fields if name != "strategy")


def _complaints(error: ValidationError, place: str) -> Iterator[BadInput]:
    for problem in error.errors():
        where = place + ".".join(str(part) for part in problem["loc"])
        yield BadInput(f"{where.rstrip('.')}: {said_of(problem)}", "Correct this value")
