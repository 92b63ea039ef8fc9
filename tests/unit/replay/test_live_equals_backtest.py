"""For every small market and configuration the live desk does what the backtest does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.comparison import panel_of, plan_of, run_openbell
from tests.oracle.damaged_markets import damaged_case
from tests.oracle.random_markets import Case, random_case
from tests.oracle.varied_markets import varied_case
from tests.unit.replay.in_memory import LiveRun, run_live
from tests.unit.trading.small_markets import small_cases
from trading.engine.tapes.trade_tape import FILLS, TRADES
from trading.errors import BadInput
from trading.reasons import Reason
from trading.session.orders import Leg
from trading.session.state import SessionState

quick = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def rows(run: LiveRun, table: str, count: int) -> np.ndarray:
    parts = [getattr(state.tape, table)[: state.tape.counts[count]] for state in run.states]
    return np.concatenate(parts) if parts else np.zeros((0, 1))


def assert_live_is_backtest(case: Case) -> LiveRun:
    outcome = run_openbell(case)
    run = run_live(panel_of(case), plan_of(case), case.first_traded)
    assert rows(run, "fills", FILLS).tobytes() == outcome.fills.tobytes()
    assert rows(run, "trades", TRADES).tobytes() == outcome.trades.tobytes()
    decided = np.array([row for state in run.states for row in state.decisions])
    assert decided.tobytes() == np.ascontiguousarray(outcome.decisions).tobytes()
    if run.states:
        gate = run.states[-1].gate
        assert gate.left()["counts"] == outcome.gate.counts
        listed = [found for state in run.states for found in state.gate.report.findings]
        if not outcome.gate.others:
            # Those of sessions that only warmed up come first.
            assert (
                tuple(listed) == outcome.gate.findings[len(outcome.gate.findings) - len(listed) :]
            )
    equity = np.array([value for state in run.states for _, value in state.equity_points])
    np.testing.assert_array_equal(equity, outcome.equity)
    assert run.differences == {}, "ledger and exchange are said to differ where they agree"
    return run


@quick
@given(small_cases())
def test_a_live_session_is_its_backtest_to_the_last_bit(case: Case) -> None:
    run = assert_live_is_backtest(case)
    assert run.unplanned == 0, "a plan that was carried out planned something again"


@pytest.mark.parametrize("seeds", [30, pytest.param(300, marks=pytest.mark.soak)])
def test_random_markets_trade_live_as_in_the_backtest(seeds: int) -> None:
    traded = refused = 0
    for seed in range(seeds):
        # Half of them are full of the faults that the data gate is for.
        case = damaged_case(seed) if seed % 2 else random_case(seed)
        try:
            panel_of(case)
            plan_of(case)
        except BadInput:
            refused += 1
            continue
        traded += len(rows(assert_live_is_backtest(case), "trades", TRADES))
    assert traded > seeds
    assert refused < seeds / 6


def test_markets_of_all_that_came_later_trade_live_as_in_the_backtest() -> None:
    asked: Counter[str] = Counter()
    for seed in range(26, 44):
        case = replace(varied_case(seed), daily=None)
        try:
            panel_of(case)
            plan_of(case)
        except BadInput:
            continue
        run = assert_live_is_backtest(case)
        assert run.unplanned == 0, seed
        orders = [order for state in run.states for order in state.orders.values()]
        asked.update(str(order.order_type) for order in orders if order.leg == Leg.ENTRY)
        reasons = [row.reason for state in run.states for row in state.decisions]
        asked["left out"] += sum(r in (Reason.NOT_ELIGIBLE, Reason.NOT_SELECTED) for r in reasons)
    assert min(asked[kind] for kind in ("market", "stop", "left out")) > 3, asked


@quick
@given(small_cases())
def test_folding_the_journal_gives_the_state_that_wrote_it(case: Case) -> None:
    plan = plan_of(case)
    run = run_live(panel_of(case), plan, case.first_traded)
    journal = iter(run.ledger.events)
    for state in run.states:
        folded = SessionState(plan, state.session)
        while not folded.is_closed:
            folded.apply(next(journal))
        assert folded.orders == state.orders
        assert folded.equity_points == state.equity_points
        for name in state.book._fields:
            one, other = getattr(folded.book, name), getattr(state.book, name)
            np.testing.assert_array_equal(one, other, err_msg=name)


@quick
@given(small_cases())
def test_every_event_twice_is_every_event_once(case: Case) -> None:
    plan = plan_of(case)
    run = run_live(panel_of(case), plan, case.first_traded)
    if not run.states:
        return
    state, events = run.states[0], []
    for event in run.ledger.events:
        events.append(event)
        if type(event).__name__ == "SessionClosed":
            break
    folded = SessionState(plan, state.session)
    for event in events:
        folded.apply(event)
        if type(event).__name__ in ("Fill", "BarClosed", "SessionStarted"):
            folded.apply(event)
    np.testing.assert_array_equal(folded.book.money, state.book.money)
    np.testing.assert_array_equal(folded.book.quantity, state.book.quantity)
