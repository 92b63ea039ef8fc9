"""Numbers that stay in a large file until they are needed: the same bars, one column at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.bars import lazy_columns as late_numbers
from blocks.bars.files import read_bars
from blocks.markets.random_walk import simulated_rows
from trading.errors import BadInput
from trading.market.bars import NUMBERS, LateRows
from trading.market.calendar import Session, make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel

SYMBOLS = ("AAA", "BBB", "CCC")
SESSIONS: list[Session] = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 12))


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_numbers, "LATE_FROM_BYTES", 0)


def bars() -> pl.DataFrame:
    rows = simulated_rows(SYMBOLS, SESSIONS, 5)
    return pl.DataFrame(
        {
            "symbol": [SYMBOLS[code] for code in rows.symbol],
            "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
            **{name: rows.number(name) for name in NUMBERS},
        }
    )


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sample(fraction=1.0, shuffle=True, seed=7)


def repeated(frame: pl.DataFrame) -> pl.DataFrame:
    changed = frame.head(20).with_columns(pl.col("close") * 1.001, high=pl.col("high") * 1.01)
    return pl.concat([frame, changed, frame.head(3)])


def damaged(frame: pl.DataFrame) -> pl.DataFrame:
    row = pl.int_range(pl.len())
    return frame.with_columns(
        open=pl.when(row % 41 == 0).then(None).otherwise("open"),
        high=pl.when(row % 53 == 0).then(pl.col("low") / 2).otherwise("high"),
        close=pl.when(row % 71 == 0).then(float("inf")).otherwise("close"),
        volume=pl.when(row % 31 == 0).then(0.0).when(row % 97 == 0).then(-1.0).otherwise("volume"),
    )


def panel_of(path: Path, interval_minutes: int) -> Panel:
    file = read_bars(path, None)
    return make_panel(file.blocks, make_grid(SESSIONS, interval_minutes), file.symbols)


@pytest.mark.parametrize("interval_minutes", [5, 15])
@pytest.mark.parametrize("change", [plain, shuffled, repeated, damaged])
def test_a_panel_does_not_depend_on_when_numbers_are_read(
    change: Callable[[pl.DataFrame], pl.DataFrame],
    interval_minutes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "bars.parquet"
    change(bars()).write_parquet(path, row_group_size=500)
    assert all(isinstance(block, LateRows) for block in read_bars(path, None).blocks)

    late = panel_of(path, interval_minutes)
    monkeypatch.setattr(late_numbers, "LATE_FROM_BYTES", 1 << 40)
    early = panel_of(path, interval_minutes)

    assert late.defects == early.defects
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(late, name), getattr(early, name))


def test_whole_numbers_and_chosen_rows_are_what_they_are_when_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    bars().with_columns(pl.col("volume").cast(pl.Int64)).write_parquet(path)
    block = read_bars(path, None).blocks[0]

    odd = block.take(np.arange(len(block)) % 2 == 1).take(slice(10, 20))

    assert odd.number("volume").tolist() == bars()["volume"][21:41:2].to_list()
    assert odd.number("low").tolist() == bars()["low"][21:41:2].to_list()


def test_prices_written_as_text_are_judged_before_any_is_used(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    row = pl.int_range(pl.len())
    text = pl.when(row == 40).then(pl.lit("n.a. yet")).otherwise(pl.col("low").cast(pl.String))
    bars().with_columns(low=text).write_parquet(path)
    with pytest.raises(BadInput, match=r"'n\.a\. yet' in column 'low', row 41 of"):
        read_bars(path, None)


def test_a_file_that_changes_between_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    bars().write_parquet(path)
    file = read_bars(path, None)
    assert len(file.blocks[0].number("open")) == bars().height
    bars().with_columns(pl.col("high") + 1).write_parquet(path)
    with pytest.raises(BadInput, match="was changed while it was being read"):
        make_panel(file.blocks, make_grid(SESSIONS, 5), file.symbols)


def test_damage_in_a_column_of_prices_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    bars().write_parquet(path, compression="zstd")
    intact = path.read_bytes()
    at = intact.index(b"\x28\xb5\x2f\xfd", len(intact) // 2)
    path.write_bytes(intact[:at] + b"\0" * 64 + intact[at + 64 :])
    with pytest.raises(BadInput, match=r"bars\.parquet cannot be read"):
        panel_of(path, 5)


def test_a_file_that_is_gone_before_its_prices_are_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    bars().write_parquet(path)
    file = read_bars(path, None)
    path.unlink()
    with pytest.raises(BadInput, match=r"bars\.parquet"):
        file.blocks[0].number("open")
