"""A walk-forward test: in each window the best of many sets is chosen, then traded on later bars.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2nd ed., Wiley 2008,
chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trading.backtest.performance import Summary, summarise
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.backtest.run import run_backtest
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.sweep.candidates import Candidates, sessions_of_all
from trading.sweep.efficiency import efficiency
from trading.sweep.joined import TradedRun, idle_run, join_runs, traded_run
from trading.sweep.objective import Objective, worth_of
from trading.sweep.run_sets import run_sets
from trading.sweep.windows import Window, WindowLengths, windows_of

_OF_RATIOS = (Objective.SHARPE, Objective.SORTINO)


@dataclass(frozen=True, slots=True)
class Choice:
    """The set that was best in-sample, and its figures there."""

    number: int
    plan: RunPlan
    summary: Summary


@dataclass(frozen=True, slots=True)
class WindowRun:
    """A window that is over: what was chosen in-sample, and what it came to out-of-sample.

    `in_sample` and `out_of_sample` are the sessions of both parts. `choice` is None where no set
    could be chosen; `why_idle` says why nothing was traded, empty where something could be.
    `refused` are the sets that could not be run in-sample, by their numbers.
    """

    window: Window
    in_sample: tuple[Session, ...]
    out_of_sample: tuple[Session, ...]
    choice: Choice | None
    summary: Summary
    why_idle: str
    refused: Mapping[int, BadInput]

    @property
    def efficiency(self) -> float | None:
        """Return the share of the in-sample rate that was left, None where there is none."""
        pair = self._returns
        return None if pair is None else efficiency([pair])

    @property
    def _returns(self) -> tuple[Sequence[float], Sequence[float]] | None:
        if self.choice is None or self.why_idle:
            return None
        return self.choice.summary.session_returns, self.summary.session_returns


@dataclass(frozen=True, slots=True)
class Walk:
    """A finished walk: its windows, and all that was traded in them as one run.

    `left_out` is how many sessions at the beginning are in no window, because no set can have all
    its values in them yet.
    """

    lengths: WindowLengths
    objective: Objective
    windows: tuple[WindowRun, ...]
    joined: TradedRun
    summary: Summary
    left_out: int

    @property
    def efficiency(self) -> float | None:
        """Return the efficiency of all windows that traded, as `trading.sweep.efficiency` says."""
        pairs = [pair for run in self.windows if (pair := run._returns) is not None]
        return efficiency(pairs)


def walk_forward(
    candidates: Sequence[Candidates],
    lengths: WindowLengths,
    objective: Objective,
    *,
    capital: float,
    threads: int = 1,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Walk:
    """Choose and trade in one window after the other, each with the capital that the last one left.

    What is handed to the engine ends with the sessions that it is to see: no choice, and nothing
    that is traded, can depend on later ones. `progress(done, total)` counts the sets of all
    windows. Raises BadInput for too few sessions.
    """
    refuse_too_short(lengths, objective)
    sessions, left_out = sessions_of_all(candidates)
    windows = _windows_of(lengths, len(sessions), left_out)
    walk = _Walking(candidates, objective, threads, cache_folder, len(windows), progress)
    runs: list[WindowRun] = []
    traded: list[TradedRun] = []
    left = capital
    for window in windows:
        run, one = walk.through(window, sessions, left)
        runs.append(run)
        traded.append(one)
        left = run.summary.final_equity
    joined = join_runs(traded)
    summary = summarise(joined.outcome, joined.grid, capital)
    return Walk(lengths, objective, tuple(runs), joined, summary, left_out)


def refuse_too_short(lengths: WindowLengths, objective: Objective) -> None:
    """Raise BadInput where no window has sessions enough for what it chooses by."""
    if objective in _OF_RATIOS and lengths.in_sample < FEWEST_SESSIONS_FOR_RATIOS:
        raise BadInput(
            f"in-sample {lengths.in_sample} is too short: no {objective} is reported under"
            f" {FEWEST_SESSIONS_FOR_RATIOS} sessions",
            f"Give in-sample {FEWEST_SESSIONS_FOR_RATIOS} or more, or another objective, such as"
            f" {Objective.TOTAL_RETURN}",
        )


def _windows_of(lengths: WindowLengths, sessions: int, left_out: int) -> tuple[Window, ...]:
    try:
        return windows_of(lengths, range(sessions))
    except BadInput as error:
        if not left_out:
            raise
        more = f"{left_out} more before them only warm the indicators"
        raise BadInput(f"{error.what}; {more}", error.hint) from error


@dataclass(frozen=True)
class _Walking:
    """What all windows of a walk have in common."""

    candidates: Sequence[Candidates]
    objective: Objective
    threads: int
    cache_folder: Path | None
    windows: int
    progress: Callable[[int, int], None] | None

    def through(
        self, window: Window, sessions: Sequence[Session], capital: float
    ) -> tuple[WindowRun, TradedRun]:
        """Return a window that begins with a capital, and what was traded in it."""
        seen = tuple(sessions[place] for place in window.in_sample)
        later = tuple(sessions[place] for place in window.out_of_sample)
        refused: dict[int, BadInput] = {}
        choice, why_idle = None, "nothing is left of the capital"
        if capital > 0:
            choice, why_idle = self._choose(window, seen, capital, refused)
        traded = None
        if choice is not None:
            try:
                traded = self._trade(choice, later)
            except BadInput as error:
                why_idle = f"set {choice.number} was chosen and cannot be traded: {error}"
        if traded is None:
            traded = self._keep(later, capital)
        summary = summarise(traded.outcome, traded.grid, capital)
        return WindowRun(window, seen, later, choice, summary, why_idle, refused), traded

    def _choose(
        self,
        window: Window,
        sessions: tuple[Session, ...],
        capital: float,
        refused: dict[int, BadInput],
    ) -> tuple[Choice | None, str]:
        """Return the best set of some sessions, None with the reason where none can be chosen."""
        best: Choice | None = None
        best_worth = (-math.inf, 0)
        trades = 0
        for number, plan, outcome in self._run_all(window, sessions, capital):
            if isinstance(outcome, BadInput):
                refused[number] = outcome
                continue
            trades += outcome.trades
            worth = (worth_of(outcome, self.objective), -number)
            if outcome.trades and worth[0] > -math.inf and worth > best_worth:
                best, best_worth = Choice(number, plan, outcome), worth
        if best is not None:
            return best, ""
        if trades:
            return None, f"no set has a {self.objective} in-sample"
        return None, "no set traded in-sample"

    def _run_all(
        self, window: Window, sessions: tuple[Session, ...], capital: float
    ) -> Iterator[tuple[int, RunPlan, Summary | BadInput]]:
        sets = sum(len(each.plans) for each in self.candidates)
        before = (window.number - 1) * sets
        for each in self.candidates:
            plans = [replace(plan, capital=capital) for plan in each.plans]
            found = run_sets(
                each.panel.until(each.place_of(sessions[-1]) + 1),
                plans,
                first_traded=each.place_of(sessions[0]),
                threads=self.threads,
                cache_folder=self.cache_folder,
                progress=self._told_from(before, self.windows * sets),
            )
            for place, outcome in found:
                yield each.numbers[place], plans[place], outcome
            before += len(plans)

    def _told_from(self, before: int, total: int) -> Callable[[int, int], None] | None:
        tell = self.progress
        return None if tell is None else lambda done, _: tell(before + done, total)

    def _trade(self, choice: Choice, sessions: tuple[Session, ...]) -> TradedRun:
        of = next(each for each in self.candidates if choice.number in each.numbers)
        panel = of.panel.until(of.place_of(sessions[-1]) + 1)
        outcome = run_backtest(
            panel,
            choice.plan,
            first_traded=of.place_of(sessions[0]),
            keep="none",
            cache_folder=self.cache_folder,
        )
        return traded_run(choice.plan, panel.grid, outcome)

    def _keep(self, sessions: tuple[Session, ...], capital: float) -> TradedRun:
        of = self.candidates[0]
        first, end = of.place_of(sessions[0]), of.place_of(sessions[-1]) + 1
        plan = replace(of.plans[0], capital=capital)
        return idle_run(plan, of.panel.grid.until(end).since(first))
