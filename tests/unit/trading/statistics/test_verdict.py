"""The one sentence beside a best: plain, and never better than the figures are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from trading.statistics.cost_sensitivity import CostSensitivity
from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.monte_carlo import monte_carlo
from trading.statistics.record import statistics_record
from trading.statistics.sweep_statistics import SweepStatistics
from trading.statistics.verdict import Verdict, sentence_of, verdict_of

STANDS = SweepStatistics(
    sessions=500,
    trials=4000,
    distinct_trials=4000,
    earning_trials=1900,
    effective_trials=60.0,
    sharpe=2.6,
    luck_sharpe=1.3,
    deflated_sharpe=0.97,
    min_track_record_sessions=400,
    pbo=0.04,
    spa_p=0.012,
    reality_check_p=0.02,
    notes=(),
)
COSTS = CostSensitivity(rows=(), break_even_bps=7.3, notes=())


@pytest.mark.parametrize(
    ("changed", "verdict", "sentence"),
    [
        (
            {},
            Verdict.STANDS,
            "with 4,000 tries the best is better than luck explains: 4 % probability of "
            "overfitting and luck alone does as well in about 1 of 100 such searches",
        ),
        (
            {"pbo": 0.38, "spa_p": 0.31, "deflated_sharpe": 0.96},
            Verdict.LUCK,
            "with 4,000 tries the best is what luck gives: 38 % probability of overfitting and "
            "luck alone does as well in about 31 of 100 such searches",
        ),
        (
            {"pbo": 0.1, "spa_p": 0.01, "deflated_sharpe": 0.3, "sharpe": 1.1},
            Verdict.LUCK,
            "with 4,000 tries the best is what luck gives: 10 % probability of overfitting, luck "
            "alone does as well in about 1 of 100 such searches and its Sharpe ratio is 1.10 "
            "where the luckiest of so many would have 1.30",
        ),
        (
            {"pbo": 0.0, "spa_p": 0.07},
            Verdict.NOT_SHOWN,
            "with 4,000 tries the best may be more than luck, but that is not shown: under 1 % "
            "probability of overfitting and luck alone does as well in about 7 of 100 such "
            "searches",
        ),
        (
            {"pbo": 0.998, "spa_p": 0.001, "distinct_trials": 312},
            Verdict.CHOICE_IS_LUCK,
            "with 4,000 tries, 312 of them different, more is earned than luck explains, but "
            "which set is best is luck, and the best is expected to do worse than here: over 99 "
            "% probability of overfitting and luck alone does as well in fewer than 1 of 100 such "
            "searches",
        ),
        (
            {"earning_trials": 0},
            Verdict.NONE_EARNS,
            "with 4,000 tries no set earns: the best is only the one that loses least",
        ),
        (
            {"sharpe": -0.2},
            Verdict.BEST_LOSES,
            "with 4,000 tries the best does not earn: it is only first by what was asked for",
        ),
        (
            {"distinct_trials": 0, "earning_trials": 0},
            Verdict.NO_TRADE,
            "with 4,000 tries no set made a trade that could be judged",
        ),
        ({"trials": 0}, Verdict.NOTHING_TRIED, "no set ran: there is nothing to judge"),
        (
            {"sessions": 12, "pbo": None, "spa_p": None},
            Verdict.TOO_LITTLE,
            "with 4,000 tries nothing can be said: 12 sessions do not tell skill from luck",
        ),
        (
            {"sessions": 1, "pbo": None, "spa_p": None},
            Verdict.TOO_LITTLE,
            "with 4,000 tries nothing can be said: 1 session does not tell skill from luck",
        ),
        (
            {"distinct_trials": 1, "deflated_sharpe": None, "pbo": None, "spa_p": 0.03},
            Verdict.TOO_LITTLE,
            "with 4,000 tries, one of which counts, nothing was chosen from, and luck alone does "
            "as well in about 3 of 100 such searches",
        ),
        (
            {"deflated_sharpe": None},
            Verdict.TOO_LITTLE,
            "with 4,000 tries nothing can be said: the best traded too seldom to tell skill from "
            "luck",
        ),
        (
            {"trials": 1, "distinct_trials": 1, "deflated_sharpe": None, "pbo": None},
            Verdict.TOO_LITTLE,
            "with 1 try nothing was chosen from, and luck alone does as well in about 1 of 100 "
            "such searches",
        ),
    ],
)
def test_each_finding_has_its_words(
    changed: dict[str, object], verdict: Verdict, sentence: str
) -> None:
    statistics = replace(STANDS, **changed)
    assert verdict_of(statistics) is verdict
    assert sentence_of(statistics) == sentence


def test_a_best_stands_only_where_no_figure_speaks_against_it() -> None:
    for against in ({"pbo": 0.21}, {"spa_p": 0.051}, {"deflated_sharpe": 0.949}):
        assert verdict_of(replace(STANDS, **against)) is not Verdict.STANDS


def test_what_stands_is_told_with_what_it_bears() -> None:
    said = sentence_of(STANDS, COSTS)
    assert said.endswith("; slippage of 7.3 basis points a side leaves nothing of it")
    little = sentence_of(STANDS, replace(COSTS, break_even_bps=1.2))
    assert little.endswith(", but slippage of 1.2 basis points a side leaves nothing of it")
    assert sentence_of(STANDS, replace(COSTS, break_even_bps=None)) == sentence_of(STANDS)


def test_the_record_is_plain_json_with_every_note() -> None:
    returns = np.random.default_rng(1).normal(0.003, 0.01, (30, 5))
    statistics = judge_sweep(returns, 0)
    resampled = monte_carlo(np.arange(3.0), returns[:, 0], 10_000)
    costs = replace(COSTS, break_even_bps=None, notes=("no break-even cost: there is no trade",))
    record = statistics_record(statistics, resampled, costs)
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again["trials"] == 5
    assert again["pbo"] is None
    assert again["monte_carlo"]["trades"] is None
    assert again["monte_carlo"]["days"]["resamples"] == 2000
    assert again["sentence"] == sentence_of(statistics, costs)
    assert again["verdict"] == "too little to say"
    assert len(again["notes"]) == len(statistics.notes) + 2
    assert statistics_record(statistics)["monte_carlo"] is None
