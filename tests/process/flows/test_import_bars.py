"""Bars that were imported trade as the file does in its place."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import polars as pl

from tests.full_disk import on_a_full_disk
from tests.repository import REPOSITORY
from tests.shared_data import REAL_BARS, needs_real_bars
from tests.terminal import flows


@needs_real_bars
def test_an_imported_file_gives_the_same_trades_as_the_file(tmp_path: Path) -> None:
    first = flows("import-bars", "--bars", str(REAL_BARS), "--data-dir", str(tmp_path))
    assert first.returncode == 0, first.stderr
    assert "36,816 bars added" in first.stdout
    again = flows("import-bars", "--bars", str(REAL_BARS), "--data-dir", str(tmp_path))
    assert "0 bars added, 0 revised, 36,816 unchanged" in again.stdout
    for name, bars in (("file", REAL_BARS), ("archive", tmp_path / "bars" / "5m")):
        done = flows("backtest", "--bars", str(bars), "--out", str(tmp_path / name), "--quiet")
        assert done.returncode == 0, done.stderr
    one, other = (pl.read_parquet(tmp_path / n / "trades.parquet") for n in ("file", "archive"))
    assert one.equals(other)
    assert one.height == 454


def test_a_full_disk_ends_an_import_in_one_line_and_leaves_no_partial_file(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    rows = [f"A{n},2025-06-10T14:{n % 12 * 5:02}:00Z,1{n},2{n},1{n},1{n},{n}" for n in range(2000)]
    path.write_text("\n".join(["symbol,ts,open,high,low,close,volume", *rows]))
    done = subprocess.run(
        [*on_a_full_disk(2_000), "import-bars", "--bars", path, "--data-dir", tmp_path],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{tmp_path}/bars/5m/2025-06.parquet cannot be written" in done.stderr
    assert list((tmp_path / "bars" / "5m").iterdir()) == []


def test_a_full_disk_leaves_no_bytecode_that_is_cut_off(tmp_path: Path) -> None:
    subprocess.run(
        [*on_a_full_disk(2_000), "validate-config"],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)},
        capture_output=True, timeout=300, check=True,
    )  # fmt: skip
    assert list(tmp_path.rglob("*.pyc")) == []


def test_nothing_else_limits_the_size_of_files() -> None:
    tests = (REPOSITORY / "tests").rglob("*.py")
    limiting = [path.name for path in tests if "RLIMIT_" + "FSIZE" in path.read_text()]
    assert limiting == ["full_disk.py"]


def test_a_file_without_a_bar_of_a_session_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    path.write_text("symbol,ts,open,high,low,close,volume\nAAA,2025-06-10T02:00:00Z,1,1,1,1,5\n")
    done = flows("import-bars", "--bars", str(path), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "night.csv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list((tmp_path / "data").rglob("*.parquet"))
