"""The same file and day give the same trades, whatever else is asked for, and in a replay too."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks.markets.random_walk import simulated_rows
from tests.unit.replay.runs import Case, Row, backtested, first_difference, replayed
from trading.market.calendar import sessions_between

DAYS = sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 12))
MINUTES = 30
DENSE, THIN = ("AAA", "BBB"), "THIN"
KINDS = ("starts", "ends", "mixed")
# What a symbol may trade is what its bars' volume lets through, and nothing of the others.
UNBOUND: dict[str, Any] = {
    "range_minutes": MINUTES,
    "min_body": 0.0,
    "max_entries": 3,
    "max_participation": 0.0001,
    "max_positions": 10,
    "max_daily_loss_pct": 1.0,
    "entry_cutoff_minutes": 30,
}
CAPITAL = 1e9


def written(kind: str, folder: Path) -> Path:
    """Write bars named by starts or ends; mixed ones have a symbol that lacks its first bars.

    That symbol has prints at the close, and more often than not looks like ends.
    """
    frames = []
    for symbol in (*DENSE, THIN):
        rows = simulated_rows((symbol,), DAYS, MINUTES)
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [symbol] * len(rows),
                    "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
                    **{name: rows.number(name) for name in ("open", "high", "low", "close")},
                    "volume": rows.volume,
                }
            )
        )
    frame = pl.concat(frames)
    if kind == "ends":
        frame = frame.with_columns(pl.col("ts") + timedelta(minutes=MINUTES))
    if kind == "mixed":
        last = pl.col("ts").is_in(
            [day.bar_start(day.bar_count(MINUTES) - 1, MINUTES) for day in DAYS]
        )
        prints = frame.filter(last).with_columns(pl.col("ts") + timedelta(minutes=MINUTES))
        late = pl.col("ts").is_in([day.open for day in DAYS[:6]]) & (pl.col("symbol") == THIN)
        frame = pl.concat([frame.filter(~late), prints]).sort("symbol", "ts")
    path = folder / f"{kind}.parquet"
    frame.write_parquet(path)
    return path


def case(bars: Path, first: date, last: date, symbols: tuple[str, ...]) -> Case:
    return Case(bars.stem, first, last, bars, symbols, UNBOUND, CAPITAL, MINUTES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[Row]]]:
    """Return by kind the file, and the trades of a backtest of all of it."""
    folder = tmp_path_factory.mktemp("whole")
    found = {}
    for kind in KINDS:
        path = written(kind, folder)
        trades, _ = backtested(case(path, DAYS[0].date, DAYS[-1].date, (*DENSE, THIN)))
        found[kind] = path, trades
        assert {trade["symbol"] for trade in trades} == {*DENSE, THIN}
    return found


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_symbols_and_dates_give_each_symbol_the_trades_that_the_whole_gives(
    kind: str, whole: dict[str, tuple[Path, list[Row]]], data: st.DataObject
) -> None:
    path, trades = whole[kind]
    symbols = data.draw(
        st.lists(st.sampled_from((*DENSE, THIN)), min_size=1, max_size=3, unique=True)
    )
    first, last = sorted(
        data.draw(st.lists(st.sampled_from([day.date for day in DAYS]), min_size=2, max_size=2))
    )
    part, _ = backtested(case(path, first, last, tuple(symbols)))
    expected = [
        trade
        for trade in trades
        if trade["symbol"] in symbols and first <= trade["session"] <= last
    ]
    assert first_difference(part, expected) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_replay_of_a_day_is_the_backtest_of_that_day(
    kind: str, whole: dict[str, tuple[Path, list[Row]]], tmp_path: Path
) -> None:
    path, trades = whole[kind]
    # On this day the thin symbol's rows alone look like ends.
    day = DAYS[1].date
    asked = case(path, day, day, (THIN,))
    ledger, _ = replayed(asked, tmp_path)
    backtest, _ = backtested(asked)
    assert first_difference(ledger, backtest) is None
    own = [trade for trade in trades if trade["symbol"] == THIN and trade["session"] == day]
    assert first_difference(ledger, own) is None
