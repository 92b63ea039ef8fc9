"""What a user may set about the opening-range breakout (rules, sections 3, 11 and 12)."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from trading.parameters import LARGEST, SelectionParameters
from trading.prices import tick_units
from trading.reasons import ENTER_LONG, NO_DECISION, WEAK_BODY

STOP_KINDS = ("range", "atr", "daily_atr", "percent")
STOP_RANGE, STOP_ATR, STOP_DAILY_ATR, STOP_PERCENT = range(4)
TARGET_KINDS = ("none", "range", "atr", "daily_atr", "percent", "r")
# Above every reason, and above UNDECIDED.
NEVER = 1000
TARGET_NONE, TARGET_RANGE, TARGET_ATR, TARGET_DAILY_ATR, TARGET_PERCENT, TARGET_R = range(6)


class OrbNumbers(NamedTuple):
    """The parameters as the loop reads them."""

    range_bars: int
    wick: bool
    breakout_buffer: float
    min_body: float
    max_extension: float
    allow_short: bool
    first_bar_only: bool
    stop_entry: bool
    stop: int
    stop_distance: float
    target: int
    target_multiple: float
    volume_filter: bool
    volume_threshold: float
    tick_units: int
    undecided_from: int  # reasons from this on are left to `signal` by `screen`


class OrbParameters(SelectionParameters):
    """The opening-range breakout: enter when price leaves the range of the first minutes."""

    strategy: Literal["orb"] = Field("orb", description="Which strategy this is")
    range_minutes: int = Field(5, ge=1, le=1440, description="Length of the opening range, minutes")
    breakout_on: Literal["close", "wick"] = Field(
        "close", description="What has to leave the range: a bar's close, or its high or low"
    )
    breakout_buffer: float = Field(
        0.0, ge=0, le=LARGEST, description="USD beyond the level a break needs"
    )
    min_body: float = Field(0.5, ge=-1, le=1, description="Signed body of the breakout bar")
    max_extension: float = Field(
        0.0, ge=0, le=LARGEST, description="Furthest entry, in ranges; 0 = off"
    )
    allow_short: bool = Field(True, description="Whether a break downwards is sold short")
    direction: Literal["both", "first_bar"] = Field(
        "both", description="Which breaks are taken: both, or only those the range itself went"
    )
    entry: Literal["market", "stop"] = Field(
        "market",
        description="At the open after a break, or by a stop order that rests at the range's edge",
    )
    stop: Literal["range", "atr", "daily_atr", "percent"] = Field(
        "range",
        description="Where the stop is: the other side of the range, or stop_atr, stop_daily_atr"
        " or stop_pct away",
    )
    stop_atr: float = Field(1.5, gt=0, le=LARGEST, description="Stop distance in ATR(14)")
    stop_daily_atr: float = Field(
        0.10, gt=0, le=LARGEST, description="Stop distance in ATR(14) of daily bars"
    )
    stop_pct: float = Field(0.01, gt=0, lt=1, description="Stop distance, fraction of the price")
    target: Literal["range", "atr", "daily_atr", "percent", "r", "none"] = Field(
        "range",
        description="What the target counts: target_multiple ranges, ATR(14), daily ATR(14) or R,"
        " or target_pct; none leaves by stop and close alone",
    )
    target_multiple: float = Field(
        2.0, gt=0, le=LARGEST, description="Target distance in what target counts"
    )
    target_pct: float = Field(
        0.02, gt=0, lt=1, description="Target distance, fraction of the entry fill"
    )
    volume_filter: bool = Field(
        False, description="Whether a break needs volume_threshold times the usual volume"
    )
    volume_threshold: float = Field(
        1.5, ge=0, le=LARGEST, description="x mean volume of 20 previous bars"
    )

    @model_validator(mode="after")
    def _check_entry(self) -> Self:
        if self.entry == "stop":
            against = {
                "direction=both (a resting order has one side; set direction=first_bar)": (
                    self.direction == "both"
                ),
                "breakout_on=wick (a touch fills it anyway)": self.breakout_on == "wick",
                "volume_filter=true (no breakout bar is waited for)": self.volume_filter,
            }
            wrong = [text for text, applies in against.items() if applies]
            if wrong:
                raise ValueError(f"entry=stop does not go with {', or with '.join(wrong)}")
        return self

    def first_decision_bar(self, interval_minutes: int) -> int:
        """Return the first bar at whose close is decided: after the range, or its last one."""
        return self.range_minutes // interval_minutes - (self.entry == "stop")

    def opening_bars(self, interval_minutes: int) -> int:
        """Return the bars of the opening range."""
        return self.range_minutes // interval_minutes

    def has_orders(self) -> bool:
        """Return whether entries rest, or a target is no distance in USD."""
        return self.entry == "stop" or self.target in ("percent", "r")

    def target_field(self) -> str:
        """Return the field that is one factor of each kind of target, and nothing else."""
        return "target_multiple"

    def reads_volume(self) -> bool:
        """Return whether volumes decide."""
        by_volume = self.min_daily_volume or self.min_relative_opening_volume or self.select_top
        return bool(self.volume_filter or self.validation or by_volume)

    def check_interval(self, interval_minutes: int) -> None:
        """Raise ValueError when the range is not a whole number of bars."""
        super().check_interval(interval_minutes)
        if self.range_minutes % interval_minutes:
            raise ValueError(
                f"range_minutes {self.range_minutes} is not a multiple of the"
                f" {interval_minutes}-minute bar"
            )

    def numbers(self, interval_minutes: int) -> OrbNumbers:
        """Return the parameters as the functions of the strategy read them."""
        distances = (0.0, self.stop_atr, self.stop_daily_atr, self.stop_pct)
        stop = STOP_KINDS.index(self.stop)
        target = TARGET_KINDS.index(self.target)
        return OrbNumbers(
            self.range_minutes // interval_minutes,
            self.breakout_on == "wick",
            self.breakout_buffer,
            self.min_body,
            self.max_extension,
            self.allow_short,
            self.direction == "first_bar",
            self.entry == "stop",
            stop,
            distances[stop],
            target,
            self.target_pct if target == TARGET_PERCENT else self.target_multiple,
            self.volume_filter,
            self.volume_threshold,
            tick_units(self.tick),
            self._undecided_from(),
        )

    def _undecided_from(self) -> int:
        """Return the first reason that more than the range decides about, or what comes first."""
        if self.entry == "stop":
            return NO_DECISION
        if self.direction == "first_bar":
            return WEAK_BODY
        is_simple = self.stop == "range" and self.target in ("range", "none")
        return NEVER if is_simple and not self.volume_filter else ENTER_LONG
