"""Numbers of a run as the engine's loops read them, made of parameters by `make_rules`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Selection(NamedTuple):
    """What a symbol needs to trade in a session, 0 where nothing is asked (rules, section 11)."""

    opening_bars: int
    min_price: float
    min_daily_atr: float
    min_daily_volume: float
    min_relative_opening_volume: float
    select_top: int


NO_SELECTION = Selection(0, 0.0, 0.0, 0.0, 0.0, 0)


class Rules(NamedTuple):
    """Numbers of the engine as the loop reads them, for one bar interval."""

    first_decision_bar: int
    risk_per_trade: float
    max_position_pct: float
    max_positions: int
    max_orders_per_session: int
    max_daily_loss_pct: float
    max_entries: int
    tick_units: int
    target_multiple: float  # how many times as far targets are as the strategy says
    trailing: int
    trail_trigger_r: float
    trail_plus: float
    trail_at_r: NDArray[np.float64]
    trail_stop_r: NDArray[np.float64]
    trail_atr: float
    trail_dollars: float
    trail_pct: float
    sizing: int
    risk_usd: float
    shares: int
    max_shares: int
    leverage: float
    max_drawdown_pct: float
    slippage: float
    volatility_factor: float
    impact_factor: float
    max_participation: float
    commission_per_share: float
    commission_minimum: float
    sec_fee_per_million: float
    taf_per_share: float
    taf_maximum: float
    selection: Selection
    validation: bool
    validation_threshold: float
    needs_atr: bool  # ATR(14) at each close: stops trail by it, or decisions show it
    has_orders: bool  # entries may rest, or have a target of another kind than USD
    has_leave: bool  # positions may leave by the strategy's word
