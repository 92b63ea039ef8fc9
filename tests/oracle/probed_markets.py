"""Varied markets for the probe, the strategy that orders in every way, and its two runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.oracle import probe_strategy
from tests.oracle.comparison import compare, panel_of, plan_of
from tests.oracle.random_markets import Case
from tests.oracle.reference.account import Result
from tests.oracle.reference.bars import Refused, load
from tests.oracle.reference.engine import ReferenceEngine
from tests.oracle.reference.probe import Probe
from tests.oracle.varied_markets import varied_case
from trading.backtest.run import run_backtest
from trading.errors import BadInput

OF_THE_PROBE = ("distance", "lifetime_bars", "overbought")
# Of settings those that are of no strategy, or of all.
OF_ALL = (
    *("entry_cutoff_minutes", "flatten_minutes", "max_entries", "tick", "trail", "validation"),
    *("sizing", "risk", "shares", "max_shares", "max_positions", "max_orders", "max_daily"),
    *("max_drawdown", "max_position", "max_participation", "leverage", "slippage"),
    *("volatility", "impact", "commission", "sec_", "taf_", "gate_"),
)


def probed_case(seed: int) -> Case:
    """Return the varied market of a seed with what the probe may have set."""
    case = varied_case(seed)
    rng = np.random.default_rng([seed, 77])
    settings = {name: value for name, value in case.settings.items() if name.startswith(OF_ALL)}
    settings |= {
        "distance": float(rng.choice([0.0005, 0.002, 0.006])),
        "lifetime_bars": int(rng.choice([0, 1, 2, 4])),
        "overbought": float(rng.choice([55.0, 80.0, 100.0])),
        "max_entries": int(rng.choice([1, 3, 50])),
    }
    return replace(case, settings=settings, daily=None)


def run_the_probe(case: Case) -> Result:
    """Return what the reference makes of a case with the probe's double."""
    bars, _ = load(case.rows, case.sessions, case.symbols, case.interval)
    settings = {**case.settings, "range_minutes": case.interval}
    own = {name: settings.pop(name) for name in OF_THE_PROBE}
    return ReferenceEngine(
        case.symbols,
        case.sessions,
        bars,
        case.interval,
        settings,
        case.capital,
        case.first_traded,
        strategy=Probe(**own),
    ).run()


def probe_beside_its_double(case: Case) -> tuple[list[str], Result | None]:
    """Return what differs between both runs, in words, and what the double's says."""
    try:
        expected = run_the_probe(case)
    except Refused:
        expected = None
    try:
        plan = plan_of(case, probe_strategy)
    except BadInput as error:
        return [f"Openbell refuses the case: {error}"] if expected else [], expected
    if expected is None:
        return ["the reference refuses the case, Openbell runs it"], None
    outcome = run_backtest(
        panel_of(case), plan, first_traded=case.first_traded, keep="all", compiled=False
    )
    return compare(case, outcome, expected), expected
