"""What the form of a sweep holds beside a backtest's, checked so that a slip is one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from blocks.settings.app_settings import AppSettings
from flows.backtest_form import Word, beside, request_of_form, with_simulated_days
from tasks.backtest.request import BacktestRequest
from tasks.sweep.request import SweepRequest, objective_named


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

    def backtest_of(rest: dict[str, Any]) -> BacktestRequest:
        # Of a set's run nothing is kept but its figures.
        return request_of_form({**rest, "decisions": "none"}, out, configured, data_dir)

    form, base = beside(SweepForm, values, backtest_of)
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
