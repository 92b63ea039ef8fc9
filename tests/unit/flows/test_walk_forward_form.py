"""The form of a walk-forward test: a sweep's fields and its own, and every slip at once."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from blocks.settings.app_settings import AppSettings
from flows.sweep import sweep
from flows.walk_forward import walk_forward
from flows.walk_forward_form import NOT_ASKED, WalkForm, walk_of_form
from tasks.walk_forward.request import WalkRequest
from tests.unit.flows.test_sweep_form import FORM as SWEEP
from trading.errors import BadInput
from trading.sweep.objective import Objective

OUT = Path("results")
FORM: dict[str, Any] = {
    **{name: value for name, value in SWEEP.items() if name not in NOT_ASKED},
    "in_sample": 40, "out_of_sample": 20, "windows": "rolling", "step": None, "purge": None,
}  # fmt: skip


def request_of(**said: Any) -> WalkRequest:
    return walk_of_form({**FORM, **said}, OUT, AppSettings(), Path("data"))


def test_a_form_asks_for_the_walk_that_the_terminal_runs() -> None:
    request = request_of(windows="anchored", step=25, purge=3, objective="sortino", random=9)
    assert (request.in_sample, request.out_of_sample, request.is_anchored) == (40, 20, True)
    assert (request.step, request.purge) == (25, 3)
    assert (request.sweep.random, request.sweep.objective) == (9, Objective.SORTINO)
    assert (request.sweep.out, request.sweep.base.bars) == (OUT, Path("bars.csv"))
    assert request_of().is_anchored is False


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        request_of(in_sample="many", windows="tumbling", random="some", start="06/07/2025")
    said = str(caught.value)
    for name in ("in_sample", "windows", "random", "06/07/2025"):
        assert name in said, name


def test_the_flow_has_the_fields_of_a_sweep_that_a_walk_has_and_its_own() -> None:
    fields = set(inspect.signature(walk_forward.fn).parameters)
    of_sweep = set(inspect.signature(sweep.fn).parameters) - set(NOT_ASKED)
    assert fields == of_sweep | set(WalkForm.model_fields)
