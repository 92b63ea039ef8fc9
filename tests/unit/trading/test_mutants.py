"""Faults put into the core on purpose: each is killed by a named check, the core itself by none.

A mutant is made in memory: one piece of one function's tree is exchanged, the module is executed
again, and the engine is linked from it.
"""

from __future__ import annotations

import ast
import importlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from tests.oracle.comparison import bar_rows, daily_bars_of, differences, plan_of
from tests.oracle.ledger import fold
from tests.oracle.random_markets import Case, random_case
from tests.unit.trading.account_mutants import ACCOUNT_MUTANTS
from tests.unit.trading.day_mutants import DAYS, FILES, SELECTION, VALIDATION
from tests.unit.trading.exit_mutants import EXITS
from tests.unit.trading.mutants import (
    FOLD,
    LOOK_AHEAD,
    MUTANTS,
    NOT_A_NUMBER,
    REFERENCE,
    Mutant,
)
from tests.unit.trading.resting_mutants import RESTING_ENTRIES
from tests.unit.trading.scenarios import LOADING, SCENARIOS
from tests.unit.trading.scenarios.check import complaints, loading_complaints, observed
from tests.unit.trading.scenarios.decisions import CALM, of
from tests.unit.trading.scenarios.scenario import RANGE, UP, LoadingScenario, Scenario
from tests.unit.trading.size_mutants import SIZES
from tests.unit.trading.syntax_tree import exchanged
from trading.backtest import run as backtest
from trading.backtest.checks.look_ahead_check import look_ahead_test
from trading.backtest.run import Outcome
from trading.engine import settle as engine
from trading.engine.book import new_book
from trading.engine.compile import Linker
from trading.errors import BadInput
from trading.market import calendar, daily_bars
from trading.market import panel_loading as loading
from trading.market.panel import Panel
from trading.plan import RunPlan, make_plan
from trading.strategies import orb

BY_NAME = {scenario.name: scenario for scenario in (*SCENARIOS, *LOADING)}
ALL = (
    *MUTANTS,
    *ACCOUNT_MUTANTS,
    *RESTING_ENTRIES,
    *EXITS,
    *SIZES,
    *DAYS,
    *FILES,
    *SELECTION,
    *VALIDATION,
)
# Bars at random, damaged and not: between them they show what a single scenario may not.
SEEDS = range(40)


def rewritten(mutant: Mutant) -> ModuleType:
    """Return the mutant's module, executed from its changed tree."""
    original = importlib.import_module(f"trading.{mutant.module}")
    file = str(original.__file__)
    source = Path(file).read_text(encoding="utf-8")
    tree = exchanged(source, mutant.function, mutant.old, mutant.new)
    assert ast.dump(tree) != ast.dump(ast.parse(source))
    module = ModuleType(original.__name__)
    module.__file__ = file
    exec(compile(tree, file, "exec"), module.__dict__)
    return module


SHORT_TAPE = Mutant("", "backtest.run", "", "TAPE_ROWS = 400_000", "TAPE_ROWS = 1", "")
SAME_LOADING = Mutant(
    "",
    "market.panel_loading",
    "make_panel",
    "[rows] if isinstance(rows, AnyRows) else rows",
    "[rows] if isinstance(rows, AnyRows) else [*rows]",
    "",
)
SAME_ENGINE = Mutant(
    "", "engine.settle", "settle_sessions", "(end - begin) * symbols", "symbols * (end - begin)", ""
)


class Core:
    """The core with one module exchanged, or as it is: loads, links and runs a case."""

    def __init__(self, changed: ModuleType | None) -> None:
        self.make_panel = loading.make_panel
        self.make_daily_bars = daily_bars.make_daily_bars
        self.loses_too_much: Any = importlib.import_module("trading.engine.risk").loses_too_much
        self._strategy: ModuleType = orb
        self._exchanged: dict[Any, Any] = {}
        # A copy of its own, so that no other test meets the mutant.
        self._backtest = rewritten(SHORT_TAPE)
        if changed is not None:
            self._exchange(changed)
        self._backtest.link_interpreted = self._link

    def _exchange(self, changed: ModuleType) -> None:
        name = changed.__name__.removeprefix("trading.")
        if name == "strategies.orb":
            self._strategy = changed
        elif name == "market.panel_loading":
            self.make_panel = changed.make_panel
        elif name == "market.grid_lookup":
            copy = rewritten(SAME_LOADING)
            copy.__dict__["GridRows"] = changed.GridRows
            self.make_panel = copy.make_panel
        elif name == "market.grid_cells":
            copy = rewritten(SAME_LOADING)
            for key in ("place", "are_valid", "clear_invalid"):
                copy.__dict__[key] = getattr(changed, key)
            self.make_panel = copy.make_panel
        elif name == "market.daily_bars":
            self.make_daily_bars = changed.make_daily_bars
        elif name == "backtest.run":
            self._backtest = changed
        elif name == "backtest.stage_arguments":
            self._backtest.__dict__["PanelRun"] = changed.PanelRun
        else:
            original = importlib.import_module(changed.__name__)
            for key, value in vars(original).items():
                if isinstance(value, FunctionType) and value.__module__ == changed.__name__:
                    self._exchanged[value] = getattr(changed, key)
            if name == "engine.risk":
                self.loses_too_much = changed.loses_too_much

    def _link(self, strategy: ModuleType, function: Any) -> Any:
        linker = Linker(self._strategy, lambda copy: copy)
        linker._replaced.update(self._exchanged)
        return linker.link(function)

    def run(self, case: Case) -> Outcome:
        """Return what this core makes of a case, every decision kept."""
        plan = plan_of(case, self._strategy)
        return self.run_panel(self.panel(case), plan, case.first_traded)

    def panel(self, case: Case) -> Panel:
        """Return the case's rows as this core loads them."""
        sessions = [
            calendar.Session(
                calendar.from_microseconds(opened).date(),
                calendar.from_microseconds(opened),
                calendar.from_microseconds(closed),
            )
            for _, opened, closed in case.sessions
        ]
        grid = calendar.make_grid(sessions, case.interval)
        panel = self.make_panel(bar_rows(case), grid, case.symbols)
        return replace(panel, daily=daily_bars_of(case, self.make_daily_bars))

    def run_panel(self, panel: Panel, plan: RunPlan, first_traded: int = 0) -> Outcome:
        """Return what this core makes of a panel."""
        outcome: Outcome = self._backtest.run_backtest(
            panel, plan, first_traded=first_traded, keep="all", compiled=False
        )
        return outcome


