"""The plan of a run: which strategy with which parameters, risk, fills and capital."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from trading.engine.reading import ATR_BARS, Reading, make_reading, own_indicators
from trading.engine.strategy.errors import mistakes_explained
from trading.engine.strategy.functions import declared_by, is_first_version
from trading.errors import BadInput, together
from trading.gate.thresholds import GateThresholds
from trading.indicators import Indicator, atr
from trading.near_names import parameters_meant
from trading.parameters import (
    ACCOUNT_GROUPS,
    FillParameters,
    GateParameters,
    RiskParameters,
    StrategyParameters,
    bad_input_of,
    make_rules,
)
from trading.reasons import OWN_1, Reason
from trading.rules import Rules
from trading.strategies import ema_trend, gap_fade, orb, vwap_reversion

# USD. The ledger has room for ten times that, which is left to what is earned.
MOST_CAPITAL = 1e11
# What the words of a strategy's own reasons begin with.
OWN = "own"
FIRST_VERSION_LEVELS = ("range high", "range low")
DEFAULT_STRATEGY = "orb"
BUILT_IN: dict[str, ModuleType] = {
    "orb": orb,
    "vwap_reversion": vwap_reversion,
    "ema_trend": ema_trend,
    "gap_fade": gap_fade,
}


@dataclass(frozen=True)
class RunPlan:
    """Everything but the bars: two runs with equal plans on equal bars are equal.

    `held` are those of `symbols`, its last ones, that an earlier plan left in the book: they are
    looked after until they are flat, and not entered. `given_name` is what the strategy is called
    where a copy of its file is run. `daily_bars_sha256` is of the user's daily bars, empty where
    a run makes its own of its bars.
    """

    strategy_module: ModuleType
    strategy: StrategyParameters
    risk: RiskParameters
    fills: FillParameters
    gate: GateParameters
    symbols: tuple[str, ...]
    exchange: str = "NYSE"
    interval_minutes: int = 5
    capital: float = 10_000.0
    held: tuple[str, ...] = ()
    given_name: str = ""
    daily_bars_sha256: str = ""

    def rules(self) -> Rules:
        """Return the engine's numbers."""
        return make_rules(
            self.strategy,
            self.risk,
            self.fills,
            self.interval_minutes,
            shows_atr=atr(ATR_BARS) in self.indicators().values(),
            has_leave=hasattr(self.strategy_module, "leave"),
        )

    def indicators(self) -> dict[str, Indicator | None]:
        """Return the indicators that the strategy reads, by the fields of its record."""
        return declared_by(self.strategy_module, self.strategy, self.interval_minutes)

    def reading(self) -> Reading:
        """Return what is computed at each close; raises BadInput for what cannot be."""
        return make_reading(self.rules(), self.indicators(), self.interval_minutes)

    def read_indicators(self) -> list[Indicator]:
        """Return what the strategy and the rules read, each as often as it is named."""
        own = own_indicators(self.rules(), self.interval_minutes).values()
        return [each for each in (*self.indicators().values(), *own) if each]

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the names of the levels that the strategy draws, at most two."""
        if is_first_version(self.strategy_module):
            return FIRST_VERSION_LEVELS
        return tuple(getattr(self.strategy_module, "LEVELS", ()))

    @property
    def own_reasons(self) -> dict[str, str]:
        """Return the meanings of the strategy's own reasons by their words."""
        return dict(getattr(self.strategy_module, "REASONS", {}))

    def word_of(self, reason: int) -> str:
        """Return a reason's name in files, the ledger and messages."""
        own = list(self.own_reasons)
        number = reason - OWN_1
        return f"{OWN}:{own[number]}" if 0 <= number < len(own) else Reason(reason).word

    def meaning_of(self, reason: int) -> str:
        """Return what a reason means, as `explain` says it."""
        own = list(self.own_reasons.values())
        number = reason - OWN_1
        return own[number] if 0 <= number < len(own) else Reason(reason).meaning

    def label_of(self, reason: int) -> str:
        """Return what a reason says of a symbol now, as reports and pages have it."""
        own = list(self.own_reasons.values())
        number = reason - OWN_1
        return own[number] if 0 <= number < len(own) else Reason(reason).label

    def thresholds(self) -> GateThresholds:
        """Return what the data gate compares bars with."""
        return self.gate.thresholds()

    def needs_past(self) -> bool:
        """Return whether sessions before the first traded one tell anything: see the rules."""
        return self.gate.is_on or self.reading().studies.rows > 0

    def describe(self) -> dict[str, Any]:
        """Return the plan as JSON-ready values, for summaries and the journal."""
        daily = {"daily_bars_sha256": self.daily_bars_sha256} if self.daily_bars_sha256 else {}
        return {
            "strategy": self.strategy.model_dump(mode="json"),
            "risk": self.risk.model_dump(mode="json"),
            "fills": self.fills.model_dump(mode="json"),
            "gate": self.gate.model_dump(mode="json"),
            "symbols": list(self.symbols),
            "exchange": self.exchange,
            "interval_minutes": self.interval_minutes,
            "capital": self.capital,
            **daily,
        }

    @property
    def strategy_name(self) -> str:
        """Return the strategy's name as trades carry it: its own word, else that of its file."""
        module = self.strategy_module
        of_file = PurePath(module.__file__ or module.__name__).stem
        return self.given_name or str(getattr(self.strategy, "strategy", of_file))


