"""A walk-forward test: in each window the best of many sets is chosen, then traded on later bars.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2nd ed., Wiley 2008,
chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from trading.backtest.performance import Summary, summarise
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.backtest.run import run_backtest
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.sweep.objective import Objective
from trading.walk_forward.candidates import Candidates, sessions_of_all
from trading.walk_forward.choice import Choices, Chooser, Chosen
from trading.walk_forward.efficiency import Returns, efficiency
from trading.walk_forward.joined import TradedRun, idle_run, join_runs, traded_run
from trading.walk_forward.windows import Window, WindowLengths, windows_of

_OF_RATIOS = (Objective.SHARPE, Objective.SORTINO)


@dataclass(frozen=True, slots=True)
class WindowRun:
    """A window that is over: what was chosen in-sample, and what it came to out-of-sample.

    `in_sample` and `out_of_sample` are the sessions of both parts. `in_sample_summary` is of the
    choice, None where none was made. `why_idle` says why nothing was traded, empty where something
    could be.
    """

    window: Window
    in_sample: tuple[Session, ...]
    out_of_sample: tuple[Session, ...]
    chosen: Chosen
    in_sample_summary: Summary | None
    summary: Summary
    why_idle: str

    @property
    def returns(self) -> tuple[Returns, Returns] | None:
        """Return the returns a session of both parts, None where nothing was traded."""
        if self.in_sample_summary is None or self.why_idle:
            return None
        return self.in_sample_summary.session_returns, self.summary.session_returns

    @property
    def efficiency(self) -> float | None:
        """Return the share of the in-sample rate that was left, None where there is none."""
        return None if self.returns is None else efficiency([self.returns])


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
        """Return the efficiency of all windows that traded, as `efficiency` says."""
        return efficiency([run.returns for run in self.windows if run.returns is not None])


def walk_forward(
    candidates: Sequence[Candidates],
    lengths: WindowLengths,
    objective: Objective,
    *,
    capital: float,
    threads: int = 1,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    choices: Choices | None = None,
) -> Walk:
    """Choose and trade in one window after the other, each with the capital that the last one left.

    What is handed to the engine ends with the sessions that it is to see: no choice, and nothing
    that is traded, can depend on later ones. `progress(done, total)` counts the sets of all
    windows; `choices` remembers what earlier runs chose. Raises BadInput for too few sessions.
    """
    refuse_too_short(lengths, objective)
    sessions, left_out = sessions_of_all(candidates)
    windows = _windows_of(lengths, len(sessions), left_out)
    sets = sum(len(each.plans) for each in candidates)
    chooser = Chooser(candidates, objective, threads, cache_folder, choices)
    runs: list[WindowRun] = []
    traded: list[TradedRun] = []
    left = capital
    for window in windows:
        tell = None
        if progress is not None:
            tell = _told_from(progress, (window.number - 1) * sets, len(windows) * sets)
        seen = tuple(sessions[place] for place in window.in_sample)
        later = tuple(sessions[place] for place in window.out_of_sample)
        chosen, figures = chooser.choose(seen, left, tell)
        why_idle, run = chosen.why_idle, None
        if chosen.number is not None:
            try:
                run = _traded(candidates, chosen.number, later, left, cache_folder)
            except BadInput as error:
                why_idle = f"set {chosen.number} was chosen and cannot be traded: {error}"
        if run is None:
            run = _kept(candidates[0], later, left)
        summary = summarise(run.outcome, run.grid, left)
        runs.append(WindowRun(window, seen, later, chosen, figures, summary, why_idle))
        traded.append(run)
        left = summary.final_equity
    joined = join_runs(traded)
    whole = summarise(joined.outcome, joined.grid, capital)
    return Walk(lengths, objective, tuple(runs), joined, whole, left_out)


def traded_again(
    walk: Walk,
    candidates: Sequence[Candidates],
    slippage_bps: float,
    *,
    capital: float,
    cache_folder: Path | None = None,
) -> Summary:
    """Return what the choices of a walk come to at another slippage, each made as it was made."""
    traded: list[TradedRun] = []
    left = capital
    for window in walk.windows:
        run = None
        if window.chosen.number is not None:
            with suppress(BadInput):
                run = _traded(
                    candidates,
                    window.chosen.number,
                    window.out_of_sample,
                    left,
                    cache_folder,
                    slippage_bps,
                )
        if run is None:
            run = _kept(candidates[0], window.out_of_sample, left)
        traded.append(run)
        left = summarise(run.outcome, run.grid, left).final_equity
    joined = join_runs(traded)
    return summarise(joined.outcome, joined.grid, capital)


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


def _told_from(tell: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    return lambda done: tell(before + done, total)


def _traded(
    candidates: Sequence[Candidates],
    number: int,
    sessions: tuple[Session, ...],
    capital: float,
    cache_folder: Path | None,
    slippage_bps: float | None = None,
) -> TradedRun:
    of = next(each for each in candidates if number in each.numbers)
    plan: RunPlan = replace(of.plan_of(number), capital=capital)
    if slippage_bps is not None:
        plan = replace(plan, fills=plan.fills.model_copy(update={"slippage_bps": slippage_bps}))
    panel = of.panel.until(of.place_of(sessions[-1]) + 1)
    first = of.place_of(sessions[0])
    outcome = run_backtest(panel, plan, first_traded=first, keep="none", cache_folder=cache_folder)
    return traded_run(plan, panel.grid, outcome)


def _kept(of: Candidates, sessions: tuple[Session, ...], capital: float) -> TradedRun:
    first, end = of.place_of(sessions[0]), of.place_of(sessions[-1]) + 1
    return idle_run(replace(of.plans[0], capital=capital), of.panel.grid.until(end).since(first))
