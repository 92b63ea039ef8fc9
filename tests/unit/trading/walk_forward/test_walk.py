"""A choice knows nothing of what it is judged by, and what was traded in all windows is one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest

from tests.unit.trading.walk_forward.markets import market
from trading.backtest.performance import Summary, summarise
from trading.backtest.run import run_backtest
from trading.backtest.tables import trades_table
from trading.errors import BadInput
from trading.market.bars import NUMBERS
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan, make_plan
from trading.sweep.objective import Objective
from trading.walk_forward.candidates import Candidates, memory_of
from trading.walk_forward.choice import Chosen
from trading.walk_forward.walk import Walk, WindowRun, walk_forward
from trading.walk_forward.windows import WindowLengths

CAPITAL = 100_000.0
LENGTHS = WindowLengths(24, 12, 12, 2, is_anchored=False)
FREE = {"slippage_bps": 0.0, "target": "none"}
SETS = tuple(
    {"range_minutes": minutes, "min_body": body, "stop": stop, **FREE}
    for minutes, body, stop in product((60, 120, 180), (-1.0, 0.4), ("range", "atr"))
)


def candidates_of(
    panel: Panel, sets: Sequence[dict[str, object]] = SETS, first_traded: int = 0
) -> list[Candidates]:
    plans = tuple(
        make_plan(panel.symbols, dict(each), interval_minutes=panel.grid.interval_minutes)
        for each in sets
    )
    return [Candidates(panel, first_traded, tuple(range(len(plans))), plans)]


def walked(
    panel: Panel,
    lengths: WindowLengths = LENGTHS,
    objective: Objective = Objective.SHARPE,
    sets: Sequence[dict[str, object]] = SETS,
) -> Walk:
    return walk_forward(candidates_of(panel, sets), lengths, objective, capital=CAPITAL)


@pytest.fixture(scope="module")
def noise() -> Panel:
    return market(12, 64)


@pytest.fixture(scope="module")
def on_noise(noise: Panel) -> Walk:
    return walked(noise)


def with_other_bars_from(panel: Panel, session: int) -> Panel:
    """Return the panel with quite other bars from a session on."""
    row = int(panel.grid.first_row[session])
    other = market(77, len(panel.grid.sessions), drift=2.0)
    return replace(
        panel,
        **{
            name: np.concatenate([getattr(panel, name)[:row], getattr(other, name)[row:]])
            for name in NUMBERS
        },
    )


def what_was_chosen(walk: Walk, number: int) -> tuple[int, Summary]:
    run = walk.windows[number - 1]
    assert run.chosen.number is not None
    assert run.in_sample_summary is not None
    return run.chosen.number, run.in_sample_summary


def test_bars_after_a_window_change_nothing_of_it(noise: Panel, on_noise: Walk) -> None:
    end = on_noise.windows[1].window.out_of_sample.stop + on_noise.left_out
    cut = walked(noise.until(end))
    changed = walked(with_other_bars_from(noise, end))
    for walk in (cut, changed):
        assert walk.windows[:2] == on_noise.windows[:2]
        rows = len(walk.windows[0].summary.session_returns) * 7
        assert np.array_equal(
            walk.joined.outcome.equity[:rows], on_noise.joined.outcome.equity[:rows]
        )
    assert changed.windows[2].summary != on_noise.windows[2].summary


def test_a_choice_depends_neither_on_the_purged_sessions_nor_on_what_it_trades(
    noise: Panel, on_noise: Walk
) -> None:
    first = on_noise.windows[0]
    changed = walked(with_other_bars_from(noise, first.window.in_sample.stop + on_noise.left_out))
    assert what_was_chosen(changed, 1) == what_was_chosen(on_noise, 1)
    assert changed.windows[0].summary != first.summary
    for run in changed.windows:
        assert len(run.window.purged) == 2
        assert not set(run.in_sample) & set(run.out_of_sample)


def test_a_part_of_the_bars_is_a_view_and_no_copy(noise: Panel) -> None:
    part = noise.until(20)
    assert part.grid.sessions == noise.grid.sessions[:20]
    for name in NUMBERS:
        assert np.shares_memory(getattr(part, name), getattr(noise, name))


def backtested(panel: Panel, plan: RunPlan, first: int, end: int, capital: float) -> Summary:
    part = panel.until(end)
    plan = replace(plan, capital=capital)
    outcome = run_backtest(part, plan, first_traded=first, keep="none")
    return summarise(outcome, part.grid, capital)


def test_each_window_is_two_backtests_and_the_capital_goes_on(noise: Panel, on_noise: Walk) -> None:
    plans, skipped = candidates_of(noise)[0].plans, on_noise.left_out
    capital = CAPITAL
    for run in on_noise.windows:
        number, figures = what_was_chosen(on_noise, run.window.number)
        seen, later = run.window.in_sample, run.window.out_of_sample
        of_all = [
            backtested(noise, plan, seen.start + skipped, seen.stop + skipped, capital)
            for plan in plans
        ]
        assert figures == of_all[number]
        sharpes = [each.sharpe if each.sharpe is not None else -np.inf for each in of_all]
        assert number == int(np.argmax(sharpes))
        assert run.summary == backtested(
            noise, plans[number], later.start + skipped, later.stop + skipped, capital
        )
        capital = run.summary.final_equity


def test_what_was_traded_in_all_windows_is_one_run(on_noise: Walk) -> None:
    parts = [run.summary for run in on_noise.windows]
    whole = on_noise.summary
    assert whole.initial_equity == CAPITAL
    assert whole.final_equity == parts[-1].final_equity
    assert all(before.final_equity == after.initial_equity for before, after in pairwise(parts))
    assert whole.session_returns == tuple(each for part in parts for each in part.session_returns)
    assert whole.trades == sum(part.trades for part in parts) > 0
    assert whole.bars == sum(part.bars for part in parts)
    assert whole.total_pnl == pytest.approx(sum(part.total_pnl for part in parts))
    assert whole.exit_reasons == {
        reason: sum(part.exit_reasons[reason] for part in parts) for reason in whole.exit_reasons
    }
    assert whole.max_drawdown is not None
    assert whole.max_drawdown <= min(part.max_drawdown or 0.0 for part in parts)
    grid = on_noise.joined.grid
    assert list(grid.sessions) == [each for run in on_noise.windows for each in run.out_of_sample]
    assert (np.diff(on_noise.joined.outcome.equity_us) > 0).all()


def test_sessions_in_which_no_set_can_have_its_values_are_in_no_window(noise: Panel) -> None:
    daily = [*SETS[:2], {"range_minutes": 60, "stop": "daily_atr", **FREE}]
    assert memory_of(candidates_of(noise, daily)) == 15
    lengths = WindowLengths(20, 9, 9, 15, is_anchored=True)
    walk = walked(noise, lengths, sets=daily)
    assert walk.left_out == 15
    assert walk.windows[0].in_sample[0] == noise.grid.sessions[15]
    warmed = candidates_of(noise, daily, first_traded=20)
    assert walk_forward(warmed, lengths, Objective.SHARPE, capital=CAPITAL).left_out == 0
    with pytest.raises(BadInput, match=r"14 sessions.*first values after 15"):
        walked(noise.until(14), lengths, sets=daily)
    with pytest.raises(BadInput, match=r"are 35 sessions, .* needs 44: .*; 15 more before them"):
        walked(noise.until(50), lengths, sets=daily)


def test_on_noise_the_choice_looks_good_where_it_was_made_and_nowhere_else() -> None:
    lengths = WindowLengths(24, 12, 12, 1, is_anchored=False)
    runs = [run for seed in range(6) for run in walked(market(seed, 63), lengths).windows]
    sharpes = [run.in_sample_summary.sharpe for run in runs if run.in_sample_summary is not None]
    assert np.mean([each or 0.0 for each in sharpes]) > 1
    seen, later = (
        np.array([each for run in runs for each in returns(run)]) for returns in (chosen, traded)
    )
    assert seen.mean() > 0
    assert abs(later.mean()) < 3 * later.std() / np.sqrt(len(later))
    assert later.mean() < seen.mean() / 2


def chosen(run: WindowRun) -> tuple[float, ...]:
    return () if run.in_sample_summary is None else run.in_sample_summary.session_returns


def traded(run: WindowRun) -> tuple[float, ...]:
    return run.summary.session_returns


def test_an_edge_that_is_there_stands_out_of_sample() -> None:
    walk = walked(market(1, 62, drift=0.4), WindowLengths(24, 12, 12, 1, is_anchored=False))
    assert walk.summary.sharpe is not None
    assert walk.summary.sharpe > 5
    assert walk.efficiency is not None
    assert walk.efficiency > 0.5


def test_of_equal_sets_the_lower_number_is_chosen(noise: Panel) -> None:
    twice = [SETS[3], SETS[0], SETS[3], SETS[0]]
    walk = walked(noise, sets=twice)
    assert {what_was_chosen(walk, n)[0] for n in (1, 2, 3)} <= {0, 1}


def test_a_window_in_which_no_set_trades_keeps_its_money_and_says_so(noise: Panel) -> None:
    walk = walked(noise, sets=[{**each, "max_entries": 0} for each in SETS[:2]])
    assert [run.chosen.number for run in walk.windows] == [None] * 3
    assert {run.why_idle for run in walk.windows} == {"no set traded in-sample"}
    assert walk.summary.final_equity == CAPITAL
    assert walk.summary.trades == 0
    assert set(walk.summary.session_returns) == {0.0}
    assert walk.efficiency is None


def test_sets_of_several_panels_compete_and_join(noise: Panel) -> None:
    few = replace(
        noise, symbols=("BBB",), **{name: getattr(noise, name)[:, 1:] for name in NUMBERS}
    )
    both = candidates_of(noise)[0]
    one = candidates_of(few)[0]
    numbers = tuple(range(len(SETS), 2 * len(SETS)))
    walk = walk_forward(
        [both, replace(one, numbers=numbers)], LENGTHS, Objective.TOTAL_RETURN, capital=CAPITAL
    )
    bought = [
        {"BBB"} if what_was_chosen(walk, n)[0] >= len(SETS) else {"AAA", "BBB"} for n in (1, 2, 3)
    ]
    assert {"BBB"} in bought
    assert {"AAA", "BBB"} in bought
    table = trades_table(walk.joined.outcome, walk.joined.grid, walk.joined.plan)
    assert len(table) == walk.summary.trades
    for run, symbols in zip(walk.windows, bought, strict=True):
        begin, end = run.out_of_sample[0].date, run.out_of_sample[-1].date
        assert set(table.filter(table["session"].is_between(begin, end))["symbol"]) == symbols


def test_too_few_sessions_for_the_objective_are_refused_before_anything_runs(noise: Panel) -> None:
    short = WindowLengths(19, 5, 5, 0, is_anchored=True)
    with pytest.raises(BadInput, match=r"in-sample 19 is too short: no sharpe .* under 20"):
        walked(noise, short)
    assert len(walked(noise.until(31), short, Objective.TOTAL_PNL, SETS[:2]).windows) == 2


class Remembered:
    """Choices in memory, with how often one was not known."""

    def __init__(self) -> None:
        self.kept: dict[tuple[date, date, float], Chosen] = {}
        self.asked_anew = 0

    def known(self, sessions: Sequence[Session], capital: float) -> Chosen | None:
        found = self.kept.get((sessions[0].date, sessions[-1].date, capital))
        self.asked_anew += found is None
        return found

    def keep(self, sessions: Sequence[Session], capital: float, chosen: Chosen) -> None:
        self.kept[sessions[0].date, sessions[-1].date, capital] = chosen


def test_a_walk_that_was_broken_off_goes_on_with_what_it_had_chosen(
    noise: Panel, on_noise: Walk
) -> None:
    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        if done > 2 * len(SETS):
            raise Killed

    remembered = Remembered()
    walk = partial(
        walk_forward,
        candidates_of(noise),
        LENGTHS,
        Objective.SHARPE,
        capital=CAPITAL,
        choices=remembered,
    )
    with pytest.raises(Killed):
        walk(progress=kill)
    assert len(remembered.kept) == 2
    told: list[int] = []
    again = walk(progress=lambda done, total: told.append(done))
    assert remembered.asked_anew == 3 + 1
    assert min(told) > 2 * len(SETS)
    assert again.windows == on_noise.windows
    assert again.summary == on_noise.summary
