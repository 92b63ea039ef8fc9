"""The functions that sets go through, in machine code or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trading.backtest.held_bars import (
    CountHeld,
    count_held_by_numpy,
    count_held_in_a_loop,
)
from trading.backtest.resampling import Resample, key_of, resample_by_numpy, resample_in_a_loop
from trading.backtest.run import Linked, linked_for, run_of_nothing
from trading.engine.compile import link_compiled, refusal_of
from trading.engine.entering import find_entering, new_entering
from trading.plan import RunPlan

# What a sweep compiles beside the stages of a backtest, once for all strategies.
FUNCTIONS: tuple[Callable[..., None], ...] = (
    find_entering,
    resample_in_a_loop,
    count_held_in_a_loop,
)


class Machine(NamedTuple):
    """The functions that sets go through, all compiled or all interpreted."""

    linked: Linked
    read: Callable[..., int]
    find_entering: Callable[..., None]
    settle: Callable[..., int]
    resample: Resample
    count_held: CountHeld


def machine_for(
    plan: RunPlan, bars: int, compiled: bool | None, cache_folder: Path | None
) -> Machine:
    """Return the functions for a plan's strategy and so many bars; see `linked_for`."""
    linked = linked_for(plan, bars, compiled, cache_folder)
    read, settle, _ = linked.stages
    if not linked.compiled:
        return Machine(linked, read, find_entering, settle, resample_by_numpy, count_held_by_numpy)
    found, resample, count_held = (
        link_compiled(plan.strategy_module, function, cache_folder) for function in FUNCTIONS
    )
    return Machine(linked, read, found, settle, resample, count_held)


def compile_function(plan: RunPlan, number: int, cache_folder: Path | None) -> str:
    """Compile one of FUNCTIONS for a plan, or read it from the folder; return what numba refuses.

    They are for any plan: what they are called with has the same types whatever it trades.
    """
    linked = link_compiled(plan.strategy_module, FUNCTIONS[number], cache_folder)
    return refusal_of(linked, _arguments(plan)[number])


def _arguments(plan: RunPlan) -> tuple[tuple[Any, ...], ...]:
    """Return what each of FUNCTIONS is called with, to do nothing."""
    run = run_of_nothing(plan)
    nobody = new_entering(0, len(plan.symbols))
    no_values = np.zeros(0, dtype=np.int64)
    return (
        (run.room(0), run.verdicts, 0, 0, nobody),
        (no_values, key_of(0), no_values),
        (no_values,) * 4,
    )
