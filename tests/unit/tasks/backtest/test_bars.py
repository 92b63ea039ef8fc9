"""Which sessions of a source a backtest trades, and which only warm its indicators."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from blocks.markets.random_walk import simulated_rows
from tasks.backtest.bars import load_bars
from tasks.backtest.request import BacktestRequest
from trading.errors import BadInput
from trading.market.calendar import Session, sessions_between

JUNE = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 30))
MISSING = date(2025, 6, 12)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of two symbols in June 2025, without the 12th; BBB begins on the 16th."""
    frames = []
    for symbol, first in (("AAA", date(2025, 6, 2)), ("BBB", date(2025, 6, 16))):
        found = [day for day in JUNE if day.date >= first and day.date != MISSING]
        rows = simulated_rows((symbol,), found, 30)
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [symbol] * len(rows),
                    "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
                    "open": rows.open,
                    "high": rows.high,
                    "low": rows.low,
                    "close": rows.close,
                    "volume": rows.volume,
                }
            )
        )
    path = tmp_path_factory.mktemp("bars") / "june.parquet"
    pl.concat(frames).write_parquet(path)
    return path


def dates(sessions: tuple[Session, ...]) -> list[date]:
    """Return the dates of sessions."""
    return [session.date for session in sessions]


def request(
    bars: Path | None, start: date | None, end: date | None, *symbols: str
) -> BacktestRequest:
    """Return a request for 30-minute bars."""
    return BacktestRequest(bars, symbols, start, end, interval_minutes=30)


@pytest.mark.parametrize(
    ("start", "end", "symbols", "first", "last"),
    [
        (None, None, ("AAA",), date(2025, 6, 2), date(2025, 6, 30)),
        (date(2020, 1, 1), date(2030, 1, 1), ("AAA",), date(2025, 6, 2), date(2025, 6, 30)),
        (None, None, ("BBB",), date(2025, 6, 16), date(2025, 6, 30)),
        (date(2025, 6, 7), date(2025, 6, 15), ("AAA",), date(2025, 6, 9), date(2025, 6, 13)),
        # A gap inside the file stays, at the border of the range as well.
        (MISSING, date(2025, 6, 13), ("AAA",), MISSING, date(2025, 6, 13)),
        (date(2025, 6, 11), MISSING, ("AAA",), date(2025, 6, 11), MISSING),
        (date(2025, 6, 10), date(2025, 6, 17), ("BBB",), date(2025, 6, 16), date(2025, 6, 17)),
    ],
)
@pytest.mark.parametrize("warm_up", [False, True])
def test_sessions_are_those_of_the_calendar_within_the_data(
    bars: Path,
    start: date | None,
    end: date | None,
    symbols: tuple[str, ...],
    first: date,
    last: date,
    warm_up: bool,
) -> None:
    loaded = load_bars(request(bars, start, end, *symbols), warm_up=warm_up)

    traded = loaded.sessions[loaded.first_traded :]
    assert dates(traded) == [day.date for day in JUNE if first <= day.date <= last]


def test_all_earlier_sessions_warm_the_indicators_and_only_then(bars: Path) -> None:
    asked = request(bars, date(2025, 6, 20), None, "AAA")

    warm, cold = (load_bars(asked, warm_up=warm_up) for warm_up in (True, False))

    assert dates(warm.sessions) == dates(tuple(JUNE))
    assert warm.first_traded == sum(day.date < date(2025, 6, 20) for day in JUNE)
    assert cold.first_traded == 0
    assert sum(map(len, cold.blocks)) == sum(day.date >= date(2025, 6, 20) for day in JUNE) * 13
    assert any("warm the indicators" in note for note in warm.notes)


def test_a_range_wider_than_the_data_is_said(bars: Path) -> None:
    asked = request(bars, date(2025, 1, 1), date(2025, 12, 31), "AAA")

    notes = load_bars(asked, warm_up=False).notes

    assert "bars begin on 2025-06-02, after start 2025-01-01" in notes
    assert "bars stop on 2025-06-30, before end 2025-12-31" in notes


def test_weekends_around_the_data_are_not_missed(bars: Path) -> None:
    loaded = load_bars(request(bars, date(2025, 5, 31), date(2025, 6, 30)), warm_up=False)

    assert not any("begin" in note or "stop" in note for note in loaded.notes)
    assert loaded.symbols == ("AAA", "BBB")


@pytest.mark.parametrize(
    ("start", "end", "symbols", "message"),
    [
        (date(2025, 6, 14), date(2025, 6, 15), ("AAA",), "no session from"),
        (MISSING, MISSING, ("AAA",), "has no bars of AAA"),
        (date(2025, 6, 3), date(2025, 6, 5), ("BBB",), "has no bars of BBB"),
        (date(2024, 1, 1), date(2024, 12, 31), ("AAA",), "times run from 2025-06-02"),
        (date(2026, 1, 1), None, (), "times run from 2025-06-02"),
        (None, None, ("CCC",), "no rows of CCC"),
    ],
)
@pytest.mark.parametrize("warm_up", [False, True])
def test_a_range_without_bars_is_refused_with_what_there_is(
    bars: Path,
    start: date | None,
    end: date | None,
    symbols: tuple[str, ...],
    message: str,
    warm_up: bool,
) -> None:
    with pytest.raises(BadInput) as refused:
        load_bars(request(bars, start, end, *symbols), warm_up=warm_up)

    assert message in str(refused.value)


def test_a_simulated_market_says_so_and_warms_up_with_twenty_sessions() -> None:
    asked = request(None, date(2025, 6, 5), date(2025, 6, 6), "AAA")

    warm, cold = (load_bars(asked, warm_up=warm_up) for warm_up in (True, False))

    assert "Bars are SIMULATED, seed 1" in warm.notes
    assert "Bars are SIMULATED, seed 1" in cold.notes
    assert (warm.first_traded, len(warm.sessions)) == (20, 22)
    assert warm.sessions[19].date == date(2025, 6, 4)
    assert dates(cold.sessions) == [date(2025, 6, 5), date(2025, 6, 5) + timedelta(days=1)]
