"""What a user may set: one tree of groups, read from the environment and `.env` by flat names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from blocks.messages.settings import NotificationSettings
from blocks.settings.api import ApiSettings
from blocks.settings.broker import BrokerSettings
from blocks.settings.data import DataSettings
from blocks.settings.group import Group
from blocks.settings.operations import OperationsSettings
from blocks.settings.trading import TradingSettings
from blocks.settings.variables import FIELD_OF
from blocks.storage.settings import CloudSettings
from trading.parameters import (
    FillParameters,
    GateParameters,
    RiskParameters,
    SelectionParameters,
    StrategyParameters,
)
from trading.plan import BUILT_IN, DEFAULT_STRATEGY
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy, OwnStrategy, choice_of

# Which strategy is chosen, as `group.name`.
CHOSEN = "strategy.strategy"


class AppSettings(Group):
    """Everything that may be set.

    The environment wins over `.env`, that over a ruleset, and that over the defaults.
    """

    trading: TradingSettings = TradingSettings()
    data: DataSettings = DataSettings()
    cloud: CloudSettings = CloudSettings()
    broker: BrokerSettings = BrokerSettings()
    strategy: AnyStrategy = OrbParameters.model_validate({})
    risk: RiskParameters = RiskParameters.model_validate({})
    fills: FillParameters = FillParameters.model_validate({})
    gate: GateParameters = GateParameters.model_validate({})
    notifications: NotificationSettings = NotificationSettings()
    api: ApiSettings = ApiSettings()
    operations: OperationsSettings = OperationsSettings()

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str],
        file: Mapping[str, str],
        ruleset: Mapping[str, Any] | None = None,
    ) -> AppSettings:
        """Return the settings of an environment, a `.env` and a ruleset's values by `group.name`.

        Parameters of strategies that are not chosen are left out. Raises pydantic's error.
        """
        said = dict(ruleset or {})
        for variable, text in {**file, **environment}.items():
            if variable in FIELD_OF:
                said[FIELD_OF[variable]] = _from_json(text)
        chosen = str(said.pop(CHOSEN, DEFAULT_STRATEGY))
        groups: dict[str, dict[str, Any]] = {}
        for field, value in said.items():
            group, _, name = field.partition(".")
            if group not in cls.model_fields or group == "strategy":
                if group not in ("strategy", chosen) or not _is_of(
                    chosen, name, is_of_ruleset=field in (ruleset or {})
                ):
                    continue
                group = "strategy"
            groups.setdefault(group, {})[name] = value
        groups["strategy"] = choice_of(chosen, groups.get("strategy", {}))
        return cls.model_validate(groups)

    def value(self, field: str) -> Any:
        """Return the value of `group.name`; of a strategy that is not chosen, the default."""
        group, _, name = field.partition(".")
        if field == CHOSEN:
            return self.chosen
        if group in self.__class__.model_fields and group != "strategy":
            return getattr(getattr(self, group), name)
        if group in ("strategy", self.chosen):
            shared = self.strategy
            if isinstance(shared, OwnStrategy):
                shared = shared_parameters(shared.parameters)
            if name in type(shared).model_fields:
                return getattr(shared, name)
        return field_info(field).get_default(call_default_factory=True)

    @property
    def chosen(self) -> str:
        """Return the name of the strategy: a built-in one, or a file of the user's own."""
        if isinstance(self.strategy, OwnStrategy):
            return self.strategy.file
        return str(getattr(self.strategy, "strategy", DEFAULT_STRATEGY))

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the mask alone."""
        values = (self.value(field) for field in FIELD_OF.values())
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


VARIABLE_OF = {tuple(field.split(".")): name for name, field in FIELD_OF.items()}


def field_info(field: str) -> FieldInfo:
    """Return what is known of `group.name`."""
    group, _, name = field.partition(".")
    if field == CHOSEN:
        return OrbParameters.model_fields["strategy"]
    if group == "strategy":
        return SelectionParameters.model_fields[name]
    if group in BUILT_IN:
        return _model_of(BUILT_IN[group].Parameters).model_fields[name]
    return _model_of(AppSettings.model_fields[group].annotation).model_fields[name]


def _model_of(model: object) -> type[BaseModel]:
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model


def _is_of(strategy: str, parameter: str, *, is_of_ruleset: bool) -> bool:
    """Return whether a strategy has a parameter; what a file has of its own a ruleset may name."""
    if strategy in BUILT_IN:
        return parameter in _model_of(BUILT_IN[strategy].Parameters).model_fields
    return is_of_ruleset or parameter in StrategyParameters.model_fields


def shared_parameters(parameters: Mapping[str, Any]) -> StrategyParameters:
    """Return what all strategies have of the parameters of a file."""
    shared = StrategyParameters.model_fields
    return StrategyParameters.model_validate(
        {name: value for name, value in parameters.items() if name in shared}
    )


def is_secret(field: str) -> bool:
    """Return whether a field is never shown."""
    return "SecretStr" in str(field_info(field).annotation)


def shown(value: Any) -> str:
    """Return a value as it is written in `.env`, a secret as stars."""
    if isinstance(value, SecretStr):
        return "********"
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, tuple):
        if all(isinstance(item, str) for item in value):
            return ",".join(value)
        return json.dumps([list(item.model_dump().values()) for item in value])
    return str(value)


def _from_json(text: str) -> Any:
    # Lists of lists, such as the steps of a trailing stop, have no other form on one line.
    if text.strip().startswith("[["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
