"""The statistics of a sweep, from its sets' returns a session and its best."""

from __future__ import annotations

import numpy as np

from trading.market.bars import Floats
from trading.statistics.deflation import deflation_of
from trading.statistics.monte_carlo import DEFAULT_SEED
from trading.statistics.overfitting import FEWEST_SESSIONS, blocks_for, overfitting_probability
from trading.statistics.resampling import counts_of, draw_sessions
from trading.statistics.superiority import superiority_of
from trading.statistics.sweep_statistics import SweepStatistics
from trading.statistics.tries import Tries, effective_count, tries_of

RESAMPLES = 2000
# Sessions that are drawn together in the mean. What a set makes in a session hardly depends on the
# one before, as nothing is held over night; of longer runs there would be too few.
MEAN_RUN = 3


def judge_sweep(returns: Floats, best: int, *, seed: int = DEFAULT_SEED) -> SweepStatistics:
    """Judge the best of a sweep.

    `returns` are fractions, (sessions, sets), NaN where there is none; `best` is the best's column.
    The seed draws the resamples. What cannot be said is None, with a note.
    """
    tries = tries_of(returns, best)
    sessions = len(returns)
    deflation = deflation_of(tries)
    tested = tries.distinct > 0 and sessions >= FEWEST_SESSIONS
    superiority = None
    if tested:
        drawn = draw_sessions(sessions, RESAMPLES, np.random.default_rng(seed), MEAN_RUN)
        superiority = superiority_of(tries.returns, counts_of(drawn))
    return SweepStatistics(
        sessions=sessions,
        trials=tries.tried,
        distinct_trials=tries.distinct,
        earning_trials=tries.earning,
        effective_trials=effective_count(tries.returns) if tries.distinct else None,
        sharpe=deflation.sharpe,
        luck_sharpe=deflation.luck_sharpe,
        deflated_sharpe=deflation.probability,
        min_track_record_sessions=deflation.sessions_needed,
        pbo=(
            overfitting_probability(tries.returns, blocks_for(sessions))
            if tested and tries.distinct > 1
            else None
        ),
        spa_p=superiority.spa_p if superiority else None,
        reality_check_p=superiority.reality_check_p if superiority else None,
        notes=(*_left_out(tries), *deflation.notes, *_not_tested(tries, sessions)),
    )


def _left_out(tries: Tries) -> list[str]:
    notes = []
    if tries.idle:
        notes.append(f"{tries.idle} of {tries.tried} sets made the same of every session: no tries")
    if tries.ruined:
        notes.append(f"{tries.ruined} of {tries.tried} sets lost all they had: left out")
    equal = tries.tried - tries.idle - tries.ruined - tries.distinct
    if equal:
        notes.append(f"{equal} of {tries.tried} sets did as another set did: counted once")
    return notes


def _not_tested(tries: Tries, sessions: int) -> list[str]:
    if not tries.distinct:
        why = "no set traded and kept its account"
    elif sessions < FEWEST_SESSIONS:
        why = f"{sessions} sessions are fewer than {FEWEST_SESSIONS}"
    elif tries.distinct < 2:
        return ["no probability of overfitting: no two sets differ, so nothing was chosen"]
    else:
        return []
    return [f"no probability of overfitting, SPA and reality check: {why}"]
