"""What the form of a sweep holds beside a backtest's, checked so that a slip is one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from blocks.settings.app_settings import AppSettings
from flows.backtest_form import Word, request_of_form, with_simulated_days
from tasks.sweep.request import SweepRequest, objective_named
from trading.errors import BadInput, together
from trading.parameters import bad_input_of


class SweepForm(BaseModel):
    """The fields that a backtest has not; an empty one is None."""

    model_config = ConfigDict(extra="forbid")

    grid: tuple[str, ...]
    random: int | None
    optuna: int | None
    seed: int
    objective: str
    runner: str
    address: Word
    workers: int | None


def sweep_of_form(
    values: Mapping[str, Any], out: Path, configured: AppSettings, data_dir: Path
) -> SweepRequest:
    """Return what a form asks for, of an account's folder; raises BadInput naming what is wrong."""
    own = {name: value for name, value in values.items() if name in SweepForm.model_fields}
    rest = {name: value for name, value in values.items() if name not in own}
    wrong: list[BadInput] = []
    form = base = None
    try:
        form = SweepForm.model_validate(own)
    except ValidationError as error:
        wrong.append(bad_input_of(error, "parameters"))
    try:
        # Of a set's run nothing is kept but its figures.
        base = request_of_form({**rest, "decisions": "none"}, out, configured, data_dir)
    except BadInput as error:
        wrong.append(error)
    if form is None or base is None:
        raise together(wrong)
    return SweepRequest(
        with_simulated_days(replace(base, out=None)),
        form.grid,
        out,
        random=form.random,
        optuna=form.optuna,
        seed=form.seed,
        objective=objective_named(form.objective),
        runner=form.runner,
        workers=form.workers,
        address=form.address,
    )
