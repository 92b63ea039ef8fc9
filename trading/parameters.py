"""What a user may set about a strategy, its risk and its fills; the table is in the rules."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from trading.errors import BadInput
from trading.gate.thresholds import GateThresholds, make_thresholds
from trading.market.calendar import INTERVALS_MINUTES
from trading.prices import tick_units
from trading.rules import NO_SELECTION, Rules, Selection

# Beyond these a price no longer fits the integers that round it.
LARGEST = 1e6
MOST = 1_000_000_000
# Longer than any session.
MOST_MINUTES = 100_000
TRAILING_KINDS = ("none", "breakeven", "stepped", "atr", "dollars", "percent")
SIZING_KINDS = ("risk", "fixed_risk", "fixed_shares")
# Buying power that the rules know, times equity.
MOST_LEVERAGE = 4.0


class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _check_numbers(cls, values: Any) -> Any:
        # Pydantic takes true for 1, and whoever writes max_shares: true does not mean one share.
        for name, value in values.items() if isinstance(values, dict) else ():
            field = cls.model_fields.get(name)
            if isinstance(value, bool) and field is not None and field.annotation in (int, float):
                raise ValueError(f"{name}: {str(value).lower()} is no number")
        return values


class TrailingStep(_Numbers):
    """One step of a stepped trailing stop, both in multiples of the initial risk R."""

    at_r: float = Field(gt=0, le=LARGEST, description="Move in favour that reaches this step, in R")
    stop_r: float = Field(
        ge=-LARGEST, le=LARGEST, description="Where the stop then goes, in R from the entry fill"
    )


class StrategyParameters(_Numbers):
    """What every strategy has: when it may enter, and how its stop trails."""

    entry_cutoff_minutes: int = Field(
        60,
        ge=0,
        le=MOST_MINUTES,
        description="No entry at a bar END later than the close minus this, minutes",
    )
    flatten_minutes: int = Field(
        5,
        ge=1,
        le=MOST_MINUTES,
        description="Positions are left this long before the close, minutes",
    )
    max_entries: int = Field(
        1, ge=0, le=MOST, description="Entries per symbol and session; 0 forbids them"
    )
    tick: float = Field(
        0.01, ge=0.0001, le=LARGEST, description="Price step of stops and targets, USD"
    )
    trailing: Literal["none", "breakeven", "stepped", "atr", "dollars", "percent"] = Field(
        "none",
        description="How the stop follows: to break-even once, by trail_steps, behind the best"
        " price by trail_atr, trail_dollars or trail_pct, or not",
    )
    trail_trigger_r: float = Field(
        1.0, ge=0, le=LARGEST, description="Break-even when the move is this, in R"
    )
    trail_plus: float = Field(
        0.0, ge=-LARGEST, le=LARGEST, description="Break-even level beyond the entry fill, USD"
    )
    trail_steps: tuple[TrailingStep, ...] = Field(
        (), description="Of a stepped stop: pairs such as [[2, 1], [3, 2]], both in R"
    )

    trail_atr: float = Field(
        2.0, gt=0, le=LARGEST, description="Of trailing=atr: ATR(14) behind the best price"
    )
    trail_dollars: float = Field(
        1.0, gt=0, le=LARGEST, description="Of trailing=dollars: USD behind the best price"
    )
    trail_pct: float = Field(
        0.01, gt=0, lt=1, description="Of trailing=percent: fraction of the best price behind it"
    )
    validation: bool = Field(
        False, description="Whether trends of 15 and 60 minutes and volume must score enough"
    )
    validation_threshold: float = Field(
        60.0, ge=0, le=100, description="Score of 0 to 100 that validation asks for"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_step_pairs(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("trail_steps"), list | tuple):
            steps = [
                {"at_r": step[0], "stop_r": step[1]}
                if isinstance(step, list | tuple) and len(step) == 2
                else step
                for step in values["trail_steps"]
            ]
            values = {**values, "trail_steps": tuple(steps)}
        return values

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if abs(tick_units(self.tick) / 10000 - self.tick) > 1e-12:
            raise ValueError("tick must be a multiple of 0.0001")
        if self.trailing == "stepped" and not self.trail_steps:
            raise ValueError("trailing=stepped needs trail_steps, such as [[2, 1], [3, 2]]")
        return self

    def first_decision_bar(self, interval_minutes: int) -> int:
        """Return the first bar of a session at which the strategy decides."""
        return 0

    def needs_indicators(self) -> bool:
        """Return whether signals read the ATR or the mean volume."""
        return True

    def reads_volume(self) -> bool:
        """Return whether signals read volumes, which no two feeds count alike."""
        return True

    def selection(self, interval_minutes: int) -> Selection:
        """Return what a symbol needs to trade in a session; by itself a strategy asks nothing."""
        return NO_SELECTION

    def has_orders(self) -> bool:
        """Return whether entries may rest at a level, or have a target that is not in USD."""
        return False

    def check_interval(self, interval_minutes: int) -> None:
        """Raise ValueError when the parameters do not fit bars of this length."""
        if self.validation and 15 % interval_minutes:
            raise ValueError(
                f"validation needs bars that divide 15 minutes, not of {interval_minutes}"
            )

    def target_field(self) -> str:
        """Return the field of `numbers` that every target is a multiple of, "" where none is."""
        return ""

    def numbers(self, interval_minutes: int) -> NamedTuple:
        """Return the parameters as the strategy's own functions read them."""
        raise TypeError(f"{type(self).__name__} must return a NamedTuple of its numbers")


