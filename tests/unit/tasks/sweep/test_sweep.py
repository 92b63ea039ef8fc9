"""A sweep: what its sets come to, how it goes on, and what it refuses."""

from __future__ import annotations

import fcntl
import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from blocks.strategy_file import load_strategy
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tasks.sweep import chunk as chunks
from tasks.sweep.chunk import Chunk, ChunkResult, Tell, run_chunk, run_here
from tasks.sweep.market import MarketsAtHand, keep_market
from tasks.sweep.report import SweepReport
from tasks.sweep.request import SweepRequest
from tasks.sweep.sweep import sweep
from tests.repository import REPOSITORY
from tests.unit.tasks.sweep.small_sweeps import (
    failing_strategy,
    files_of,
    request_over,
    write_bars,
)
from trading.errors import BadInput
from trading.sweep.table import figures_schema, figures_table

# Several bars, warm-up and none, selection, a strategy's and an account's parameters.
EVERYTHING = (
    "range_minutes=30,60",
    "min_body=-0.5:0.5:0.5",
    "stop=range,atr,percent",
    "target=range,r,none",
    "interval=30,60",
    "symbols=AAA+BBB,CCC,BBB+CCC+AAA",
    "select_top=0,1",
    "max_positions=1,2",
    "slippage_bps=0,5",
    "gate_spike=0,0.2",
)
SAMPLE = REPOSITORY.parent / "shared" / "data" / "bars_5m_extended_hours_2025_06_08.parquet"
OVER_REAL_BARS = (
    "range_minutes=5:60:5",
    "min_body=-1:1:0.1",
    "stop=range,atr,daily_atr,percent",
    "target=range,atr,r,percent,none",
    "target_multiple=0.5:3:0.5",
    "entry=market,stop",
    "direction=both,first_bar",
    "trailing=none,breakeven,atr,dollars",
    "max_positions=1:5:1",
    "risk_per_trade=0.005:0.02:0.005",
    "select_top=0,2",
    "min_price=0,100",
    "slippage_bps=0,1,5",
    "max_daily_loss_pct=0.004,0.03",
    "gate_spike=0,0.2",
    "gate_jump=0,0.3",
    "gate_gap=0,0.4",
    "gate_stale=0,6",
    "gate_zero_volume=true,false",
    "interval=5,15,30",
    "symbols=AAPL+MSFT,TSLA+SPY+QQQ,GLD",
    "volume_filter=true,false",
)
GATE_OFF = {"gate_jump": 0, "gate_gap": 0, "gate_stale": 0, "gate_zero_volume": False}


def different_from_backtests(request: SweepRequest, report: SweepReport) -> list[int]:
    """Return the sets whose figures are not those of a backtest of them alone."""
    different = []
    for row in report.results.iter_rows(named=True):
        own = {name: row[name] for name in report.parameters if name not in ("symbols", "interval")}
        asked = replace(
            request.base,
            symbols=tuple(row["symbols"].split("+")),
            interval_minutes=row["interval"],
            settings={**request.base.settings, **own},
        )
        alone = figures_table([backtest(asked).summary]).row(0)
        if alone != tuple(row[name] for name in figures_schema()):
            different.append(row["set_number"])
    return different


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.parquet")


def small(bars: Path, out: Path, **asked: object) -> SweepRequest:
    return request_over(bars, out, "min_body=0:0.6:0.2", "max_positions=1,2", **asked)


def test_each_set_is_equal_to_a_backtest_of_it_alone(bars: Path, tmp_path: Path) -> None:
    request = request_over(
        bars, tmp_path / "out", *EVERYTHING, random=60, seed=7, settings=GATE_OFF,
        start=date(2025, 6, 11), capital=50_000.0,
    )  # fmt: skip
    report = sweep(request)
    # Sets whose range is no whole number of their bars are refused, and the others run.
    assert {each.values["range_minutes"] for each in report.refused} == {30}
    assert len(report.markets) >= 6
    assert len(report.results) + len(report.refused) == 60
    assert different_from_backtests(request, report) == []


