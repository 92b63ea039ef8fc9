"""Trades and days drawn again: what comes out has the spread that theory gives it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trading.statistics.monte_carlo import monte_carlo

CAPITAL = 10_000.0
RNG = np.random.default_rng(1)
PNL = RNG.normal(12, 80, 400)
RETURNS = RNG.normal(0.0008, 0.01, 400)


def test_final_profit_is_spread_as_a_sum_of_so_many_trades() -> None:
    found = monte_carlo(PNL, RETURNS, CAPITAL).trades
    assert found is not None
    spread = PNL.std() * math.sqrt(len(PNL))
    quantile = {0.05: "p05", 0.25: "p25", 0.5: "p50", 0.75: "p75", 0.95: "p95"}
    for share, z in ((0.05, -1.645), (0.25, -0.674), (0.5, 0.0), (0.75, 0.674), (0.95, 1.645)):
        value = getattr(found.final_profit, quantile[share])
        assert value == pytest.approx(PNL.sum() + z * spread, abs=0.15 * spread)
    # The chance that the sum is below nothing, were it normal.
    chance = 0.5 * math.erfc(PNL.sum() / spread / math.sqrt(2))
    assert found.loss_probability == pytest.approx(chance, abs=0.01)


def test_days_are_compounded() -> None:
    found = monte_carlo(PNL, RETURNS, CAPITAL).days
    assert found is not None
    middle = CAPITAL * (math.exp(np.log1p(RETURNS).sum()) - 1)
    spread = CAPITAL * RETURNS.std() * 20
    assert found.final_profit.p50 == pytest.approx(middle, abs=0.15 * spread)


def test_drawdowns_are_deepest_first_and_never_above_nothing() -> None:
    found = monte_carlo(PNL, RETURNS, CAPITAL)
    for part in (found.trades, found.days):
        assert part is not None
        drawdown = part.max_drawdown
        assert drawdown.p05 < drawdown.p25 < drawdown.p50 < drawdown.p75 < drawdown.p95 <= 0


def test_a_drawdown_is_counted_from_the_capital_too() -> None:
    found = monte_carlo(np.full(20, -100.0), np.full(20, -0.01), CAPITAL)
    assert found.trades is not None
    assert found.days is not None
    assert found.trades.max_drawdown.p50 == pytest.approx(-0.2)
    assert found.days.max_drawdown.p50 == pytest.approx(0.99**20 - 1)
    assert found.trades.loss_probability == found.days.loss_probability == 1


def test_days_that_follow_each_other_are_drawn_together() -> None:
    # Bad weeks in a row: drawn one by one they would hardly ever come together.
    weeks = np.repeat(np.random.default_rng(2).permutation([-0.02] * 10 + [0.022] * 30), 5)
    alone = monte_carlo(PNL, np.random.default_rng(3).permutation(weeks), CAPITAL).days
    together = monte_carlo(PNL, weeks, CAPITAL).days
    assert alone is not None
    assert together is not None
    assert together.max_drawdown.p05 < 1.15 * alone.max_drawdown.p05


def test_the_same_seed_draws_the_same() -> None:
    assert monte_carlo(PNL, RETURNS, CAPITAL, 3) == monte_carlo(PNL, RETURNS, CAPITAL, 3)
    assert monte_carlo(PNL, RETURNS, CAPITAL, 3) != monte_carlo(PNL, RETURNS, CAPITAL, 4)


def test_many_trades_take_fewer_resamples() -> None:
    found = monte_carlo(np.tile(PNL, 100), RETURNS, CAPITAL)
    assert found.trades is not None
    assert found.days is not None
    assert (found.trades.resamples, found.days.resamples) == (250, 2000)


@pytest.mark.parametrize(
    ("pnl", "returns", "notes"),
    [
        ([], [], ("there are 0, and fewer than 20", "there are 0, and fewer than 20")),
        (PNL[:19], RETURNS, ("trades are not drawn again: there are 19",)),
        (PNL, RETURNS[:5], ("days are not drawn again: there are 5",)),
        (PNL, [*RETURNS[:30], math.nan], ("the account lost all it had",)),
        (PNL, [*RETURNS[:30], -1.4, 0.3], ("the account lost all it had",)),
        ([*PNL, math.inf], RETURNS, ("the profit of one is no number",)),
    ],
)
def test_what_cannot_be_drawn_is_said(
    pnl: list[float], returns: list[float], notes: tuple[str, ...]
) -> None:
    found = monte_carlo(np.array(pnl), np.array(returns), CAPITAL)
    assert len(found.notes) == len(notes)
    for note, words in zip(found.notes, notes, strict=True):
        assert words in note
    assert (found.trades is None) + (found.days is None) == len(notes)
