"""What a sweep's statistics come to, as one word and one plain sentence."""

from __future__ import annotations

from enum import StrEnum

from trading.counted import counted
from trading.statistics.cost_sensitivity import CostSensitivity
from trading.statistics.sweep_statistics import SweepStatistics

# The usual one chance in twenty; the other bounds are the same on the scales of their figures.
MOST_CHANCE = 0.05
LEAST_SHOWN = 0.95
MOST_OVERFITTING = 0.2
# From here on the figures speak for luck and no longer only not against it.
CHANCE_OF_LUCK = 0.1
EVEN = 0.5
# What the engine takes if nothing is said: an edge that does not bear it is none.
USUAL_SLIPPAGE_BPS = 5.0


class Verdict(StrEnum):
    """What the figures together say of the best."""

    NOTHING_TRIED = "nothing tried"
    NO_TRADE = "no trade"
    NONE_EARNS = "none earns"
    BEST_LOSES = "best loses"
    TOO_LITTLE = "too little to say"
    LUCK = "luck"
    CHOICE_IS_LUCK = "choice is luck"
    NOT_SHOWN = "not shown"
    STANDS = "stands"


def verdict_of(statistics: SweepStatistics) -> Verdict:
    """Judge the best by all of its figures: it stands only where none of them speaks against it."""
    s = statistics
    if not s.trials:
        return Verdict.NOTHING_TRIED
    if not s.distinct_trials and not s.earning_trials:
        return Verdict.NO_TRADE
    if not s.earning_trials:
        return Verdict.NONE_EARNS
    if s.sharpe is not None and s.sharpe <= 0:
        return Verdict.BEST_LOSES
    if s.spa_p is None or s.deflated_sharpe is None:
        return Verdict.TOO_LITTLE
    pbo = EVEN if s.pbo is None else s.pbo
    if s.spa_p <= MOST_CHANCE and s.deflated_sharpe >= LEAST_SHOWN:
        return Verdict.STANDS if pbo <= MOST_OVERFITTING else Verdict.CHOICE_IS_LUCK
    if s.spa_p > CHANCE_OF_LUCK or s.deflated_sharpe < EVEN or pbo > EVEN:
        return Verdict.LUCK
    return Verdict.NOT_SHOWN


def sentence_of(statistics: SweepStatistics, costs: CostSensitivity | None = None) -> str:
    """Return the verdict as one sentence in plain words, without a full stop."""
    if not statistics.trials:
        return "no set ran: there is nothing to judge"
    return f"with {_tries(statistics)} {_finding(statistics, costs)}"


def _finding(statistics: SweepStatistics, costs: CostSensitivity | None) -> str:
    verdict = verdict_of(statistics)
    if verdict is Verdict.NO_TRADE:
        return "no set made a trade that could be judged"
    if verdict is Verdict.NONE_EARNS:
        return "no set earns: the best is only the one that loses least"
    if verdict is Verdict.BEST_LOSES:
        return "the best does not earn: it is only first by what was asked for"
    if verdict is Verdict.TOO_LITTLE:
        return _too_little(statistics)
    odds = _odds(statistics)
    if verdict is Verdict.STANDS:
        return f"the best is better than luck explains: {odds}{_after_costs(costs)}"
    if verdict is Verdict.CHOICE_IS_LUCK:
        return (
            "more is earned than luck explains, but which set is best is luck, and the best is "
            f"expected to do worse than here: {odds}"
        )
    if verdict is Verdict.NOT_SHOWN:
        return f"the best may be more than luck, but that is not shown: {odds}"
    return f"the best is what luck gives: {odds}"


def _tries(statistics: SweepStatistics) -> str:
    tried, distinct = statistics.trials, statistics.distinct_trials
    words = "1 try" if tried == 1 else f"{tried:,} tries"
    if distinct in (0, tried):
        return words
    # Others may be the same, or none at all.
    which = "one of which counts" if distinct == 1 else f"{distinct:,} of them different"
    return f"{words}, {which},"


def _too_little(statistics: SweepStatistics) -> str:
    if statistics.spa_p is None:
        few = counted(statistics.sessions, "session")
        do = "does" if statistics.sessions == 1 else "do"
        return f"nothing can be said: {few} {do} not tell skill from luck"
    if statistics.distinct_trials < 2:
        return f"nothing was chosen from, and {_chance(statistics.spa_p)}"
    return "nothing can be said: the best traded too seldom to tell skill from luck"


def _odds(statistics: SweepStatistics) -> str:
    """Return the probability of overfitting, and what else was decisive."""
    parts = []
    if statistics.pbo is not None:
        parts.append(f"{_percent(statistics.pbo)} probability of overfitting")
    if statistics.spa_p is not None:
        parts.append(_chance(statistics.spa_p))
    sharpe, luck = statistics.sharpe, statistics.luck_sharpe
    if sharpe is not None and luck is not None and (statistics.deflated_sharpe or 0) < LEAST_SHOWN:
        parts.append(
            f"its Sharpe ratio is {sharpe:.2f} where the luckiest of so many would have {luck:.2f}"
        )
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _chance(p: float) -> str:
    rounded = round(100 * p)
    often = f"about {rounded} of 100" if rounded else "fewer than 1 of 100"
    return f"luck alone does as well in {often} such searches"


def _percent(share: float) -> str:
    rounded = round(100 * share)
    if rounded == 0:
        return "under 1 %"
    return f"{rounded} %" if rounded < 100 or share == 1 else "over 99 %"


def _after_costs(costs: CostSensitivity | None) -> str:
    if costs is None or costs.break_even_bps is None:
        return ""
    but = ", but" if costs.break_even_bps < USUAL_SLIPPAGE_BPS else ";"
    return f"{but} slippage of {costs.break_even_bps:.1f} basis points a side leaves nothing of it"
