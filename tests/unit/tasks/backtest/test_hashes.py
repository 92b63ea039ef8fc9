"""Results say of which bars and of which parameters they are, whatever files these came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.backtest.hashes import hashes_of, strategy_digest
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.backtest.performance import Json
from trading.market.panel import Panel
from trading.sweep.parameter_set import set_hash_of

DAYS = (date(2025, 6, 2), date(2025, 6, 6))


def simulated(**settings: object) -> BacktestReport:
    return backtest(BacktestRequest(None, ("AAA", "BBB"), *DAYS, settings=settings))


def hashes(report: BacktestReport, panel: Panel | None = None) -> dict[str, Json]:
    return hashes_of(report.plan, panel or report.panel, report.outcome.first_traded)


@pytest.fixture(scope="module")
def report() -> BacktestReport:
    return simulated()


def changed(report: BacktestReport, row: int) -> Panel:
    close = report.panel.close.copy()
    close[row, 1] = np.nextafter(close[row, 1], 1e9)
    return replace(report.panel, close=close)


def test_one_price_makes_other_bars_and_the_past_has_a_hash_of_its_own(
    report: BacktestReport,
) -> None:
    begin = int(report.panel.grid.first_row[report.outcome.first_traded])
    whole = hashes(report)
    traded, past = (hashes(report, changed(report, row)) for row in (begin, begin - 1))

    assert begin > 0
    assert (traded["bars"] != whole["bars"], traded["past"] == whole["past"]) == (True, True)
    assert (past["bars"] == whole["bars"], past["past"] != whole["past"]) == (True, True)


def test_the_same_bars_of_another_file_have_the_same_hash(tmp_path: Path) -> None:
    bars = pl.DataFrame(
        {
            "ts": pl.datetime_range(
                pl.datetime(2025, 6, 2, 13, 30, time_zone="UTC"),
                pl.datetime(2025, 6, 2, 19, 55, time_zone="UTC"), "5m", eager=True,
            ),
            "symbol": "AAA",
            **dict.fromkeys(("open", "high", "low", "close"), 100.25),
            "volume": 1000,
        }
    )  # fmt: skip
    bars.write_parquet(tmp_path / "bars.parquet")
    bars.reverse().write_csv(tmp_path / "bars.csv")
    found = [
        backtest(BacktestRequest(tmp_path / name)).as_dict()["hashes"]
        for name in ("bars.parquet", "bars.csv")
    ]
    assert found[0] == found[1]
    assert isinstance(found[0], dict) and found[0]["bars"]


def test_parameters_have_the_hash_of_the_same_set_in_a_sweep(report: BacktestReport) -> None:
    digest = strategy_digest(report.plan.strategy_module)

    assert hashes(report)["parameters"] == set_hash_of(report.plan, digest)
    assert hashes(simulated(range_minutes=30))["parameters"] != hashes(report)["parameters"]
    assert hashes(simulated(range_minutes=30))["bars"] == hashes(report)["bars"]


def test_bars_that_were_never_all_in_memory_have_no_hash(report: BacktestReport) -> None:
    nothing = np.empty((0, 2))
    scanned = replace(report.panel, open=nothing, high=nothing, low=nothing, close=nothing,
                      volume=nothing)  # fmt: skip
    assert hashes(report, scanned) | {"parameters": 0} == {
        "bars": None, "past": None, "parameters": 0,
    }  # fmt: skip
