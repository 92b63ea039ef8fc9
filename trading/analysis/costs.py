"""What trading cost: slippage and fees, and how much of either the trades could bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.analysis.trade_fills import TradeFills, table_order
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.bars import Floats
from trading.reasons import LEG_ASSUMED_CLOSE, LEG_ENTRY, LEG_EXIT, LEG_STOP, FillLeg

BPS = 10_000
# Targets, and limits, fill at their price.
_SLIPPING = (LEG_ENTRY, LEG_EXIT, LEG_STOP, LEG_ASSUMED_CLOSE)
_MOST_TRADES = 5


@dataclass(frozen=True, slots=True)
class LegCosts:
    """What the fills of one kind cost: how many, the slippage and the fees in USD."""

    leg: str
    fills: int
    slippage: float
    fees: float


@dataclass(frozen=True, slots=True)
class DearTrade:
    """A trade by its row in the table of trades, from 0, and what it cost in USD."""

    row: int
    slippage: float
    fees: float
    net_profit: float


@dataclass(frozen=True, slots=True)
class TradeCosts:
    """What each trade cost, arrays of (trades) in the order of the tape, USD."""

    slippage: Floats
    fees: Floats


@dataclass(frozen=True, slots=True)
class Costs:
    """The same trades with and without what they cost; money in USD.

    `gross_profit` is what the same shares would have earned at the prices that were offered and
    without fees: gross_profit = net_profit + slippage + fees. `fees` are commissions and fees.
    `cost_share` is slippage and fees over the gross profit, None where that is not above nothing.
    `break_even_slippage_bps` is the slippage a side, in 0.01 % of the price, at which these trades
    earn nothing, their fees counted: (gross_profit - fees) / the value of the fills that slip.
    It is None where even without slippage nothing is earned. `slippage_bps` is what was paid.
    """

    gross_profit: float
    slippage: float
    fees: float
    net_profit: float
    traded_value: float
    cost_share: float | None
    slippage_bps: float | None
    break_even_slippage_bps: float | None
    by_leg: tuple[LegCosts, ...]
    dearest: tuple[DearTrade, ...]
    of_trades: TradeCosts


def costs_of(joined: TradeFills, offered: Floats) -> Costs:
    """Return what the trades of a run cost; `offered` (fills) as `offered_prices` returns them."""
    fills = joined.fills
    counted = joined.trade >= 0
    quantity = fills.quantity
    slipped = np.where(counted, quantity * (fills.price - offered), 0.0)
    fees = np.where(counted, fills.commission, 0.0)
    slippage, paid = float(slipped.sum()), float(fees.sum())
    net = float(joined.trades.pnl.sum())
    gross = net + slippage + paid
    of_trades = _of_trades(joined, slipped, fees)
    value = np.where(counted, np.abs(quantity) * offered, 0.0)
    slips = np.isin(fills.leg, _SLIPPING)
    slipping = float(value[slips].sum())
    return Costs(
        gross_profit=gross,
        slippage=slippage,
        fees=paid,
        net_profit=net,
        traded_value=float(value.sum()),
        cost_share=(slippage + paid) / gross if gross > 0 else None,
        slippage_bps=slippage / slipping * BPS if slipping > 0 else None,
        break_even_slippage_bps=(
            (gross - paid) / slipping * BPS if slipping > 0 and gross > paid else None
        ),
        by_leg=_by_leg(joined, slipped, fees),
        dearest=_dearest(joined.trades, of_trades),
        of_trades=of_trades,
    )


def _by_leg(joined: TradeFills, slipped: Floats, fees: Floats) -> tuple[LegCosts, ...]:
    counted = joined.trade >= 0
    found = []
    for leg in FillLeg:
        of_leg = counted & (joined.fills.leg == leg.value)
        if of_leg.any():
            count = int(np.count_nonzero(of_leg))
            found.append(
                LegCosts(leg.word, count, float(slipped[of_leg].sum()), float(fees[of_leg].sum()))
            )
    return tuple(sorted(found, key=lambda each: -(each.slippage + each.fees)))


def _of_trades(joined: TradeFills, slipped: Floats, fees: Floats) -> TradeCosts:
    known = np.flatnonzero(joined.trade >= 0)
    count = len(joined.trades.pnl)
    return TradeCosts(
        *(
            np.bincount(joined.trade[known], values[known], count).astype(np.float64)
            for values in (slipped, fees)
        )
    )


def _dearest(trades: TradeRow[Floats], costs: TradeCosts) -> tuple[DearTrade, ...]:
    order = table_order(trades)
    dear = np.argsort(-(costs.slippage + costs.fees)[order], kind="stable")[:_MOST_TRADES]
    return tuple(
        DearTrade(
            int(row),
            float(costs.slippage[order[row]]),
            float(costs.fees[order[row]]),
            float(trades.pnl[order[row]]),
        )
        for row in dear
    )