def parse_settings(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Return `name=value` pairs as a dictionary; values are read as JSON where they are JSON."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"--set {pair!r} is not name=value", "Write it as --set min_body=0.3")
        try:
            value: Any = json.loads(text)
        except json.JSONDecodeError:
            value = text.strip()
            if value.lower() in ("true", "false"):
                value = value.lower() == "true"
        settings[name.strip()] = value
    return settings


def make_plan(
    symbols: list[str] | tuple[str, ...],
    settings: dict[str, Any],
    *,
    exchange: str = "NYSE",
    interval_minutes: int = 5,
    capital: float = 10_000.0,
    strategy_module: ModuleType | None = None,
) -> RunPlan:
    """Return a checked plan; `settings` takes any parameter that the rules name.

    Raises BadInput, naming the parameter, for unknown names, wrong types, values out of range
    and parameters that do not fit together.
    """
    module = strategy_module or strategy_in(settings)
    with mistakes_explained(module):
        built, wrong = _validated(settings, module)
        wrong += _wrong_run(symbols, capital)
    if wrong:
        raise together(wrong)
    plan = RunPlan(
        module,
        built[0],
        built[1],
        built[2],
        built[3],
        tuple(symbols),
        exchange,
        interval_minutes,
        float(capital),
    )
    with mistakes_explained(module):
        plan.reading()
        numbers = plan.strategy.numbers(interval_minutes)
    if not hasattr(numbers, "_fields"):
        raise BadInput(
            f"strategy {plan.strategy_name}: numbers of its Parameters returned"
            f" {type(numbers).__name__}",
            "It has to return a NamedTuple of numbers",
        )
    return plan


def wrong_settings(settings: dict[str, Any], module: ModuleType) -> list[BadInput]:
    """Return all that is wrong with settings, each naming its parameters."""
    return _validated(settings, module)[1]


def _validated(settings: dict[str, Any], module: ModuleType) -> tuple[list[Any], list[BadInput]]:
    """Return the parameters of each group, and what is wrong with those that are not there."""
    models = parameter_models(module)
    # To look them up takes longer than to validate: a sweep makes thousands of plans.
    names = [model.model_fields for model in models]
    known = [name for group in names for name in group]
    wrong = [_unknown(name, known) for name in settings if name not in known]
    built = []
    for model, own in zip(models, names, strict=True):
        try:
            built.append(
                model.model_validate({n: value for n, value in settings.items() if n in own})
            )
        except ValidationError as error:
            wrong.append(bad_input_of(error, "parameters"))
    return built, wrong


def _unknown(name: str, known: list[str]) -> BadInput:
    return BadInput(f"--set {name}: there is no such parameter", parameters_meant(name, known))


def parameter_models(module: ModuleType) -> tuple[type[BaseModel], ...]:
    """Return what is set about a strategy, its risk, its fills and its gate."""
    return module.Parameters, *ACCOUNT_GROUPS.values()


def strategy_in(settings: Mapping[str, Any]) -> ModuleType:
    """Return the built-in strategy that settings name; raises BadInput for one that is none."""
    return strategy_named(str(settings.get("strategy", DEFAULT_STRATEGY)))


def strategy_named(name: str) -> ModuleType:
    """Return a built-in strategy's module by its name."""
    if name not in BUILT_IN:
        raise BadInput(
            f"strategy {name!r} is not built in", f"Use one of: {', '.join(sorted(BUILT_IN))}"
        )
    return BUILT_IN[name]


def _wrong_run(symbols: list[str] | tuple[str, ...], capital: float) -> list[BadInput]:
    wrong = []
    if not symbols:
        wrong.append(
            BadInput("no symbols are given", "Name at least one, such as --symbols AAPL,MSFT")
        )
    repeated = sorted({symbol for symbol in symbols if list(symbols).count(symbol) > 1})
    wrong += [
        BadInput(f"symbol {symbol} is given twice", "Name each symbol once") for symbol in repeated
    ]
    # Written so that a NaN is refused too.
    if not 0 < capital <= MOST_CAPITAL:
        wrong.append(
            BadInput(
                f"capital {capital:g} is not above 0, or above {MOST_CAPITAL:g}",
                f"Give a capital above 0 and up to {MOST_CAPITAL:g} USD",
            )
        )
    return wrong