class SelectionParameters(StrategyParameters):
    """Which symbols may trade today: judged once a session, when its opening is over."""

    min_price: float = Field(
        0.0, ge=0, le=LARGEST, description="Open of the session's first bar, USD; 0 = any"
    )
    min_daily_atr: float = Field(
        0.0, ge=0, le=LARGEST, description="ATR(14) of daily bars, USD; 0 = any"
    )
    min_daily_volume: float = Field(
        0.0, ge=0, le=1e15, description="Mean volume of 14 daily bars, shares; 0 = any"
    )
    min_relative_opening_volume: float = Field(
        0.0, ge=0, le=LARGEST, description="Opening volume over its mean of 14 sessions; 0 = any"
    )
    select_top: int = Field(
        0,
        ge=0,
        le=MOST,
        description="Only so many, the highest by relative opening volume; 0 = all",
    )

    def opening_bars(self, interval_minutes: int) -> int:
        """Return how many bars the session's opening has, at the end of which is judged."""
        raise TypeError(f"{type(self).__name__} must say how long the opening is")

    def selection(self, interval_minutes: int) -> Selection:
        """Return the thresholds, with no opening where nothing is asked for."""
        asked = (
            self.min_price,
            self.min_daily_atr,
            self.min_daily_volume,
            self.min_relative_opening_volume,
            self.select_top,
        )
        return Selection(self.opening_bars(interval_minutes) if any(asked) else 0, *asked)


class RiskParameters(_Numbers):
    """How much may be risked, and when it stops for the day (fractions: 0.01 = 1 %)."""

    risk_per_trade: float = Field(0.01, gt=0, le=1, description="Equity risked to the stop")
    max_position_pct: float = Field(
        0.20, gt=0, le=MOST_LEVERAGE, description="Largest position, of equity; up to leverage"
    )
    sizing: Literal["risk", "fixed_risk", "fixed_shares"] = Field(
        "risk", description="What sets the shares: risk_per_trade, risk_usd, or shares"
    )
    risk_usd: float = Field(
        100.0, gt=0, le=MOST, description="Of sizing=fixed_risk: USD risked to the stop"
    )
    shares: int = Field(100, ge=1, le=MOST, description="Of sizing=fixed_shares: shares an entry")
    max_shares: int = Field(0, ge=0, le=MOST, description="Most shares an entry; 0 = off")
    leverage: float = Field(
        1.0, ge=1, le=MOST_LEVERAGE, description="Buying power as a multiple of equity"
    )
    max_positions: int = Field(
        5, ge=1, le=MOST, description="Symbols with a position or a pending entry"
    )
    max_orders_per_session: int = Field(
        50, ge=0, le=MOST, description="Entry orders created a session"
    )
    max_daily_loss_pct: float = Field(
        0.03, gt=0, le=1, description="Loss since the session's start that ends the day"
    )
    max_drawdown_pct: float = Field(
        0.0, ge=0, lt=1, description="Fall from the highest equity that halts; 0 = off"
    )

    @model_validator(mode="after")
    def _check_leverage(self) -> Self:
        if self.max_position_pct > self.leverage:
            raise ValueError(
                f"max_position_pct {self.max_position_pct:g} is above leverage {self.leverage:g}:"
                " no position can be larger than the buying power"
            )
        return self


class FillParameters(_Numbers):
    """What the simulated venue charges and how much of a bar's volume it gives."""

    slippage_bps: float = Field(5.0, ge=0, lt=10000, description="Basis points, one side")
    volatility_factor: float = Field(
        0.0, ge=0, le=LARGEST, description="x range of the previous bar"
    )
    impact_factor: float = Field(0.0, ge=0, le=LARGEST, description="x sqrt(quantity / bar volume)")
    max_participation: float = Field(0.10, ge=0, le=1, description="Of a bar's volume; 0 = off")
    commission_per_share: float = Field(0.0, ge=0, le=LARGEST, description="USD a share")
    commission_minimum: float = Field(0.0, ge=0, le=LARGEST, description="USD a filled part")
    sec_fee_per_million: float = Field(
        0.0, ge=0, le=LARGEST, description="SEC fee of what sells, USD a million USD"
    )
    taf_per_share: float = Field(
        0.0, ge=0, le=LARGEST, description="FINRA's activity fee of what sells, USD a share"
    )
    taf_maximum: float = Field(
        8.30, ge=0, le=LARGEST, description="Most of that activity fee, USD a filled part"
    )


