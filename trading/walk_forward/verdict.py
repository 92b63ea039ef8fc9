"""What a walk-forward test's figures come to, and that in one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.overfitting import FEWEST_SESSIONS
from trading.statistics.verdict import MOST_CHANCE
from trading.walk_forward.efficiency import changes
from trading.walk_forward.walk import Walk

# Pardo's bound (2008, chapter 11): of less than half a choice is not robust.
LEAST_EFFICIENCY = 0.5


@dataclass(frozen=True, slots=True)
class WalkStatistics:
    """How much of what was traded may be luck; a figure is None where a note says why.

    `trials` are the sets that were run in all windows, `choices` the windows that traded and
    `changes` how often one chose another set than the one before. What was traded is a single
    try, which nobody picked by its own sessions: `luck_p` is how often returns without any skill
    do as well (the SPA test of one set), `min_track_record_sessions` how many sessions show a
    Sharpe ratio like this to be above 0 with 95 %.
    """

    sessions: int
    trials: int
    choices: int
    changes: int
    efficiency: float | None
    sharpe: float | None
    luck_p: float | None
    min_track_record_sessions: int | None
    notes: tuple[str, ...]


def judge_walk(walk: Walk, trials: int, *, seed: int) -> WalkStatistics:
    """Judge what was traded in all windows; the seed draws the resamples."""
    returns = np.array(walk.summary.session_returns)
    judged = judge_sweep(returns[:, np.newaxis], 0, seed=seed)
    chosen = [run.chosen.number for run in walk.windows if run.returns is not None]
    notes = []
    if walk.efficiency is None:
        notes.append("no efficiency: the choices earned nothing in-sample of which a share is left")
    if judged.spa_p is None:
        few = f"{len(returns)} sessions are fewer than {FEWEST_SESSIONS}"
        why = few if len(returns) < FEWEST_SESSIONS else "nothing was traded, or all was lost"
        notes.append(f"no probability of luck: {why}")
    if judged.min_track_record_sessions is None:
        notes.append("no minimum track record: it does not earn, or trades in too few sessions")
    return WalkStatistics(
        len(returns),
        trials,
        len(chosen),
        changes(chosen),
        walk.efficiency,
        walk.summary.sharpe,
        judged.spa_p,
        judged.min_track_record_sessions,
        tuple(notes),
    )


def sentence_of(statistics: WalkStatistics) -> str:
    """Return what was left of the choices and how likely luck is, without a full stop."""
    if not statistics.choices:
        return "no window traded: there is nothing to judge"
    return f"after {statistics.trials:,} tries {_left(statistics)}{_luck(statistics)}"


def _left(statistics: WalkStatistics) -> str:
    efficiency = statistics.efficiency
    if efficiency is None:
        return "the choices did not even earn where they were made"
    if efficiency <= 0:
        return "the choices earned where they were made and lost afterwards"
    share = f"{round(100 * efficiency):,} % of the rate at which the choices had earned was left"
    return share if efficiency >= 0.005 else "nothing of what the choices had earned was left"


def _luck(statistics: WalkStatistics) -> str:
    p, efficiency = statistics.luck_p, statistics.efficiency
    if p is None:
        return f", and {statistics.sessions} sessions do not tell skill from luck"
    rounded = round(100 * p)
    often = f"about {rounded} of 100" if rounded else "fewer than 1 of 100"
    chance = f"luck alone does as well in {often} such walks"
    if p <= MOST_CHANCE and efficiency is not None and efficiency >= LEAST_EFFICIENCY:
        return f": that is more than luck explains ({chance})"
    return f", and {chance}"