@pytest.mark.soak
@pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SAMPLE} is not there")
@pytest.mark.parametrize("seed", [1, 2])
def test_sets_over_real_bars_are_equal_to_backtests_of_them(tmp_path: Path, seed: int) -> None:
    request = SweepRequest(
        BacktestRequest(SAMPLE, start=date(2025, 7, 1), end=date(2025, 8, 15), capital=50_000.0),
        OVER_REAL_BARS,
        tmp_path / "out",
        random=600,
        seed=seed,
    )
    report = sweep(request)
    # Of so many that are drawn without care some two thirds contradict themselves.
    assert len(report.results) > 150
    assert different_from_backtests(request, report) == []


def test_a_row_has_each_parameter_and_each_figure_of_a_summary_by_its_name(
    bars: Path, tmp_path: Path
) -> None:
    request = request_over(
        bars, tmp_path / "out", "min_body=0,0.5", "max_positions=1,2", "symbols=AAA+BBB,CCC",
        "allow_short=true,false", "stop=range,percent", "trail_steps=[[1,0]],[[2,1]]", random=5,
    )  # fmt: skip
    sweep(request)
    table = pl.read_parquet(tmp_path / "out" / "results.parquet")
    assert dict(table.schema) == {
        "set_number": pl.Int64,
        "min_body": pl.Float64,
        "max_positions": pl.Int64,
        "symbols": pl.String,
        "allow_short": pl.Boolean,
        "stop": pl.String,
        "trail_steps": pl.String,
        **figures_schema(),
        "set_hash": pl.String,
    }
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_bytes())
    assert statistics.keys() >= {
        "trials", "deflated_sharpe", "pbo", "spa_p", "reality_check_p", "break_even_bps",
    }  # fmt: skip
    record = json.loads((tmp_path / "out" / "sweep.json").read_bytes())
    assert len(record["sessions"]) == max(table["session_returns"].list.len())


