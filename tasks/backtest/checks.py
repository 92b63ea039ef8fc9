"""The two tests of honesty, for any strategy: on noise, and with the future cut off."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

from blocks.process.files.cache_folder import engine_cache_folder
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.panel import load_panel
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from trading.backtest.checks.look_ahead_check import LookAheadResult, look_ahead_test
from trading.backtest.checks.noise_check import NullResult, null_test
from trading.plan import RunPlan
from trading.seed import check_seed

# Of 10,000 honest engines five fail; a biased one is far beyond.
LARGEST_Z = 3.5
NOT_COVERED = (
    "Only the bars were cut off: what the strategy's file reads elsewhere, such as another file,"
    " this test cannot see"
)


def run_null_test(plan: RunPlan, trades: int, seed: int) -> NullResult:
    """Return what a plan's strategy earns on random walks, in R."""
    check_seed(seed)
    return null_test(plan, trades, seed, cache_folder=engine_cache_folder())


def is_honest(result: NullResult) -> bool:
    """Return whether a strategy earns on noise no more than the rules must show; else it is wrong.

    Where R has no spread nothing is shown, which is no pass either.
    """
    return result.z < LARGEST_Z


def run_look_ahead_test(request: BacktestRequest, cuts: int, seed: int) -> LookAheadResult:
    """Return what changes before a cut when a request's bars end at random bars."""
    check_request(request)
    check_seed(seed)
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
    return (
        f"{result.trades:,} trades on driftless random walks without costs: mean"
        f" {result.mean_r:+.4f} R where noise must show {_expected(result)}, standard error"
        f" {result.standard_error:.4f}, {_verdict(result)}"
    )


def noise_facts(result: NullResult) -> dict[str, float | str | None]:
    """Return the result on noise for JSON, with null for a z that is no number."""
    facts = asdict(result) | {"verdict": _verdict(result)}
    return facts | {"z": None if math.isnan(result.z) else result.z}


def _expected(result: NullResult) -> str:
    if result.expected_r == 0:
        return "0"
    return (
        f"{result.expected_r:+.4f} R (bars that the rules take for the worse: a stop before the"
        " entry inside the bar, a target before the stop)"
    )


def _verdict(result: NullResult) -> str:
    if math.isnan(result.z):
        return "no z: NOTHING IS SHOWN, every trade came to the same R"
    z = f"z {result.z:+.2f}"
    if result.z >= LARGEST_Z:
        return f"{z}: THE ENGINE EARNS ON NOISE"
    if result.z > -LARGEST_Z:
        return f"{z}: what noise must show, within its error"
    return f"{z}: below what noise must show; the strategy gives away more than the rules do"


def future_line(result: LookAheadResult, *, has_own_file: bool = False) -> str:
    """Return the result without the future as one line; `has_own_file`: of a user's strategy."""
    compared = f"{result.rows_compared:,} decisions, fills and places in universes compared"
    start = f"{result.cuts} cuts, {compared}"
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
