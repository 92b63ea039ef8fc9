"""What trading cost: the offers are those that the engine itself was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.trading.analysis.runs import SETTINGS, simulated
from trading.analysis.costs import costs_of
from trading.analysis.offered_prices import offered_prices
from trading.analysis.trade_fills import TradeFills, join_fills, table_order
from trading.engine import matching
from trading.reasons import LEG_ENTRY, LEG_TARGET

# Symbols whose simulated bars the strategy earns on.
EARNING = ("CCC", "FFF")
Heard = list[tuple[float, int, float]]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Return what the interpreted engine asks to slip: the offer, the quantity and the price."""
    offers: Heard = []
    real: Callable[..., float] = matching.slipped

    def slipped(rules: Any, price: float, quantity: int, *rest: float) -> float:
        offers.append((price, quantity, real(rules, price, quantity, *rest)))
        return offers[-1][2]

    monkeypatch.setattr(matching, "slipped", slipped)
    return offers


def offers_of_engine(joined: TradeFills, heard: Heard) -> list[float]:
    """Return what each fill was offered, in the order of fills; what did not slip, its price."""
    found, place = [], 0
    for price, quantity in zip(joined.fills.price, joined.fills.quantity, strict=True):
        later = (
            number
            for number in range(place, len(heard))
            if heard[number][2] == price and heard[number][1] * quantity > 0
        )
        at = next(later, None)
        found.append(price if at is None else heard[at][0])
        place = place if at is None else at + 1
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_offers_are_those_that_the_engine_made_worse(name: str, heard: Heard) -> None:
    report = simulated(**SETTINGS[name])
    joined = join_fills(report.outcome, report.panel.grid)

    offered = offered_prices(joined, report.panel, report.outcome.log.close, report.plan.rules())

    assert len(heard) > 15
    assert offered.tolist() == offers_of_engine(joined, heard)


def test_gross_profit_is_that_of_the_same_shares_at_the_offers() -> None:
    report = simulated(**SETTINGS["trailing, all kinds of slippage, parts"])
    joined = join_fills(report.outcome, report.panel.grid)
    offered = offered_prices(joined, report.panel, report.outcome.log.close, report.plan.rules())
    costs = costs_of(joined, offered)

    gross = -sum(q * p for q, p in zip(joined.fills.quantity, offered, strict=True))
    fees = sum(joined.fills.commission)
    assert costs.gross_profit == pytest.approx(gross, abs=1e-6)
    assert costs.fees == pytest.approx(fees)
    assert costs.slippage == pytest.approx(gross - fees - report.summary.total_pnl, abs=1e-6)
    assert costs.slippage > 0 and costs.fees > 0
    assert sum(each.slippage for each in costs.by_leg) == pytest.approx(costs.slippage)
    total = costs.of_trades.slippage + costs.of_trades.fees
    assert total.sum() == pytest.approx(costs.slippage + costs.fees)
    order = table_order(joined.trades)
    assert [total[order[each.row]] for each in costs.dearest] == sorted(total, reverse=True)[:5]


def test_at_the_break_even_slippage_the_same_trades_earn_nothing() -> None:
    report = simulated(EARNING, slippage_bps=1)
    costs = report.analysis.costs
    assert costs is not None and costs.break_even_slippage_bps is not None
    assert costs.slippage_bps == pytest.approx(1, rel=0.01)
    joined = join_fills(report.outcome, report.panel.grid)
    offered = offered_prices(joined, report.panel, report.outcome.log.close, report.plan.rules())
    share = costs.break_even_slippage_bps / 10_000
    slips = joined.fills.leg != LEG_TARGET
    side = np.sign(joined.fills.quantity)
    price = np.where(slips, offered * (1 + side * share), offered)

    earned = -(joined.fills.quantity * price).sum() - joined.fills.commission.sum()
    assert earned == pytest.approx(0, abs=1e-6)


def test_what_earns_nothing_without_slippage_has_no_break_even() -> None:
    costs = simulated(commission_minimum=50.0).analysis.costs
    assert costs is not None and costs.gross_profit < costs.fees
    assert costs.break_even_slippage_bps is None


def test_each_fill_belongs_to_the_trade_that_it_began_or_ended() -> None:
    report = simulated(**SETTINGS["trailing, all kinds of slippage, parts"])
    joined = join_fills(report.outcome, report.panel.grid)
    trades, fills = joined.trades, joined.fills

    assert joined.fills.us[joined.entry_fill].tolist() == trades.entry_us.tolist()
    assert joined.fills.us[joined.last_fill].tolist() == trades.exit_us.tolist()
    for number in range(len(trades.pnl)):
        mine = joined.trade == number
        assert set(fills.symbol[mine]) == {trades.symbol[number]}
        assert np.count_nonzero(fills.leg[mine] == LEG_ENTRY) == 1
        assert fills.quantity[mine].sum() == 0
