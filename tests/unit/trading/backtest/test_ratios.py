"""The figures of returns, held to what empyrical says of the same returns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trading.backtest.ratios import Ratios, ratios_of, worth_of
from trading.market.bars import Floats


def drawn(count: int) -> Floats:
    """Return so many returns of a normal law."""
    return 0.01 * np.random.default_rng(count).standard_normal(count)


def empyricals(returns: Floats) -> Ratios:
    """Return what empyrical says of returns, where it has a figure and there is time for it."""
    # It brings scipy along, for which otherwise every process of the suite waits.
    import empyrical

    with np.errstate(all="ignore"):
        found = [
            float(figure(returns))
            for figure in (
                empyrical.annual_return, empyrical.annual_volatility, empyrical.sharpe_ratio,
                empyrical.sortino_ratio, empyrical.max_drawdown,
            )
        ]  # fmt: skip
    if len(returns) < 20:
        found[2:4] = math.nan, math.nan
    return Ratios(*(None if math.isnan(figure) else figure for figure in found))


@pytest.mark.parametrize(
    "returns",
    [
        *(drawn(count) for count in (0, 1, 2, 19, 20, 250)),
        np.zeros(30),
        np.full(30, 0.001),
        np.full(30, -0.001),
        # Below zero for a while, and without a cent.
        np.full(30, -1.2),
        np.concatenate((drawn(20), [-1.0], drawn(5))),
    ],
    ids=[
        "none", "one", "two", "nineteen", "twenty", "a year", "nothing earned", "always the same",
        "always lost", "below zero", "all lost",
    ],
)  # fmt: skip
def test_each_figure_is_the_one_that_empyrical_has(returns: Floats) -> None:
    ours, theirs = ratios_of(returns, worth_of(returns), 1.0), empyricals(returns)

    for name in Ratios.__dataclass_fields__:
        one, other = getattr(ours, name), getattr(theirs, name)
        assert one == (other if other is None else pytest.approx(other, rel=1e-9, abs=1e-12)), name
