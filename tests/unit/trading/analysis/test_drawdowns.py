"""The falls of an equity, one by one in a plain loop."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from trading.analysis import drawdowns
from trading.analysis.drawdowns import drawdowns_of
from trading.market.calendar import make_grid, sessions_between

CAPITAL = 1000.0


def plain(equity: np.ndarray) -> list[tuple[float, float, int, int | None]]:
    """Return (depth, loss, first bar below, bar of the recovery), the deepest fall first."""
    found, highest, begin, lowest = [], CAPITAL, None, 0.0
    for bar, worth in enumerate(equity.tolist()):
        if worth < highest:
            begin, lowest = (bar, worth) if begin is None else (begin, min(lowest, worth))
        else:
            if begin is not None:
                found.append((lowest / highest - 1, highest - lowest, begin, bar))
            highest, begin = worth, None
    if begin is not None:
        found.append((lowest / highest - 1, highest - lowest, begin, None))
    return sorted(found, key=lambda fall: (fall[0], fall[2]))


@pytest.mark.parametrize("part", [7, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_falls_are_those_of_a_plain_loop(
    seed: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawdowns, "_BARS_AT_A_TIME", part)
    grid = make_grid(sessions_between("NYSE", date(2025, 6, 23), date(2025, 7, 11)), 60)
    draw = np.random.default_rng(seed)
    equity = CAPITAL + np.round(draw.standard_normal(grid.rows).cumsum() * 5, 2)
    equity[20:24] = equity[19]

    found = drawdowns_of(equity, grid.start_us, grid.sessions, CAPITAL)

    falls = plain(equity)
    assert found.count == len(falls)
    assert found.largest_loss == pytest.approx(max(loss for _, loss, _, _ in falls))
    assert [fall.depth for fall in found.deepest] == [
        pytest.approx(depth) for depth, *_ in falls[:10]
    ]
    session = [s for s in range(len(grid.sessions)) for _ in range(*grid.first_row[s : s + 2])]
    dates = [each.date for each in grid.sessions]
    for fall, (_, _, begin, end) in zip(found.deepest, falls, strict=False):
        assert fall.peak == (dates[session[begin - 1]] if begin else None)
        assert fall.recovery == (None if end is None else dates[session[end]])
        bars = (len(equity) if end is None else end) - begin
        assert fall.bars == bars
        trough = begin + int(equity[begin : begin + bars].argmin())
        assert fall.trough == dates[session[trough]]
        last = len(dates) - 1 if end is None else session[end]
        assert fall.sessions_up == last - session[trough]


def test_an_account_that_never_falls_has_no_drawdown() -> None:
    grid = make_grid(sessions_between("NYSE", date(2025, 6, 23), date(2025, 6, 23)), 60)
    flat = np.full(grid.rows, CAPITAL)
    found = drawdowns_of(flat, grid.start_us, grid.sessions, CAPITAL)

    assert (found.deepest, found.count, found.largest_loss, found.under_water) == ((), 0, 0.0, 0.0)
