"""A result without a trade says what kept it from any, with counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from trading.backtest.no_trades import why_no_trades
from trading.backtest.run import run_backtest
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import make_plan

DAYS = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 12))
SYMBOLS = ("AAA", "BBB")
MINUTES = 30


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(simulated_rows(SYMBOLS, DAYS, MINUTES), make_grid(DAYS, MINUTES), SYMBOLS)


def why(panel: Panel, keep: str = "none", **settings: Any) -> str | None:
    asked = {"range_minutes": MINUTES, "min_body": -1.0, "entry_cutoff_minutes": 30, **settings}
    plan = make_plan(SYMBOLS, interval_minutes=MINUTES, capital=10_000.0, settings=asked)
    return why_no_trades(panel, plan, run_backtest(panel, plan, keep=keep), keep)


@pytest.mark.parametrize("keep", ["none", "changes", "all"])
def test_entries_that_find_no_volume_are_counted_whatever_is_kept(panel: Panel, keep: str) -> None:
    thin = replace(panel, volume=np.full_like(panel.volume, 3.0))
    said = why(thin, keep)
    assert said is not None
    count = int(said.removeprefix("0 trades: ").split()[0].replace(",", ""))
    assert count > 20
    assert f"{count} entries found no volume: too little for one share" in said


def test_bars_without_volume_are_named_as_such(panel: Panel) -> None:
    dry = replace(panel, volume=np.zeros_like(panel.volume), has_zero_volume=True)
    assert "(data_gate:zero_volume): every bar has volume 0" in str(why(dry))
    assert "entries found no volume: every bar has volume 0" in str(
        why(dry, gate_zero_volume=False)
    )


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"breakout_buffer": 1e6}, "no_breakout"),
        ({"entry_cutoff_minutes": 385}, "after_cutoff"),
        ({"max_entries": 0}, "max_entries"),
        ({"risk_per_trade": 1e-9}, "size_below_one"),
        ({"min_body": 1.0}, "weak_body"),
    ],
)
def test_the_commonest_reasons_of_decisions_are_named_with_counts(
    panel: Panel, settings: dict[str, Any], word: str
) -> None:
    said = why(panel, **settings)
    assert said is not None
    assert f"({word})" in said
    count, of = said.removeprefix("0 trades: at ").split(" closes ")[0].split(" of ")
    assert 0 < int(count.replace(",", "")) <= int(of.replace(",", ""))


def test_a_bar_that_is_missing_after_every_entry_is_named(panel: Panel) -> None:
    only = np.zeros(panel.close.shape, dtype=np.bool_)
    for begin in panel.grid.first_row[:-1]:
        only[begin : begin + 2] = True
    numbers = {
        name: np.where(only, getattr(panel, name), np.nan)
        for name in ("open", "high", "low", "close", "volume")
    }
    assert "found no further bar in the session" in str(why(replace(panel, **numbers)))


def test_a_result_with_trades_needs_no_words(panel: Panel) -> None:
    assert why(panel) is None
