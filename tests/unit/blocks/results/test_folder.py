"""The folder of results: whole or not at all."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from blocks.results.folder import (
    FILES,
    Results,
    _move_into,
    check_folder,
    read_results,
    write_results,
)
from tests.full_disk import full_disk
from trading.errors import BadInput, NoData, StoreUnavailable


def results(rows: int = 3) -> Results:
    """Return results with so many trades; many make files too large for a small limit."""
    noon = datetime(2025, 6, 4, 16, tzinfo=UTC)
    times = pl.Series("entry_time", [noon + timedelta(minutes=row) for row in range(rows)])
    noise = np.random.default_rng(0).standard_normal(rows)
    trades = pl.DataFrame(
        [
            pl.Series("session", [date(2025, 6, 4)] * rows, dtype=pl.Date),
            pl.Series("symbol", ["AAPL"] * rows, dtype=pl.String),
            times.cast(pl.Datetime("us", "UTC")),
            pl.Series("pnl", noise),
        ]
    )
    decisions = trades.rename({"pnl": "price"})
    parts = (decisions[: rows // 2], decisions[rows // 2 :])
    return Results(trades, parts, trades.select("pnl"), {"rows": rows})


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    written = results()

    write_results(tmp_path / "a" / "out", written)

    read = read_results(tmp_path / "a" / "out")
    assert_frame_equal(read.trades, written.trades)
    assert_frame_equal(pl.concat(read.decisions), pl.concat(written.decisions))
    assert_frame_equal(read.equity, written.equity)
    assert read.summary == {"rows": 3}
    assert sorted(os.listdir(tmp_path / "a" / "out")) == sorted(FILES)
    assert os.listdir(tmp_path / "a") == ["out"]


def test_names_that_are_enumerated_are_read_back_as_text(tmp_path: Path) -> None:
    names = pl.Enum(["BBB", "AAA"])
    part = pl.DataFrame(
        {
            "symbol": pl.Series(["AAA", "BBB"], dtype=names),
            "bar": pl.Series([0, 60_000_000]).cast(pl.Datetime("us", "UTC")),
            "stop": pl.Series([None, 2.5], dtype=pl.Float64),
            "quantity": pl.Series([0, 7]),
        }
    )
    nothing = results(1)

    write_results(
        tmp_path, Results(nothing.trades, (part, part[:1]), nothing.equity, nothing.summary)
    )

    (read,) = read_results(tmp_path).decisions
    assert_frame_equal(read, pl.concat([part, part[:1]]).cast({"symbol": pl.String}))


def test_a_table_of_no_rows_keeps_its_types(tmp_path: Path) -> None:
    written = results(0)

    write_results(tmp_path, written)

    (read,) = read_results(tmp_path).decisions
    assert_frame_equal(read, pl.concat(written.decisions))


def test_equal_results_make_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_results(tmp_path / name, results())

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_csv_has_times_with_their_zone(tmp_path: Path) -> None:
    write_results(tmp_path / "out", results(1))

    header, row = (tmp_path / "out" / "trades.csv").read_text().splitlines()

    assert header == "session,symbol,entry_time,pnl"
    assert row.startswith("2025-06-04,AAPL,2025-06-04T16:00:00+00:00,")


def test_a_later_run_replaces_results_and_leaves_other_files(tmp_path: Path) -> None:
    write_results(tmp_path, results(3))
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "trades.parquet").write_text("mine too")

    write_results(tmp_path, results(5))

    assert len(read_results(tmp_path).trades) == 5
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "more" / "trades.parquet").read_text() == "mine too"
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "notes.txt", "more"])


def test_a_full_disk_leaves_earlier_results_as_they_were(tmp_path: Path) -> None:
    write_results(tmp_path / "out", results())
    before = contents(tmp_path)

    with full_disk(4_096), pytest.raises(StoreUnavailable, match="File too large") as refused:
        write_results(tmp_path / "out", results(5000))

    assert contents(tmp_path) == before
    assert os.listdir(tmp_path) == ["out"]
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("limit", [0, 4096])
def test_a_full_disk_leaves_nothing_where_nothing_was(tmp_path: Path, limit: int) -> None:
    with full_disk(limit), pytest.raises(StoreUnavailable):
        write_results(tmp_path / "new" / "deep" / "out", results(5000))

    assert os.listdir(tmp_path) == []


def test_a_failed_move_puts_earlier_results_back(tmp_path: Path) -> None:
    write_results(tmp_path / "out", results(3))
    write_results(tmp_path / "new", results(5))
    before = contents(tmp_path / "out")
    # Somebody cleans up between writing and moving.
    (tmp_path / "new" / "trades.csv").unlink()

    with pytest.raises(FileNotFoundError):
        _move_into(tmp_path / "new", tmp_path / "out")

    assert contents(tmp_path / "out") == before


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    for folder in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(BadInput, match="is a file"):
            write_results(folder, results())

    assert contents(tmp_path) == {"file": b"mine"}


def test_a_folder_named_like_a_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trades.parquet").mkdir()

    with pytest.raises(BadInput, match=r"trades\.parquet is a folder"):
        check_folder(tmp_path)


def test_a_place_where_no_folder_can_be_made_is_an_error_of_the_store() -> None:
    with pytest.raises((StoreUnavailable, BadInput), match="/proc/openbell-results"):
        write_results(Path("/proc/openbell-results"), results())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)

    with pytest.raises(BadInput, match="may not be written"):
        check_folder(tmp_path / "closed" / "out")


def test_a_folder_without_results_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="holds no results"):
        read_results(tmp_path)


@pytest.mark.parametrize("name", [name for name in FILES if name != "summary.json"])
def test_files_of_two_runs_are_not_read_as_one(tmp_path: Path, name: str) -> None:
    write_results(tmp_path / "one", results(3))
    write_results(tmp_path / "two", results(4))

    (tmp_path / "two" / name).replace(tmp_path / "one" / name)

    with pytest.raises(StoreUnavailable, match="different runs"):
        read_results(tmp_path / "one")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rows": 3}'])
def test_a_damaged_summary_is_an_error_of_the_store(tmp_path: Path, text: str) -> None:
    write_results(tmp_path, results())

    (tmp_path / "summary.json").write_text(text)

    with pytest.raises(StoreUnavailable):
        read_results(tmp_path)
