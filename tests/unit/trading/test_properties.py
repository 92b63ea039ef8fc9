"""What holds for every market and every configuration."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import starmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.comparison import bar_rows, panel_of, plan_of, run_openbell
from tests.oracle.ledger import fills_of_bars, fold
from tests.oracle.random_markets import Case, random_case
from tests.oracle.reference.bars import MINUTE
from tests.oracle.shared_data import real_case
from tests.unit.trading import coin_side
from tests.unit.trading.small_markets import small_cases
from trading.backtest import run as backtest
from trading.backtest.checks.look_ahead_check import look_ahead_test
from trading.backtest.run import Outcome, run_backtest
from trading.engine.book import OPEN_POSITIONS, PENDING_ENTRIES, WAITING_EXITS
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.errors import BadInput
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan, make_plan
from trading.reasons import ENTER_LONG, ENTER_SHORT, ExitReason

TABLES = ("fills", "trades", "decisions", "equity")
INTERVAL_US = 60 * MINUTE
SYMBOLS = ("AAPL", "AMZN", "GLD", "GOOGL", "MSFT", "QQQ", "SPY", "TSLA")

quick = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def trades_of(outcome: Outcome) -> Iterator[TradeRow[float]]:
    """Yield the trades of an outcome."""
    return starmap(TradeRow, outcome.trades.tolist())


def assert_same(one: Outcome, other: Outcome) -> None:
    """Two outcomes are the same to the last bit."""
    for name in TABLES:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@quick
@given(small_cases())
def test_trades_and_positions_are_a_fold_of_the_fills(case: Case) -> None:
    outcome = run_openbell(case)
    folded = fold(panel_of(case), outcome, case.capital)

    assert len(folded.closed) == len(outcome.trades)
    for holding, trade in zip(folded.closed, trades_of(outcome), strict=True):
        assert holding.symbol == trade.symbol
        assert math.copysign(1, holding.entry_quantity) == trade.side
        assert abs(holding.entry_quantity) == trade.quantity
        assert (holding.entry_us, holding.entry_price) == (trade.entry_us, trade.entry_price)
        assert (holding.exit_us, holding.exit_price()) == (trade.exit_us, trade.exit_price)
        assert holding.pnl() == pytest.approx(trade.pnl, abs=1e-6)
        reason = ExitReason(int(trade.exit_reason)).word
        if "assumed_close" in holding.legs:
            assert reason == "assumed_close"
        elif holding.legs[0] in ("stop", "target"):
            assert reason == holding.legs[0]


@quick
@given(small_cases())
def test_equity_is_cash_plus_positions_at_every_bar(case: Case) -> None:
    outcome = run_openbell(case)
    folded = fold(panel_of(case), outcome, case.capital)
    assert outcome.equity.tolist() == pytest.approx(folded.equity, abs=1e-6)
    earned = sum(trade.pnl for trade in trades_of(outcome))
    assert outcome.equity[-1] == pytest.approx(case.capital + earned, abs=1e-6)


@quick
@given(small_cases())
def test_nothing_is_held_or_pending_after_a_session(case: Case) -> None:
    outcome = run_openbell(case)
    folded = fold(panel_of(case), outcome, case.capital)
    assert folded.held_after_session == [{}] * len(case.sessions)
    counts = outcome.book.flags[[OPEN_POSITIONS, PENDING_ENTRIES, WAITING_EXITS]]
    assert counts.tolist() == [0, 0, 0]
    assert not outcome.book.quantity.any()


@quick
@given(small_cases(commission_per_share=0.0, commission_minimum=0.0))
def test_an_entry_never_takes_buying_power_below_zero(case: Case) -> None:
    outcome = run_openbell(case)
    for moment in fold(panel_of(case), outcome, case.capital).moments:
        if moment.leg == "entry":
            assert moment.equity - moment.gross >= -1e-6 * max(1.0, moment.gross)


@quick
@given(small_cases())
def test_no_entry_is_decided_after_the_cut_off_or_filled_after_the_flatten_bar(case: Case) -> None:
    outcome = run_openbell(case)
    cutoff = case.settings["entry_cutoff_minutes"] * MINUTE
    flatten = case.settings["flatten_minutes"] * MINUTE
    for us, symbol, reason in outcome.decisions[:, :3].tolist():
        if reason in (ENTER_LONG, ENTER_SHORT):
            opened, closed = next((o, c) for _, o, c in case.sessions if o <= us < c)
            end = min(us + INTERVAL_US, closed)
            assert end <= closed - cutoff, symbol
            # Some later bar must still end by the flatten time, or the entry could not leave.
            assert end + INTERVAL_US <= closed - flatten
            assert us >= opened + case.settings["range_minutes"] * MINUTE
    for us, _, leg, _ in fills_of_bars(outcome):
        if leg == "entry":
            closed = next(c for _, o, c in case.sessions if o <= us < c)
            assert us + INTERVAL_US <= closed - flatten


@quick
@given(small_cases())
def test_sizes_keep_to_the_risk_the_position_and_the_count_limits(case: Case) -> None:
    outcome = run_openbell(case)
    p = case.settings
    for row in starmap(DecisionRow, outcome.decisions.tolist()):
        if row.reason in (ENTER_LONG, ENTER_SHORT):
            price, stop, quantity, equity = row.price, row.stop, row.quantity, row.equity
            assert quantity >= 1
            assert quantity == int(quantity)
            assert quantity * abs(price - stop) <= p["risk_per_trade"] * equity * (1 + 1e-9)
            assert quantity * price <= p["max_position_pct"] * equity * (1 + 1e-9)
    entries = Counter(
        (symbol, next(d for d, o, c in case.sessions if o <= us < c))
        for us, symbol, leg, _ in fills_of_bars(outcome)
        if leg == "entry"
    )
    assert max(entries.values(), default=0) <= p["max_entries"]


@quick
@given(small_cases())
def test_fills_keep_to_their_share_of_the_bars_volume(case: Case) -> None:
    panel, outcome = panel_of(case), run_openbell(case)
    share = case.settings["max_participation"]
    rows = {int(us): row for row, us in enumerate(panel.grid.start_us)}
    taken: Counter[tuple[int, int, bool]] = Counter()
    for us, symbol, leg, quantity in fills_of_bars(outcome):
        assert not math.isnan(panel.close[rows[us], symbol]), "a fill in a missing bar"
        if leg != "assumed_close":
            taken[us, symbol, leg == "entry"] += quantity
    for (us, symbol, _), quantity in taken.items():
        if share > 0:
            assert quantity <= math.floor(share * panel.volume[rows[us], symbol])


@quick
@given(small_cases(slippage_bps=0.0, impact_factor=0.0, volatility_factor=0.0))
def test_without_slippage_fills_lie_inside_their_bar(case: Case) -> None:
    panel, outcome = panel_of(case), run_openbell(case)
    rows = {int(us): row for row, us in enumerate(panel.grid.start_us)}
    for us, symbol, _, _, price, _ in outcome.fills.tolist():
        row, s = rows[int(us)], int(symbol)
        assert panel.low[row, s] <= price <= panel.high[row, s]


@quick
@given(small_cases(), st.sampled_from([5.0, 50.0]))
def test_slippage_never_makes_a_fill_better(case: Case, bps: float) -> None:
    panel = panel_of(case)
    outcome = run_openbell(replace(case, settings={**case.settings, "slippage_bps": bps}))
    rows = {int(us): row for row, us in enumerate(panel.grid.start_us)}
    for us, symbol, leg, quantity, price, _ in outcome.fills.tolist():
        row, s = rows[int(us)], int(symbol)
        if leg in (0, 3):  # entries and market exits fill at the open
            worse = price - panel.open[row, s] if quantity > 0 else panel.open[row, s] - price
            assert worse > 0


@quick
@given(small_cases(), st.integers(0, 2**32))
def test_cutting_the_future_off_changes_no_earlier_decision_or_fill(case: Case, seed: int) -> None:
    assert look_ahead_test(panel_of(case), plan_of(case), 4, seed).differences == ()


@pytest.mark.parametrize("seeds", [50, pytest.param(600, marks=pytest.mark.soak)])
def test_cutting_the_future_off_changes_nothing_in_damaged_markets(seeds: int) -> None:
    compared = 0
    for seed in range(seeds):
        case = random_case(seed)
        try:
            panel = panel_of(case)
        except BadInput:
            continue
        result = look_ahead_test(panel, plan_of(case), 3, seed, first_traded=case.first_traded)
        assert result.differences == (), f"seed {seed}"
        compared += result.rows_compared
    assert compared > 100 * seeds


def test_the_look_ahead_test_takes_any_strategy_module() -> None:
    settings = {"max_entries": 100, "distance": 0.5}
    plan = make_plan(SYMBOLS, settings, strategy_module=coin_side)
    case = real_case({}, 100_000.0)
    panel = panel_of(replace(case, sessions=case.sessions[:3]))
    result = look_ahead_test(panel, plan, 10, 3, first_traded=1)
    assert result.passed
    assert result.cuts == 10
    assert look_ahead_test(panel, plan, 10, 3, first_traded=1) == result


def test_a_look_ahead_test_that_compared_nothing_has_not_passed() -> None:
    case = random_case(0)
    panel = panel_of(replace(case, rows=()))
    silent = replace(plan_of(case), strategy=coin_side.Parameters(), strategy_module=coin_side)
    result = look_ahead_test(panel, silent, 1, 1, run=nothing)
    assert (result.rows_compared, result.differences, result.passed) == (0, (), False)


def test_a_look_ahead_test_without_bars_to_cut_at_is_refused() -> None:
    case = random_case(0)
    with pytest.raises(BadInput, match="no bar to cut"):
        look_ahead_test(panel_of(case), plan_of(case), 0, 1)


def nothing(panel: Panel, plan: RunPlan) -> Outcome:
    """Run without keeping a decision."""
    return run_backtest(panel, plan, keep="none")


@quick
@given(small_cases(), st.integers(0, 13), st.floats(0.5, 2.0))
def test_another_future_changes_no_earlier_decision(case: Case, row: int, factor: float) -> None:
    cut = [opened + k * INTERVAL_US for _, opened, _ in case.sessions for k in range(7)]
    moment = cut[min(row, len(cut) - 1)]
    other = tuple(
        r if r[1] < moment else (r[0], r[1], *(price * factor for price in r[2:6]), r[6] + 7)
        for r in case.rows
    )
    one, two = run_openbell(case), run_openbell(replace(case, rows=other))
    before = [o.decisions[DecisionRow(*o.decisions.T).us < moment] for o in (one, two)]
    assert before[0].tobytes() == before[1].tobytes()


@quick
@given(small_cases())
def test_two_runs_are_identical(case: Case) -> None:
    assert_same(run_openbell(case), run_openbell(case))


@quick
@given(small_cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_with_different_stamps_does_not_matter(case: Case, random) -> None:
    rows = list(case.rows)
    random.shuffle(rows)
    assert_same(run_openbell(case), run_openbell(replace(case, rows=tuple(rows))))


@quick
@given(small_cases())
def test_what_is_kept_and_told_does_not_change_what_is_done(case: Case) -> None:
    panel, plan = panel_of(case), plan_of(case)
    everything = run_openbell(case)
    told: list[tuple[int, int]] = []
    quiet = run_backtest(panel, plan, keep="none", progress=lambda *done: told.append(done))
    assert len(quiet.decisions) == 0
    assert told == [(n, len(case.sessions)) for n in range(1, len(case.sessions) + 1)]
    for name in ("fills", "trades", "equity"):
        assert getattr(quiet, name).tobytes() == getattr(everything, name).tobytes()


@quick
@given(small_cases())
def test_changes_are_the_decisions_that_differ_from_the_bar_before(case: Case) -> None:
    everything = run_openbell(case).decisions
    changes = run_backtest(panel_of(case), plan_of(case), keep="changes").decisions
    last: dict[tuple[int, int], float] = {}
    expected = []
    for row in starmap(DecisionRow, everything.tolist()):
        day = next(d for d, (_, o, c) in enumerate(case.sessions) if o <= row.us < c)
        if last.get((day, int(row.symbol))) != row.reason:
            expected.append(row)
        last[day, int(row.symbol)] = row.reason
    assert changes.tobytes() == np.array(expected).reshape(-1, len(DecisionRow._fields)).tobytes()


def test_a_tape_that_fills_up_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"range_minutes": 60, "max_entries": 3, "min_body": -1.0}
    case = replace(real_case(settings, 100_000.0), interval=60)
    one = run_openbell(case)
    monkeypatch.setattr(backtest, "TAPE_ROWS", 1)
    assert_same(one, run_openbell(case))
    longest = 7 * len(case.symbols)
    assert len(one.fills) > 3 * longest
    assert len(one.decisions) > 2 * longest


@quick
@given(small_cases())
def test_the_fine_rows_of_a_bar_make_the_same_run_as_the_bar(case: Case) -> None:
    fine = tuple(
        row
        for symbol, start, o, h, low, c, volume in case.rows
        for row in (
            (symbol, start, o, max(o, low), min(o, low), low, volume),
            (symbol, start + 10 * MINUTE, low, h, low, h, 0.0),
            (symbol, start + 29 * MINUTE, h, h, c, c, 0.0),
        )
    )
    assert_same(run_openbell(case), run_openbell(replace(case, rows=fine)))


@quick
@given(small_cases())
def test_rows_outside_the_sessions_change_nothing(case: Case) -> None:
    outside = tuple(
        ("AAA", moment, 1.0, 9000.0, 0.5, 1.0, 1e9)
        for _, opened, closed in case.sessions
        for moment in (opened - INTERVAL_US, opened - 1, closed, closed + INTERVAL_US)
    )
    extended = replace(case, rows=outside[:4] + case.rows + outside[4:])
    assert_same(run_openbell(case), run_openbell(extended))


def test_compiled_and_interpreted_are_the_same_to_the_last_bit(engine_cache: Path) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(7_000, 7_060):
        case = random_case(seed)
        try:
            one = run_openbell(case)
        except BadInput:
            continue
        two = run_openbell(case, compiled=True, cache=engine_cache)
        assert (one.compiled, two.compiled) == (False, True)
        for name in TABLES:
            assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), f"{seed} {name}"
        kinds.update({name: len(getattr(one, name)) for name in TABLES})
    assert min(kinds.values()) > 50


def test_compiled_and_interpreted_are_the_same_on_real_bars(engine_cache: Path) -> None:
    trailing = {"trailing": "stepped", "trail_steps": [[0.5, 0], [1, 0.5]], "volume_filter": True}
    for chosen in ({}, {"stop": "atr", "target": "atr", "max_entries": 3, **trailing}):
        case = real_case(chosen, 30_000.0)
        assert_same(run_openbell(case), run_openbell(case, compiled=True, cache=engine_cache))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize(
    ("volume", "capital", "chosen"),
    [
        (1e20, 1e4, {}),
        (1e300, 1e4, {"max_participation": 1.0}),
        # As much as is let in; what is beyond 64 bits is then a product of it.
        (1e300, 1e11, {"max_participation": 0.0}),
        (1e6, 1e4, {"commission_per_share": 1e6}),
    ],
    ids=["volume 1e20", "volume 1e300", "most capital", "dearest commission"],
)
def test_compiled_and_interpreted_are_the_same_for_numbers_beyond_64_bits(
    engine_cache: Path, volume: float, capital: float, chosen: dict[str, float]
) -> None:
    case = random_case(3)
    rows = tuple(
        ("AAA", start, *prices)
        for start, *prices in zip(
            [case.sessions[0][1] + k * 5 * MINUTE for k in range(4)],
            [100.0, 100.0, 102.0, 98.0],
            [101.0, 102.0, 102.0, 98.0],
            [99.0, 100.0, 98.0, 98.0],
            [100.0, 102.0, 99.0, 98.0],
            [volume] * 4,
            strict=True,
        )
    )
    doubled = rows + tuple(("BBB", *row[1:]) for row in rows)
    case = Case(0, case.exchange, case.sessions[:1], 5, ("AAA", "BBB"), capital, 0, chosen, doubled)
    one = run_openbell(case)
    assert_same(one, run_openbell(case, compiled=True, cache=engine_cache))
    assert len(one.fills) >= 2


@quick
@given(small_cases())
def test_a_panel_is_not_changed_by_running_on_it(case: Case) -> None:
    panel = make_panel(bar_rows(case), panel_of(case).grid, case.symbols)
    before = [values.tobytes() for values in (panel.open, panel.high, panel.low, panel.close)]
    run_backtest(panel, plan_of(case))
    after = [values.tobytes() for values in (panel.open, panel.high, panel.low, panel.close)]
    assert before == after
    assert np.isnan(panel.close).sum() == panel.defects.missing