class GateParameters(_Numbers):
    """Which bars are not believed, and which are not entered on (fractions: 0.2 = 20 %); 0 = off.

    A bar that is rejected counts as missing; the others forbid entries and nothing else.
    """

    gate_spike: float = Field(
        0.2, ge=0, lt=1, description="Wick beyond open and close that rejects a bar; 0 = off"
    )
    gate_jump: float = Field(
        0.3, ge=0, lt=1, description="Move from close to close that rejects a bar; 0 = off"
    )
    gate_gap: float = Field(
        0.4, ge=0, lt=1, description="Move over night that forbids the session; 0 = off"
    )
    gate_stale: int = Field(
        6, ge=0, le=MOST, description="Bars without any move that forbid entries; 0 = off"
    )
    gate_zero_volume: bool = Field(
        True, description="Whether nothing is entered at a bar without volume"
    )

    def thresholds(self) -> GateThresholds:
        """Return what the gate compares bars with."""
        return make_thresholds(
            self.gate_spike,
            self.gate_jump,
            self.gate_gap,
            self.gate_stale,
            zero_volume=self.gate_zero_volume,
        )

    @property
    def is_on(self) -> bool:
        """Return whether any check is made."""
        return any(self.model_dump().values())


GATE_OFF = GateParameters(
    gate_spike=0.0, gate_jump=0.0, gate_gap=0.0, gate_stale=0, gate_zero_volume=False
)


# What is set beside the strategy, by the names of the groups in settings, forms and rulesets.
ACCOUNT_GROUPS: dict[str, type[BaseModel]] = {
    "risk": RiskParameters,
    "fills": FillParameters,
    "gate": GateParameters,
}


def make_rules(
    strategy: StrategyParameters,
    risk: RiskParameters,
    fills: FillParameters,
    interval_minutes: int,
    *,
    shows_atr: bool = False,
    has_leave: bool = False,
) -> Rules:
    """Return the numbers of a run for one bar interval; see `Rules` for the last two.

    Raises BadInput when the interval is no bar length or the strategy does not fit it.
    """
    if interval_minutes not in INTERVALS_MINUTES:
        raise BadInput(
            f"interval {interval_minutes} is no bar length",
            f"Use one of {', '.join(map(str, INTERVALS_MINUTES))} minutes",
        )
    try:
        strategy.check_interval(interval_minutes)
    except ValueError as error:
        raise BadInput(str(error), "Change the parameter or the interval") from error
    return Rules(
        strategy.first_decision_bar(interval_minutes),
        risk.risk_per_trade,
        risk.max_position_pct,
        risk.max_positions,
        risk.max_orders_per_session,
        risk.max_daily_loss_pct,
        strategy.max_entries,
        tick_units(strategy.tick),
        1.0,
        TRAILING_KINDS.index(strategy.trailing),
        strategy.trail_trigger_r,
        strategy.trail_plus,
        np.array([step.at_r for step in strategy.trail_steps], dtype=np.float64),
        np.array([step.stop_r for step in strategy.trail_steps], dtype=np.float64),
        strategy.trail_atr,
        strategy.trail_dollars,
        strategy.trail_pct,
        SIZING_KINDS.index(risk.sizing),
        risk.risk_usd,
        risk.shares,
        risk.max_shares,
        risk.leverage,
        risk.max_drawdown_pct,
        fills.slippage_bps / 10000,
        fills.volatility_factor,
        fills.impact_factor,
        fills.max_participation,
        fills.commission_per_share,
        fills.commission_minimum,
        fills.sec_fee_per_million,
        fills.taf_per_share,
        fills.taf_maximum,
        strategy.selection(interval_minutes),
        strategy.validation,
        strategy.validation_threshold,
        shows_atr or strategy.trailing == "atr",
        strategy.has_orders(),
        has_leave,
    )


def bad_input_of(error: ValidationError, where: str) -> BadInput:
    """Return pydantic's complaints as one line of ours, each with the name of its value."""
    complaints = [_complaint(details) for details in error.errors()]
    return BadInput(f"{where}: {'; '.join(complaints)}", "Correct what is named")


def _complaint(details: ErrorDetails) -> str:
    name = ".".join(str(part) for part in details["loc"])
    return f"{name}: {said_of(details)}" if name else said_of(details)


def said_of(details: ErrorDetails) -> str:
    """Return what pydantic says of one value, and the value, without the value's name."""
    given = f" (given {repr(details.get('input'))[:60]})" if details["loc"] else ""
    return f"{details['msg'].removeprefix('Value error, ')}{given}"
