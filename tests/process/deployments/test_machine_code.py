"""Machine code that an installation brings, so that nobody's first backtest waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments import machine_code
from deployments.machine_code import main, missing
from trading.backtest.run import STAGES
from trading.engine.compile import engine_key, is_compiled
from trading.plan import BUILT_IN
from trading.strategies import orb

# The one that takes a second; the others take ten.
KEEP = len(STAGES) - 1


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has compiled already is no reason to leave it out."""
    monkeypatch.setattr("trading.engine.compile._COMPILED", {})


def test_a_new_folder_lacks_every_stage_of_every_strategy_and_what_they_share_once(
    tmp_path: Path,
) -> None:
    works = list(missing(tmp_path))

    assert {name for name, number in works if number == 0} == set(BUILT_IN)
    assert [number for _, number in works].count(KEEP) == 1


def test_what_is_compiled_once_is_found_by_its_key_and_old_sources_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of an older version").mkdir()
    monkeypatch.setattr(machine_code, "missing", lambda folder: iter([("orb", KEEP)]))

    assert main(tmp_path) == 0

    assert [found.name for found in tmp_path.iterdir()] == [engine_key(orb, STAGES[KEEP])]
    assert is_compiled(orb, STAGES[KEEP], tmp_path)
    assert KEEP not in [number for _, number in missing(tmp_path)]


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")

    assert main(tmp_path / "file" / "engine") == 1

    assert capfd.readouterr().err.startswith("machine code cannot be written: ")
