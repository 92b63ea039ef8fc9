"""What a user asks of a sweep, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tasks.backtest.request import BacktestRequest, check_request
from trading.errors import BadInput
from trading.near_names import nearest_of
from trading.seed import check_seed
from trading.sweep.objective import Objective
from trading.sweep.parameter_set import SYMBOLS

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A sweep as asked for: the backtest that all its sets are, and what differs between them.

    `grid` as `--grid` takes it; `random` so many sets drawn by `seed` instead of all, `optuna` so
    many that Optuna chooses one after the other. `workers` None is one for each processor;
    `address` is where a runner that has one listens.
    """

    base: BacktestRequest
    grid: tuple[str, ...]
    out: Path
    random: int | None = None
    optuna: int | None = None
    seed: int = 1
    objective: Objective = Objective.SHARPE
    runner: str = LOCAL
    workers: int | None = None
    address: str | None = None


def objective_named(name: str) -> Objective:
    """Return a figure that is more where a set is better. Raises BadInput."""
    if name not in list(Objective):
        near = nearest_of(name, Objective)
        meant = f"Did you mean {near}? " if near else ""
        raise BadInput(
            f"objective {name!r} is no figure to choose by",
            f"{meant}Use one of {', '.join(Objective)}",
        )
    return Objective(name)


def check_sweep(request: SweepRequest) -> None:
    """Raise BadInput for what cannot be, whatever the bars are."""
    # Each set has symbols of its own where they are swept.
    base = request.base
    check_request(replace(base, symbols=(SYMBOLS,)) if SYMBOLS in names_of(request.grid) else base)
    check_seed(request.seed)
    if request.workers is not None and request.workers < 1:
        raise BadInput(
            f"--workers {request.workers} is no number of workers",
            "Give 1 or more, or leave it out for one each processor",
        )
    if request.random is not None and request.optuna is not None:
        raise BadInput("--random and --optuna are two ways to choose", "Give one of them")


def names_of(grid: tuple[str, ...]) -> set[str]:
    """Return what a grid sweeps, as it is written."""
    return {text.partition("=")[0].strip() for text in grid}


def refuse_fixed(grid: tuple[str, ...], pairs: list[str]) -> None:
    """Raise BadInput for a parameter that is swept and also given one value, as `name=value`."""
    swept = names_of(grid)
    for pair in pairs:
        name = pair.partition("=")[0].strip()
        if name in swept:
            raise BadInput(
                f"{name} is both --set and --grid",
                f"Leave --set {name} out, or sweep something else",
            )