def test_the_files_are_the_same_bytes_for_any_number_of_workers(bars: Path, tmp_path: Path) -> None:
    sweep(small(bars, tmp_path / "one", workers=1))
    sweep(small(bars, tmp_path / "two", workers=2))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_sweep_that_is_broken_off_goes_on_where_it_was(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.sweep.batch._BARS_OF_A_CHUNK", 1)
    monkeypatch.setattr("tasks.sweep.batch.MOST_CHUNKS", 100)
    sweep(small(bars, tmp_path / "whole"))

    def broken(wanted: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        yield from run_here(wanted[:3], tell)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(small(bars, tmp_path / "broken"), runner=broken)
    kept = sorted((tmp_path / "broken" / "chunks").glob("*.chunk"))
    assert len(kept) == 3
    # What is damaged meanwhile is run again, be it by one bit of a figure.
    content = bytearray(kept[0].read_bytes())
    content[len(content) // 2] ^= 0x80
    kept[0].write_bytes(content)
    report = sweep(small(bars, tmp_path / "broken"))
    assert report.kept == 2
    assert files_of(tmp_path / "broken") == files_of(tmp_path / "whole")
    again = sweep(small(bars, tmp_path / "broken"))
    assert again.kept == len(again.results) == 8


def test_a_chunk_that_is_given_twice_and_in_any_order_counts_once(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.sweep.batch._BARS_OF_A_CHUNK", 1)

    def odd(wanted: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        results = list(run_here(wanted, tell))
        yield from (results[-1], *reversed(results), results[0])

    sweep(small(bars, tmp_path / "odd"), runner=odd)
    sweep(small(bars, tmp_path / "plain"))
    assert files_of(tmp_path / "odd") == files_of(tmp_path / "plain")


def test_another_process_runs_a_chunk_from_plain_data_and_mapped_bars(
    bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = tmp_path / "daily.csv"
    days = pl.read_parquet(bars).group_by("symbol", pl.col("ts").dt.date().alias("date")).agg(
        pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume")
    )  # fmt: skip
    days.sort("symbol", "date").write_csv(daily)
    asked = request_over(
        bars, tmp_path / "out", "place=0,1,2", settings={}, daily_bars=daily,
        strategy_module=failing_strategy(tmp_path),
    )  # fmt: skip
    sent: list[bytes] = []
    here: list[ChunkResult] = []

    def elsewhere(wanted: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        here.extend(run_here(wanted, tell))
        for each in wanted:
            market = chunks.market_at_hand(each.bars_hash)
            assert market is not None
            keep_market(each.bars_folder.parent, market)
            sent.append(pickle.dumps(each))
        # As a process that has neither bars nor strategy open.
        monkeypatch.setattr(chunks, "_markets", MarketsAtHand())
        monkeypatch.setattr(chunks, "_strategies", {})
        for content in sent:
            yield run_chunk(pickle.loads(content))

    report = sweep(asked, runner=elsewhere)
    assert len(report.results) == 2
    assert len(sent) >= 1
    again = [run_chunk(pickle.loads(content)) for content in sent]
    # Also where the strategy raises: its user is told of the file that he has.
    assert again == here
    assert str(tmp_path / "failing.py") in report.refused[0].why
    assert list((tmp_path / "out" / "bars").iterdir())


def test_sets_that_contradict_themselves_are_listed_and_the_others_run(
    bars: Path, tmp_path: Path
) -> None:
    report = sweep(
        request_over(bars, tmp_path / "out", "entry=market,stop", "direction=both,first_bar")
    )
    assert [each.number for each in report.refused] == [2]
    assert "entry=stop does not go with direction=both" in report.refused[0].why
    assert list(report.results["set_number"]) == [0, 1, 3]
    record = json.loads((tmp_path / "out" / "sweep.json").read_bytes())
    assert record["refused"][0]["values"] == {"entry": "stop", "direction": "both"}


@pytest.mark.parametrize(
    ("grid", "why", "left"),
    [
        ("min_body=0,0.5,7", "min_body", [0, 1]),
        ("min_body=0:2:0.5", "less than or equal to 1", [0, 1, 2]),
        ("max_positions=0,2", "max_positions", [1]),
        ("range_minutes=30,-30", "range_minutes", [0]),
        ("interval=30,7", "7", [0]),
    ],
)
def test_values_that_are_out_of_bounds_refuse_their_own_sets_alone(
    bars: Path, tmp_path: Path, grid: str, why: str, left: list[int]
) -> None:
    report = sweep(request_over(bars, tmp_path / "out", grid))
    assert list(report.results["set_number"]) == left
    assert all(why in each.why for each in report.refused)
    assert report.refused


def test_where_every_set_is_refused_it_is_one_line_and_nothing_is_left(
    bars: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=r"none of 2 sets can be run: .*direction=both"):
        sweep(request_over(bars, tmp_path / "out", "entry=stop", "min_body=0,0.5"))
    assert not (tmp_path / "out").exists()


def test_a_strategy_that_raises_for_some_sets_leaves_the_others(bars: Path, tmp_path: Path) -> None:
    report = sweep(
        request_over(
            bars, tmp_path / "out", "place=0:3:1", settings={},
            strategy_module=failing_strategy(tmp_path),
        )
    )  # fmt: skip
    assert list(report.results["place"]) == [0, 1]
    assert [each.values["place"] for each in report.refused] == [2, 3]
    assert all("failing.py, line" in each.why for each in report.refused)


def test_a_symbol_that_is_not_in_the_file_refuses_its_sets_only(bars: Path, tmp_path: Path) -> None:
    report = sweep(request_over(bars, tmp_path / "out", "symbols=AAA,ZZZ+AAA"))
    assert list(report.results["symbols"]) == ["AAA"]
    assert "no rows of ZZZ" in report.refused[0].why


def test_a_simulated_market_needs_no_symbols_beside_those_that_are_swept(tmp_path: Path) -> None:
    request = request_over(
        None, tmp_path / "out", "symbols=AAA,BBB", start=date(2025, 6, 2), end=date(2025, 6, 6)
    )
    assert list(sweep(request).results["symbols"]) == ["AAA", "BBB"]


def test_too_few_sessions_for_a_sharpe_ratio_choose_by_return_and_say_so(
    bars: Path, tmp_path: Path
) -> None:
    report = sweep(request_over(bars, tmp_path / "out", "min_body=0,0.5", end=date(2025, 6, 6)))
    assert report.objective == "total_return"
    assert "no set has a sharpe: the best is by total_return" in report.notes
    assert report.statistics["pbo"] is None
    assert report.statistics["sentence"]


def test_a_finished_sweep_is_not_overwritten_by_the_same_request_over_other_bars(
    tmp_path: Path,
) -> None:
    bars, out = write_bars(tmp_path / "bars.parquet"), tmp_path / "out"
    sweep(small(bars, out))
    before = files_of(out)
    write_bars(bars, seed=2)

    def nobody(wanted: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        raise AssertionError("it is refused before hours are spent on it")

    with pytest.raises(BadInput, match="another bars, which changed since"):
        sweep(small(bars, out), runner=nobody)
    assert files_of(out) == before


def test_a_finished_sweep_is_not_overwritten_by_one_with_an_edited_strategy(
    bars: Path, tmp_path: Path
) -> None:
    def request() -> SweepRequest:
        return request_over(
            bars, tmp_path / "out", "place=0,1", settings={},
            strategy_module=failing_strategy(tmp_path),
        )  # fmt: skip

    sweep(request())
    file = tmp_path / "failing.py"
    edited = request()
    file.write_text(file.read_text().replace("close - 1.0", "close - 2.0"))
    edited = replace(edited, base=replace(edited.base, strategy_module=load_strategy(file)))
    with pytest.raises(BadInput, match="another strategy, which changed since"):
        sweep(edited)


def test_an_unfinished_sweep_takes_no_chunk_of_other_bars(tmp_path: Path) -> None:
    bars, out = write_bars(tmp_path / "bars.parquet"), tmp_path / "out"
    sweep(small(bars, out))
    for name in files_of(out):
        (out / name).unlink()
    write_bars(bars, seed=2)
    assert sweep(small(bars, out)).kept == 0
    sweep(small(bars, tmp_path / "fresh"))
    assert files_of(out) == files_of(tmp_path / "fresh")


def test_a_folder_that_holds_something_else_is_left_alone(bars: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("{}")
    with pytest.raises(BadInput, match=r"holds something else: summary\.json"):
        sweep(small(bars, tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.json"]


def test_a_folder_of_another_sweep_is_refused_with_what_differs(bars: Path, tmp_path: Path) -> None:
    sweep(small(bars, tmp_path / "out"))
    with pytest.raises(BadInput, match=r"another sweep: its capital is 10000.0, .* 20000.0"):
        sweep(small(bars, tmp_path / "out", capital=20_000.0))


def test_two_sweeps_do_not_write_to_one_folder_at_once(bars: Path, tmp_path: Path) -> None:
    sweep(small(bars, tmp_path / "out"))
    with (tmp_path / "out" / "chunks" / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another sweep is writing to"):
            sweep(small(bars, tmp_path / "out"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"workers": 0}, "--workers 0"),
        ({"random": 0}, "--random 0"),
        ({"random": 5, "optuna": 5}, "two ways to choose"),
        ({"runner": "dask"}, "--runner local"),
        ({"settings": {"foo": 1}}, "--set foo"),
        ({"start": date(2025, 7, 1), "end": date(2025, 6, 1)}, "before start"),
        ({"capital": -1.0}, "capital"),
    ],
)
def test_what_cannot_be_is_one_line(
    bars: Path, tmp_path: Path, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(BadInput) as error:
        sweep(small(bars, tmp_path / "out", **asked))
    assert said in str(error.value)
    assert not (tmp_path / "out").exists()


def test_progress_tells_the_sets_that_are_done_of_those_left(bars: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    sweep(small(bars, tmp_path / "out"), lambda *each: told.append(each))
    assert ("8 of 8 sets", 8, 8) in told
    assert told[-1][0] == "judging the best"
