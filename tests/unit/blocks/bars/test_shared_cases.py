"""Files as users have them, of made-up numbers, give the bars that were written into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import read_bars
from tests.shared_data import SHARED
from trading.errors import BadInput
from trading.market.calendar import from_microseconds

CASES = SHARED / "cases"
KINDS = ("times-without-a-flag", "headerless-hint")


def cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        return []
    every = json.loads((CASES / "cases.json").read_text())
    return [case for case in every if case["file"].startswith(KINDS)]


def told(case: dict[str, Any], time_format: str | None = None) -> BarFileFormat:
    pairs = list(zip(case["args"][::2], case["args"][1::2], strict=True))
    zone = dict(pairs).get("--timezone")
    columns = dict(value.split("=", 1) for name, value in pairs if name == "--column")
    return BarFileFormat(zone, columns=columns, time_format=time_format)


def bars_of(path: Path, format: BarFileFormat) -> list[tuple[object, ...]]:
    rows = read_bars(path, None, format=format).rows
    starts = [from_microseconds(start) for start in rows.start_us]
    numbers = (rows.open, rows.high, rows.low, rows.close, rows.volume)
    return list(zip(starts, *(column.tolist() for column in numbers), strict=True))


@pytest.mark.skipif(not CASES.exists(), reason=f"needs {CASES}, which is not part of the project")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_users_file_gives_its_bars_with_and_without_its_format(case: dict[str, Any]) -> None:
    truth = pl.read_parquet(CASES / "truth" / "qxa.parquet")
    expected = truth.select("ts", "open", "high", "low", "close", "volume").rows()
    path = CASES / case["file"]
    if "--column" in case["args"]:
        with pytest.raises(BadInput, match="no header: its first line looks like data"):
            read_bars(path, None, format=told(case))
        return
    assert bars_of(path, told(case)) == expected
    if "time_format" in case:
        assert bars_of(path, told(case, case["time_format"])) == expected
