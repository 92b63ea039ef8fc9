"""Whatever a run is called, its results lie in a folder of its own among those of other runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blocks.results.run_folder import folder_name, give_back, run_folder

NAMES = (
    "../../evil",
    "..",
    ".",
    "",
    "   ",
    "/etc/passwd",
    "//server/share",
    "C:\\Windows\\evil",
    "..\\..\\evil",
    "a/b/../../../c",
    "NUL",
    "com1.txt",
    "with\0nul",
    "line\nbreak\tand\x1b[31mcolour",
    ".hidden",
    "...",
    "~root",
    "$(touch evil)",
    "x" * 5_000,
    "é" * 5_000,
    "🦩" * 300,
    "\ud800lone",
    "results. ",
)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder_of_results(name: str, tmp_path: Path) -> None:
    root = tmp_path / "data" / "backtests"
    made = run_folder(root, name)
    assert made.is_dir()
    assert made.parent == root
    assert made.resolve().parent == root.resolve()
    assert not made.name.startswith((".", " ", "-" * 200))
    assert len(os.fsencode(made.name)) < 200
    # The one that is made while results are written, and files in it, fit as well.
    (root / f".{made.name}.partial-abcdefgh").mkdir()
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"backtests"}


@pytest.mark.parametrize(
    "name", ["brave-ibex", "backtest AAPL,MSFT 2025-06-04 to 2025-08-28", "Überprüfung (2)"]
)
def test_a_name_of_words_stays_as_it_is(name: str) -> None:
    assert folder_name(name) == name


def test_a_second_run_of_a_name_leaves_the_first_ones_results_alone(tmp_path: Path) -> None:
    first = run_folder(tmp_path, "mine")
    (first / "summary.json").write_text("first")
    # Names that come out alike are no reason to replace anything either.
    others = [run_folder(tmp_path, name) for name in ("mine", "mine", "mine.", " mine")]
    assert [folder.name for folder in others] == ["mine (2)", "mine (3)", "mine (4)", "mine (5)"]
    assert (first / "summary.json").read_text() == "first"


def test_a_link_that_somebody_has_put_there_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "backtests"
    root.mkdir()
    (root / "mine").symlink_to(tmp_path / "elsewhere")
    assert run_folder(root, "mine") == root / "mine (2)"


def test_a_run_that_is_tried_again_has_its_folder_whatever_it_is_called_now(
    tmp_path: Path,
) -> None:
    first = run_folder(tmp_path, "blue-fox", "5b1c")
    (first / "chunks").mkdir()
    assert run_folder(tmp_path, "sweep AAPL 2025-06", "5b1c") == first
    other = run_folder(tmp_path, "blue-fox", "77aa")
    assert other == tmp_path / "blue-fox (2)"
    # Nothing was left in it: its name is free, and the note of it is forgotten.
    give_back(other)
    assert run_folder(tmp_path, "red-owl", "77aa") == tmp_path / "red-owl"
    assert run_folder(tmp_path, "x", "../../etc") == tmp_path / "x"
    assert run_folder(tmp_path, "y", "../../etc") == tmp_path / "x"


def test_a_note_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "sweeps", tmp_path / "outside"
    outside.mkdir()
    run_folder(root, "mine", "5b1c")
    (root / ".runs" / "5b1c").write_text("../outside")
    assert run_folder(root, "mine", "5b1c").parent == root
    (root / ".runs" / "5b1c").write_text("")
    assert run_folder(root, "mine", "5b1c").parent == root


def test_a_run_that_left_nothing_gives_its_name_back(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "mine")
    give_back(folder)
    assert run_folder(tmp_path, "mine") == folder
    (folder / "report.html").write_text("")
    give_back(folder)
    assert (folder / "report.html").exists()
