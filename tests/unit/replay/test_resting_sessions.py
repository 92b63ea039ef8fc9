"""Sessions whose entries rest, leave and are replaced are their backtests, whatever dies or fails.

The strategy says everything that one may, with targets and lifetimes of every kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.oracle.comparison import panel_of
from tests.oracle.damaged_markets import damaged_case
from tests.oracle.random_markets import Case, random_case
from tests.unit.replay import noisy_strategy
from tests.unit.replay.faulty_exchange import FaultyExchange
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, run_live
from tests.unit.replay.killed_sessions import Killer, journal_of, trade
from tests.unit.replay.test_fold import run_with_checks
from trading.backtest.run import run_backtest
from trading.engine.tapes.trade_tape import FILLS, TRADES, TradeRow
from trading.errors import BadInput
from trading.market.panel import Panel
from trading.parameters import FillParameters, GateParameters, RiskParameters, StrategyParameters
from trading.parity.as_consumed import decisions_of, replay_as_consumed
from trading.plan import RunPlan, make_plan
from trading.reasons import ExitReason
from trading.session.events import Fill, OrderUpdate
from trading.session.orders import Leg, Status
from trading.session.state import SessionState

KNOWN = {
    name
    for model in (StrategyParameters, RiskParameters, FillParameters, GateParameters)
    for name in model.model_fields
}
# Enough entries that there is something to compare.
BUSY = {"max_entries": 5, "max_orders_per_session": 50, "max_positions": 3}


def noisy_plan(case: Case) -> RunPlan:
    """Return a case's settings with the strategy that says everything, and more of section 14."""
    random = np.random.default_rng(case.seed)

    def pick(*values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    more = {
        "trailing": pick("none", "breakeven", "atr", "dollars", "percent"),
        "trail_dollars": case.rows[0][5] * 0.003 if case.rows else 1.0,
        "trail_pct": 0.002,
        "trail_atr": 1.0,
        "leverage": pick(1.0, 2.0, 4.0),
        "sizing": pick("risk", "fixed_risk", "fixed_shares"),
        "max_shares": pick(0, 0, 7),
        "sec_fee_per_million": pick(0.0, 27.8),
        "taf_per_share": pick(0.0, 0.000166),
        "max_drawdown_pct": pick(0.0, 0.0, 0.001, 0.02),
    }
    known = {name: value for name, value in case.settings.items() if name in KNOWN}
    return make_plan(
        case.symbols,
        {**known, **more, **BUSY},
        exchange=case.exchange,
        interval_minutes=case.interval,
        capital=case.capital,
        strategy_module=noisy_strategy,
    )


def markets(first: int, end: int) -> Iterator[tuple[int, Panel, RunPlan, Case]]:
    for seed in range(first, end):
        case = damaged_case(seed) if seed % 2 else random_case(seed)
        try:
            yield seed, panel_of(case), noisy_plan(case), case
        except BadInput:
            continue


def tapes(states: list[SessionState]) -> tuple[bytes, bytes]:
    fills, trades = (
        b"".join(getattr(s.tape, name)[: s.tape.counts[count]].tobytes() for s in states)
        for name, count in (("fills", FILLS), ("trades", TRADES))
    )
    return fills, trades


def test_live_is_the_backtest_to_the_last_bit() -> None:
    seen: Counter[str] = Counter()
    for seed, panel, plan, case in markets(0, 30):
        outcome = run_backtest(panel, plan, first_traded=case.first_traded, keep="all")
        run = run_live(panel, plan, case.first_traded)
        assert tapes(run.states) == (outcome.fills.tobytes(), outcome.trades.tobytes()), seed
        equity = np.array([value for state in run.states for _, value in state.equity_points])
        np.testing.assert_array_equal(equity, outcome.equity, err_msg=str(seed))
        rows = np.array([row for state in run.states for row in state.decisions])
        assert rows.tobytes() == np.ascontiguousarray(outcome.decisions).tobytes(), seed
        assert run.differences == {}, seed
        assert run.unplanned == 0, f"{seed}: a plan that was carried out planned something again"
        for state in run.states:
            for trade_row in state.tape.trades[: state.tape.counts[TRADES]].tolist():
                seen[ExitReason(int(TradeRow(*trade_row).exit_reason)).word] += 1
            for order in state.orders.values():
                if order.leg == Leg.ENTRY:
                    seen[f"{order.order_type} {order.status}"] += 1
            seen["halted"] += state.is_in_drawdown
    kinds = [
        f"{kind} {end}" for kind in ("market", "stop", "limit") for end in ("filled", "cancelled")
    ]
    for kind in (*kinds, "stop", "target", "signal", "flatten", "latch", "halted"):
        assert seen[kind] >= 3, kind


def test_a_journal_is_planned_again_with_the_same_orders() -> None:
    intents = 0
    for seed, panel, plan, case in markets(300, 308):
        run = run_live(panel, plan, case.first_traded)
        for state in run.states:
            found = replay_as_consumed(
                SessionState(plan, state.session),
                ACCOUNT,
                journal_of(run.ledger, str(state.session.date)),
                list(decisions_of(state)),
            )
            assert found.differences == (), seed
            intents += found.intents
    assert intents > 50


@pytest.mark.parametrize("seed", range(100, 106))
def test_a_session_that_dies_at_any_edge_goes_on_as_if_it_had_not(seed: int) -> None:
    case = replace(random_case(seed), first_traded=0)
    panel, plan = panel_of(case), noisy_plan(case)
    exchange, undisturbed = MemoryExchange(plan), Killer()
    states, _ = trade(panel, plan, exchange, undisturbed)
    random = np.random.default_rng(seed)
    edges: dict[str, list[int]] = {}
    for number, edge in enumerate(undisturbed.reached):
        edges.setdefault(edge, []).append(number)
    # Some that come often, and one of each kind: together more than one death a session.
    chosen = [int(random.choice(numbers)) for numbers in edges.values()]
    for kills in (chosen[:3], chosen[3:6], chosen[6:]):
        killer, other = Killer(frozenset(kills)), MemoryExchange(plan)
        again, _ = trade(panel, plan, other, killer)
        assert killer.kills == len(kills)
        assert tapes(again) == tapes(states)
        assert [state.orders for state in again] == [state.orders for state in states]
        assert other.stream_of_events == exchange.stream_of_events


def test_an_exchange_that_loses_requests_and_answers_leaves_no_entry_without_its_stop() -> None:
    seen: Counter[str] = Counter()
    for seed, _, plan, case in markets(200, 214):
        exchange = FaultyExchange(plan, seed, foreign_share=0.0)
        events = run_with_checks(case, exchange, plan)
        seen["lost"] += exchange.lost
        for event in events:
            if isinstance(event, OrderUpdate) and event.leg == Leg.ENTRY:
                seen[event.status] += 1
        happened = exchange.stream_of_events
        for event, following in pairwise(happened):
            if isinstance(event, Fill) and event.leg == Leg.ENTRY:
                seen["entered"] += 1
                assert isinstance(following, OrderUpdate)
                assert (following.leg, following.status) == (Leg.STOP, Status.WORKING)
                assert following.quantity == -event.quantity
    assert min(seen[kind] for kind in ("lost", "entered", Status.UNKNOWN, Status.CANCELLED)) > 10
