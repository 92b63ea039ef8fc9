"""Results name the sources that made them, in whatever folder of the core these lie."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import trading
from tasks.backtest.engine_version import engine_version
from trading.plan import make_plan


def test_a_change_two_folders_down_is_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(("AAA",), {})
    copy = tmp_path / "trading"
    shutil.copytree(trading.__path__[0], copy)
    below = copy / "folder" / "below"
    below.mkdir(parents=True)
    (below / "rule.py").write_text("LIMIT = 1\n")
    monkeypatch.setattr(trading, "__path__", [str(copy)])
    before = engine_version(plan.strategy_module)

    (below / "rule.py").write_text("LIMIT = 2\n")

    assert engine_version(plan.strategy_module) != before
