"""The two tests of honesty, for any strategy: on noise, and with the future cut off."""

from __future__ import annotations

from dataclasses import replace

from blocks.process.cache_folder import engine_cache_folder
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.panel import load_panel
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from trading.backtest.look_ahead_check import LookAheadResult, look_ahead_test
from trading.backtest.noise_check import NullResult, null_test
from trading.plan import RunPlan

# Of 10,000 honest engines five fail; a biased one is far beyond.
LARGEST_Z = 3.5
NOT_COVERED = (
    "Only the bars were cut off: what the strategy's file reads elsewhere, such as another file,"
    " this test cannot see"
)


def run_null_test(plan: RunPlan, trades: int, seed: int) -> NullResult:
    """Return what a plan's strategy earns on random walks, in R."""
    return null_test(plan, trades, seed, cache_folder=engine_cache_folder())


def is_honest(result: NullResult) -> bool:
    """Return whether a strategy's mean R on noise is zero within its error, or below."""
    return result.z < LARGEST_Z


def run_look_ahead_test(request: BacktestRequest, cuts: int, seed: int) -> LookAheadResult:
    """Return what changes before a cut when a request's bars end at random bars."""
    check_request(request)
    plan = plan_of(request)
    bars = load_panel(request, lambda work: work(), warm_up=plan.needs_past())
    daily = daily_bars_of(request, bars.panel.symbols)
    return look_ahead_test(
        replace(bars.panel, daily=None if daily is None else daily.bars),
        with_daily_bars(replace(plan, symbols=bars.panel.symbols), daily),
        cuts,
        seed,
        first_traded=bars.first_traded,
        cache_folder=engine_cache_folder(),
    )


def noise_line(result: NullResult) -> str:
    """Return the result on noise as one line."""
    verdict = "as an honest engine should" if is_honest(result) else "THE ENGINE EARNS ON NOISE"
    return (
        f"{result.trades:,} trades on driftless random walks without costs: mean"
        f" {result.mean_r:+.4f} R, standard error {result.standard_error:.4f}, z {result.z:+.2f}:"
        f" {verdict}"
    )


def future_line(result: LookAheadResult, *, has_own_file: bool = False) -> str:
    """Return the result without the future as one line; `has_own_file`: of a user's strategy."""
    start = f"{result.cuts} cuts, {result.rows_compared:,} decisions and fills compared"
    if result.passed:
        found = f"{start}: the future changes nothing before it"
        return f"{found}. {NOT_COVERED}" if has_own_file else found
    if not result.rows_compared:
        return f"{start}: NOTHING WAS TESTED, give more sessions"
    first = result.differences[0]
    return (
        f"{start}: LOOK-AHEAD, a cut at {first.cut:%Y-%m-%d %H:%M} UTC changes a {first.table}"
        f" at {first.at:%Y-%m-%d %H:%M} UTC"
    )
