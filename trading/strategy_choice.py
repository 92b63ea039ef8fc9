"""Which strategy is chosen: one that is built in with its parameters, or a file of one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from trading.parameters import StrategyParameters, bad_input_of
from trading.plan import BUILT_IN, DEFAULT_STRATEGY

# What stands for a file of one's own where a built-in strategy has its name.
FILE = "file"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class OwnStrategy(BaseModel):
    """A strategy of your own: a file of STRATEGIES_DIR, its parameters by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: Literal["file"] = Field("file", description="That it is a file of your own")
    file: str = Field(
        description="Its name in STRATEGIES_DIR without the ending, such as first_bar"
    )
    parameters: dict[str, Any] = Field(
        {}, description='Its parameters by name, such as {"min_move": 0.2}'
    )

    @field_validator("file")
    @classmethod
    def _check_file(cls, name: str) -> str:
        stem = name.strip().removesuffix(".py")
        if not _NAME.fullmatch(stem):
            raise ValueError(
                "name a file of STRATEGIES_DIR by letters, digits and _, such as first_bar"
            )
        if stem in (*BUILT_IN, FILE):
            raise ValueError(f"{stem} is a name of ours; rename your file, such as my_{stem}")
        return stem

    @field_validator("parameters")
    @classmethod
    def _check_shared(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        # What the file has of its own is looked at where it is read.
        names = StrategyParameters.model_fields.keys() & parameters.keys()
        try:
            shared = StrategyParameters.model_validate({name: parameters[name] for name in names})
        except ValidationError as error:
            raise ValueError(bad_input_of(error, "parameters").what) from None
        return parameters | {n: v for n, v in shared.model_dump(mode="json").items() if n in names}


class _ForForms:
    """Says a union as Prefect's form draws it: any of these, each called by its strategy's name."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        members = schema.pop("oneOf")
        names = {ref: name for name, ref in schema.pop("discriminator")["mapping"].items()}
        for member in members:
            handler.resolve_ref_schema(member)["title"] = names[member["$ref"]]
        return {**schema, "anyOf": members}


def _named(value: Any) -> Any:
    """Return a choice with its strategy's name; parameters without one are the breakout's."""
    if isinstance(value, dict) and "strategy" not in value:
        return {**value, "strategy": DEFAULT_STRATEGY}
    return value


if TYPE_CHECKING:
    AnyStrategy = StrategyParameters | OwnStrategy
else:
    AnyStrategy = Annotated[
        Union[tuple(module.Parameters for module in BUILT_IN.values()) + (OwnStrategy,)],  # noqa: UP007
        Field(discriminator="strategy"),
        BeforeValidator(_named),
        _ForForms,
    ]


def parameters_of(choice: AnyStrategy) -> dict[str, Any]:
    """Return a strategy's parameters by name, the built-in one's name among them."""
    if isinstance(choice, OwnStrategy):
        return dict(choice.parameters)
    return choice.model_dump(mode="json")


def file_of(choice: AnyStrategy) -> str | None:
    """Return the name of the user's file, None for a built-in strategy."""
    return choice.file if isinstance(choice, OwnStrategy) else None


def choice_of(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what `AnyStrategy` reads: a built-in strategy by its name, else the file so called."""
    if name in BUILT_IN:
        return {**parameters, "strategy": name}
    return {"strategy": FILE, "file": name, "parameters": parameters}
