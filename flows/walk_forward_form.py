"""What the form of a walk-forward test holds beside a sweep's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from blocks.settings.app_settings import AppSettings
from flows.backtest_form import beside
from flows.sweep_form import sweep_of_form
from tasks.sweep.request import LOCAL, SweepRequest
from tasks.walk_forward.request import WalkRequest

Windows = Literal["rolling", "anchored"]
# What a sweep's form has and a walk's has not: its windows run one after the other, here.
NOT_ASKED: dict[str, Any] = {"runner": LOCAL, "address": None, "optuna": None}


class WalkForm(BaseModel):
    """The fields that a sweep has not; an empty one is None."""

    model_config = ConfigDict(extra="forbid")

    in_sample: int
    out_of_sample: int
    windows: Windows
    step: int | None
    purge: int | None


def walk_of_form(
    values: Mapping[str, Any], out: Path, configured: AppSettings, data_dir: Path
) -> WalkRequest:
    """Return what a form asks for, of an account's folder; raises BadInput naming what is wrong."""

    def sweep_of(rest: dict[str, Any]) -> SweepRequest:
        return sweep_of_form({**rest, **NOT_ASKED}, out, configured, data_dir)

    form, sweep = beside(WalkForm, values, sweep_of)
    return WalkRequest(
        sweep,
        form.in_sample,
        form.out_of_sample,
        form.windows == "anchored",
        step=form.step,
        purge=form.purge,
    )
