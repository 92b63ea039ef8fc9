"""Runs compared from the terminal, as a user calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from flows.pages.research.comparison_lines import sparkline
from tests.full_disk import full_disk
from tests.terminal import Finished, flows

SIMULATED = ("--symbols", "AAA", "--start", "2025-06-02", "--end", "2025-06-06", "--quiet",
             "--no-report")  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with two runs that differ in their range."""
    root = tmp_path_factory.mktemp("data")
    for name, minutes in (("short", 15), ("long", 30)):
        finished = flows("backtest", *SIMULATED, "--set", f"range_minutes={minutes}",
                         "--out", root / "backtests" / name)  # fmt: skip
        assert finished.returncode == 0, finished.stderr
    return root


def compare(kept: Path, *arguments: object) -> Finished:
    return flows("compare", "--data-dir", kept, *arguments)


def test_parameters_figures_equity_and_trades_stand_side_by_side(kept: Path) -> None:
    finished = compare(kept, "short", kept / "backtests/long", "--trades", 100)
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()

    at = lines.index("Parameters that differ")
    assert lines[at + 3].split() == ["range_minutes", "15", "30"]
    assert lines[at + 4] == ""
    profits = next(line for line in lines if line.startswith("Profit, USD")).split()[-2:]
    for name, profit in zip(("short", "long"), profits, strict=True):
        content = json.loads((kept / "backtests" / name / "summary.json").read_text())
        assert profit == f"{content['summary']['total_pnl']:+,.2f}"
    words = next(line for line in lines if line.startswith("Trades of A and B, times in UTC:"))
    both, only_first, only_other = (
        int(each.split()[0].replace(",", "")) for each in words.split(": ")[1].split(", ")
    )
    counts = [len(pl.read_parquet(kept / "backtests" / name / "trades.parquet"))
              for name in ("short", "long")]  # fmt: skip
    assert [both + only_first, both + only_other] == counts


def test_a_page_is_written_and_a_run_with_itself_elsewhere_has_no_difference(
    kept: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(kept / "backtests/short", copy)
    finished = compare(kept, "short", copy, "--out", tmp_path / "page.html")

    assert finished.returncode == 0, finished.stderr
    assert "No parameter differs" in finished.stdout
    assert "0 only in A, 0 only in B." in finished.stdout
    assert "times in UTC" in finished.stdout
    assert "0 with another price or exit, 0 with another size" in finished.stdout
    assert "No parameter differs." in (tmp_path / "page.html").read_text()


def test_an_earlier_page_stays_whole_where_the_disk_is_full(kept: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("an earlier comparison")
    with full_disk(limit_bytes=8_192):
        finished = compare(kept, "short", "long", "--out", page)

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert f"{page} cannot be written: File too large" in line
    assert page.read_text() == "an earlier comparison"
    assert list(tmp_path.iterdir()) == [page]


def test_an_older_run_is_compared_all_the_same(kept: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(kept / "backtests/long", old)
    content = json.loads((old / "summary.json").read_text())
    del content["hashes"]
    (old / "summary.json").write_text(json.dumps(content))
    finished = compare(kept, "short", old)

    assert finished.returncode == 0, finished.stderr
    assert "Whether the bars were the same is not known: B kept no hash" in finished.stdout


def walk_of(run: Path, place: Path) -> Path:
    """Return a folder that a walk-forward test could have left, with a backtest's tables."""
    shutil.copytree(run, place)
    content = json.loads((place / "summary.json").read_text())
    (place / "summary.json").unlink()
    request = {"symbols": ["AAA"], "settings": {"min_body": 0.3}, "grid": ["range_minutes=15,30"],
               "capital": 10_000.0, "random": None}  # fmt: skip
    record = {
        "engine_version": content["engine_version"], "strategy": {"name": "orb"},
        "request": request, "lengths": {"in_sample": 20}, "notes": [],
        "sessions": ["2025-06-02", "2025-06-06"], "bars": [{"source": "b.parquet", "hash": "x"}],
        "summary": content["summary"], "files": content["files"],
    }  # fmt: skip
    (place / "walk_forward.json").write_text(json.dumps(record))
    return place


def test_a_walk_is_a_run_of_which_only_what_was_asked_for_differs(
    kept: Path, tmp_path: Path
) -> None:
    walk = walk_of(kept / "backtests/short", tmp_path / "walk")
    finished = compare(kept, walk, "short")

    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    at, end = lines.index("Parameters that differ"), lines.index("Figures")
    assert [line.split()[0] for line in lines[at + 3 : end - 1]] == [
        "min_body", "grid", "in_sample",
    ]  # fmt: skip
    assert "Walk-forward, of each window what was traded after its choice: A." in lines
    assert "0 only in A, 0 only in B." in finished.stdout
    listed = flows("runs", "--data-dir", tmp_path / "none", walk, "--json").stdout
    assert [run["is_walk_forward"] for run in json.loads(listed)] == [True]


def damaged(kept: Path, place: Path, name: str) -> Path:
    shutil.copytree(kept / "backtests/short", place)
    (place / name).unlink()
    return place


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["short"], "one run alone has nothing to differ from"),
        (["short", "short"], "backtests/short is named twice"),
        (["short", "{kept}/backtests/short"], "is named twice, as short and as"),
        (["short", "lonng"], "Did you mean long?"),
        (["short", "{tmp}/absent"], "absent is not there"),
        (["short", "{tmp}/file"], "file is a file, and a run is a folder"),
        (["short", "{tmp}/empty"], "empty holds no backtest: it has no summary.json"),
        (["short", "{tmp}/sweep"], "sweep is a sweep, and no single run"),
        (["short", "{kept}/backtests"], "backtests is no run, but holds 2. Name one of them"),
        (["short", "{tmp}/half"], "half is half a run: it has no summary.json"),
        (["short", "{tmp}/lost"], "trades.parquet cannot be read"),
        (["short", "{tmp}/foreign"], "was changed after its run, or belongs to another"),
        (["short", "long", "--out", "{tmp}/page.txt"], "page.txt is no page of HTML"),
        (["short", "long", "--out", "{tmp}/none/page.html"], "is not there"),
        (["short", "long", "--out", "{tmp}/folder.html"], "folder.html is a folder"),
        (["short", "long", "--trades", "-1"], "--trades -1 is no number of trades"),
        (["short", " "], "a run's name is empty"),
        (["short"] * 27, "27 runs are too many"),
    ],
)
def test_what_cannot_be_compared_is_one_line_that_says_what_to_do(
    kept: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "file").touch()
    for name in ("empty", "sweep", "folder.html"):
        (tmp_path / name).mkdir()
    (tmp_path / "sweep/sweep.json").touch()
    damaged(kept, tmp_path / "half", "summary.json")
    damaged(kept, tmp_path / "lost", "trades.parquet")
    foreign = damaged(kept, tmp_path / "foreign", "trades.parquet")
    shutil.copy(kept / "backtests/long/trades.parquet", foreign)
    finished = compare(kept, *(each.format(kept=kept, tmp=tmp_path) for each in arguments))

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1
    assert said in finished.stderr


def test_a_line_of_equity_goes_from_the_lowest_sign_to_the_highest() -> None:
    values = pl.Series([float("nan"), 0.0, 0.5, 1.0]).to_numpy()

    assert sparkline(values, 0.0, 1.0, "_-#") == " _-#"
    assert sparkline(values * 0, 0.0, 0.0, "_-#") == " ___"
    assert len(sparkline(pl.Series(range(1000)).to_numpy().astype(float), 0, 999)) == 60
