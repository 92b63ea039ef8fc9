"""Sessions read ahead, settled and kept some at a time give what all of them at once give."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.markets.random_walk import simulated_rows
from trading.backtest import pipeline as stages
from trading.backtest.pipeline import parts_of_sessions
from trading.backtest.run import Outcome, run_backtest
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import make_plan

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
# A half-day among them.
SESSIONS = sessions_between("NYSE", date(2025, 11, 17), date(2025, 12, 5))
SETTINGS = {"stop": "atr", "volume_filter": True, "max_positions": 2, "max_entries": 2}


@pytest.fixture(scope="module")
def panel() -> Panel:
    rows = simulated_rows(SYMBOLS, SESSIONS, 5)
    return make_panel(rows, make_grid(SESSIONS, 5), SYMBOLS)


def everything(outcome: Outcome) -> list[bytes]:
    named = (outcome.fills, outcome.trades, outcome.decisions, outcome.equity, outcome.log.worth)
    return [np.ascontiguousarray(values).tobytes() for values in named]


@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["plain", "indicators"])
@pytest.mark.parametrize("keep", ["all", "changes"])
def test_a_part_of_any_length_changes_nothing(
    panel: Panel,
    engine_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep: str,
    settings: dict[str, object],
) -> None:
    plan = make_plan(SYMBOLS, settings)
    whole = run_backtest(panel, plan, first_traded=2, keep=keep, compiled=False)
    assert len(whole.trades) > 5
    for bars in (1, 3 * 78 * len(SYMBOLS)):
        monkeypatch.setattr(stages, "BARS_AT_A_TIME", bars)
        done: list[int] = []
        # Parts of a run that is watched are a session each, the others as long as they may be.
        for compiled, is_watched in product((False, True), (False, True)):
            outcome = run_backtest(
                panel,
                plan,
                first_traded=2,
                keep=keep,
                compiled=compiled,
                cache_folder=engine_cache,
                progress=(lambda session, total: done.append(session)) if is_watched else None,  # noqa: B023
            )
            assert everything(outcome) == everything(whole)
        assert len(done) > 4
        assert done[-1] == len(SESSIONS)


@given(
    st.lists(st.integers(1, 400), max_size=30),
    st.integers(1, 60),
    st.integers(1, 20_000),
    st.integers(1, 40),
)
def test_parts_hold_every_session_once_and_as_many_as_fit(
    bars: list[int], symbols: int, at_a_time: int, most_sessions: int
) -> None:
    first_row = np.concatenate(([0], np.cumsum(bars, dtype=np.int64))).astype(np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "BARS_AT_A_TIME", at_a_time)
        parts = list(parts_of_sessions(first_row, symbols, most_sessions))
    assert [session for part in parts for session in range(*part)] == list(range(len(bars)))
    room = max(1, at_a_time // symbols)
    for first, end in parts:
        assert end == first + 1 or first_row[end] - first_row[first] <= room
        assert end - first <= most_sessions
        is_full = end - first == most_sessions or end == len(bars)
        assert is_full or first_row[end + 1] - first_row[first] > room
