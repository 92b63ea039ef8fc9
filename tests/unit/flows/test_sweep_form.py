"""The form of a sweep: a backtest's fields and its own, and every slip at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blocks.settings.app_settings import AppSettings
from flows.sweep_form import sweep_of_form
from tasks.sweep.request import SweepRequest
from tests.unit.flows.test_backtest_form import FORM as BACKTEST
from trading.errors import BadInput
from trading.sweep.objective import Objective

OUT = Path("results")
FORM: dict[str, Any] = {
    **{name: value for name, value in BACKTEST.items() if name != "decisions"},
    "grid": ["min_body=0,0.5"], "random": None, "optuna": None, "seed": 1, "objective": "sharpe",
    "runner": "local", "address": None, "workers": None,
}  # fmt: skip


def request_of(**said: Any) -> SweepRequest:
    return sweep_of_form({**FORM, **said}, OUT, AppSettings(), Path("data"))


def test_a_form_asks_for_the_sweep_that_the_terminal_runs() -> None:
    request = request_of(random=20, seed=3, objective="sortino", runner="dask", workers=2)
    assert request.base.bars == Path("bars.csv")
    assert request.base.start == date(2025, 6, 4)
    # The backtest that every set is writes nothing: what is kept is the sweep's.
    assert (request.base.out, request.base.decisions, request.out) == (None, "none", OUT)
    assert (request.random, request.seed, request.objective) == (20, 3, Objective.SORTINO)
    assert (request.runner, request.workers, request.grid) == ("dask", 2, ("min_body=0,0.5",))


def test_fields_that_are_left_empty_count_as_not_given() -> None:
    request = request_of(address="", workers=None, bars="", start="")
    assert request.address is None
    # Bars that are simulated need days, which nobody has to name.
    assert request.base.start is not None
    assert request.base.end is not None


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        request_of(random="many", workers="two", start="06/07/2025", risk={"max_positions": 0})
    said = str(caught.value)
    for name in ("random", "workers", "06/07/2025", "max_positions"):
        assert name in said, name


def test_a_figure_that_is_none_is_told_with_the_one_that_is_meant() -> None:
    with pytest.raises(BadInput, match="Did you mean sharpe"):
        request_of(objective="sharp")