def scenario_fails(core: Core, scenario: Scenario | LoadingScenario) -> bool:
    """Return whether the core departs from a scenario's expected values."""
    if isinstance(scenario, LoadingScenario):
        return bool(loading_complaints(scenario, core.panel(scenario.case())))
    case = scenario.case()
    return bool(complaints(scenario, observed(case, core.run(case))))


def reference_differs(core: Core) -> bool:
    """Return whether the core departs from the reference on any of the seeds."""
    return any(differences(random_case(seed), core.run) for seed in SEEDS)


def past_changes(core: Core) -> bool:
    """Return whether cutting the future off changes an earlier decision or fill."""
    volumes = [of((102, 102, 101, 102), 1000 * k) for k in (3, 1, 4)]
    case = Scenario(
        "",
        [CALM, CALM, CALM, {"AAA": [of(RANGE, 1000), of(UP, 1200), *volumes]}],
        {"volume_filter": True, "min_body": -1.0},
        first_traded=3,
    ).case()
    result = look_ahead_test(
        core.panel(case), plan_of(case), 20, 1, run=lambda p, q: core.run_panel(p, q, 3)
    )
    assert result.rows_compared > 0
    return not result.passed


def not_a_number_passes(core: Core) -> bool:
    """Return whether an equity that is NaN does not latch."""
    return not core.loses_too_much(new_book(1, 1e4), make_plan(["AAA"], {}).rules(), math.nan)


def fold_differs(core: Core) -> bool:
    """Return whether the trades are not what the fills amount to."""
    case = BY_NAME["an order waits for the next bar's open"].case()
    panel, outcome = core.panel(case), core.run(case)
    folded = fold(panel, outcome, case.capital)
    equity = outcome.equity.tolist()
    return len(folded.closed) != len(outcome.trades) or equity != pytest.approx(folded.equity)


NAMED: dict[str, Callable[[Core], bool]] = {
    REFERENCE: reference_differs,
    LOOK_AHEAD: past_changes,
    NOT_A_NUMBER: not_a_number_passes,
    FOLD: fold_differs,
}


def kills(check: str, core: Core) -> bool:
    """Return whether a named check finds fault with a core; a crash is a fault too."""
    assert check in NAMED or check in BY_NAME, f"there is no check {check!r}"
    fails = NAMED.get(check) or (lambda core: scenario_fails(core, BY_NAME[check]))
    try:
        return fails(core)
    except (ArithmeticError, AssertionError, LookupError, ValueError, BadInput):
        return True


def named(mutant: Mutant) -> str:
    """Return a mutant's fault."""
    return mutant.name


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("mutant", ALL, ids=named)
def test_a_mutant_is_killed_by_its_check(mutant: Mutant) -> None:
    killed = kills(mutant.killed_by, Core(rewritten(mutant)))
    print(f"{mutant.name}: {'killed by' if killed else 'SURVIVES'} {mutant.killed_by!r}")
    assert killed


def test_the_core_itself_survives_every_check_that_kills() -> None:
    core = Core(None)
    for check in sorted({mutant.killed_by for mutant in ALL}):
        assert not kills(check, core), check


def test_the_core_executed_again_from_its_source_is_the_core() -> None:
    changed = rewritten(SAME_ENGINE)
    core = Core(changed)
    assert changed.settle_sessions is not engine.settle_sessions
    assert not reference_differs(core)
    assert all(not scenario_fails(core, scenario) for scenario in SCENARIOS[::8])


def test_mutants_have_names_of_their_own_and_leave_the_core_alone() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL) >= 200
    rewritten(MUTANTS[0])
    assert importlib.import_module("trading.engine.matching").__dict__["touch"].__module__
    assert backtest.link_interpreted.__module__ == "trading.engine.compile"
