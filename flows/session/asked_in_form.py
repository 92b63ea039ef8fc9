"""What a form asks for: its values, what a ruleset says where they say nothing, the strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from blocks.own_strategies import own_strategy
from blocks.rulesets.reader import read_ruleset
from blocks.rulesets.ruleset import Ruleset
from blocks.settings.app_settings import AppSettings
from flows.session.request import DEFAULT_INTERVAL_MINUTES, DEFAULT_SYMBOLS
from trading.errors import BadInput
from trading.parameters import ACCOUNT_GROUPS
from trading.plan import BUILT_IN, DEFAULT_STRATEGY
from trading.strategy_choice import FILE

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormValues:
    """The fields that a ruleset may fill, as JSON has them; `groups` as in ACCOUNT_GROUPS."""

    strategy: Values
    groups: Mapping[str, Values] = field(default_factory=dict)
    ruleset: str | None = None
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    interval_minutes: int = DEFAULT_INTERVAL_MINUTES


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form comes to; `unfit` is what is wrong with its ruleset or its strategy file."""

    settings: dict[str, Any]
    strategy_module: ModuleType | None
    symbols: tuple[str, ...]
    interval_minutes: int
    unfit: BadInput | None = None

    def required(self) -> Asked:
        """Return the same, or raise what is wrong with it."""
        if self.unfit is not None:
            raise self.unfit
        return self


def asked_in_form(form: FormValues, configured: AppSettings, data_dir: Path) -> Asked:
    """Return what a form asks for of an account's folder.

    A form sends every value that it shows: one that stands at its default says nothing, and gives
    way to the ruleset.
    """
    try:
        return _asked(form, configured, data_dir)
    except BadInput as error:
        return Asked({}, None, form.symbols, form.interval_minutes, error)


def _asked(form: FormValues, configured: AppSettings, data_dir: Path) -> Asked:
    name, parameters = _strategy_of(form.strategy)
    groups = dict(form.groups)
    ruleset = None
    symbols, minutes = form.symbols, form.interval_minutes
    if form.ruleset:
        ruleset = read_ruleset(form.ruleset, data_dir)
        name, parameters = _filled(name, parameters, ruleset)
        groups = {
            group: {**ruleset.groups[group], **_said(values, ACCOUNT_GROUPS[group])}
            for group, values in groups.items()
        }
        if symbols == DEFAULT_SYMBOLS and ruleset.symbols:
            symbols = ruleset.symbols
        if minutes == DEFAULT_INTERVAL_MINUTES and ruleset.interval_minutes is not None:
            minutes = ruleset.interval_minutes
    settings = dict(parameters)
    for values in groups.values():
        settings |= values
    if name in BUILT_IN:
        return Asked({"strategy": name, **settings}, None, symbols, minutes)
    folder = configured.operations.strategies_folder(data_dir)
    return Asked(settings, own_strategy(name, folder, ruleset), symbols, minutes)


def _strategy_of(values: Values) -> tuple[str, dict[str, Any]]:
    """Return the strategy's name and its parameters."""
    name = str(values.get("strategy", DEFAULT_STRATEGY))
    if name == FILE:
        return str(values.get("file", "")), dict(values.get("parameters", {}))
    return name, {key: value for key, value in values.items() if key != "strategy"}


def _filled(name: str, parameters: dict[str, Any], ruleset: Ruleset) -> tuple[str, dict[str, Any]]:
    said = _said(parameters, BUILT_IN[name].Parameters) if name in BUILT_IN else parameters
    if name == ruleset.strategy:
        return name, {**ruleset.parameters, **said}
    if name == DEFAULT_STRATEGY and not said:
        return ruleset.strategy, dict(ruleset.parameters)
    raise BadInput(
        f"strategy is {name}, and ruleset {ruleset.name} is of {ruleset.strategy}",
        f"Empty the field ruleset, or choose {ruleset.strategy} under strategy",
    )


def _said(values: Values, model: type[BaseModel]) -> dict[str, Any]:
    """Return the values that do not stand at their defaults."""
    defaults = model().model_dump(mode="json")
    return {name: value for name, value in values.items() if value != defaults.get(name)}
