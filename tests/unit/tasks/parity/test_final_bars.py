"""A day on final bars: what was late, revised, dropped or slipped is told by class and price."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.tasks.parity.days import (
    DAY,
    MINUTES,
    SETTINGS,
    SYMBOLS,
    Day,
    FinalProvider,
    number,
    rows_on,
    session_on,
    start_us,
    with_numbers,
    without,
)
from trading.errors import SourceUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import from_microseconds


def first_entry(rows: BarRows, folder: Path) -> tuple[str, int]:
    """Return the symbol and bar at which the undisturbed day enters first."""
    day = Day(folder)
    day.write(rows)
    day.trade()
    found = day.ledger.query(
        "SELECT symbol, bar FROM decisions WHERE reason LIKE 'enter_%' ORDER BY bar, symbol LIMIT 1"
    )[0]
    bar = (found["bar"] - session_on().open) // timedelta(minutes=MINUTES)
    return found["symbol"], bar


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int]:
    return first_entry(rows_on(), tmp_path_factory.mktemp("entry"))


def traded(folder: Path, consumed: BarRows, final: BarRows) -> Day:
    day = Day(folder)
    day.write(consumed)
    day.archive(final)
    assert day.trade() == 1
    return day


def bar_differences(day: Day) -> list[tuple[str, str, int]]:
    return [
        (each.cause, each.symbol, (each.bar - session_on().open) // timedelta(minutes=MINUTES))
        for each in day.differences()
        if each.kind == "bar" and each.bar is not None
    ]


def inside_the_range(rows: BarRows, symbol: str, bar: int) -> BarRows:
    """Return the rows with a bar that breaks out of nothing."""
    middle = (number(rows, symbol, 0, "high") + number(rows, symbol, 0, "low")) / 2
    return with_numbers(rows, symbol, bar, open=middle, high=middle, low=middle, close=middle)


def test_a_bar_that_was_revised_is_named_with_the_entry_that_it_made(
    entry: tuple[str, int], tmp_path: Path
) -> None:
    symbol, bar = entry
    final = inside_the_range(rows_on(), symbol, bar)
    day = traded(tmp_path, rows_on(), final)
    row = day.check()
    assert row.verdict == "agrees", "the journal follows from what was consumed"
    assert (row.late, row.revised, row.missing) == (0, 1, 0)
    assert bar_differences(day) == [("revised", symbol, bar)]
    assert row.decisions_changed
    assert row.trades_changed
    changed = next(each for each in day.differences() if each.kind == "decision")
    assert (changed.symbol, changed.bar) == (symbol, from_microseconds(start_us(bar)))
    assert changed.kept.startswith("enter_")
    assert changed.replayed == "no_breakout"
    assert {each.cause for each in day.differences()} == {"revised"}
    # What was bought then is still priced: at the open of the bar that followed.
    assert row.fills_priced == row.fills
    assert day.alerts() == []


@pytest.mark.parametrize(
    ("fetched_after", "cause"),
    [
        pytest.param(timedelta(minutes=2 * MINUTES), "late", id="came in the session"),
        pytest.param(timedelta(hours=9), "missing", id="came in the evening"),
    ],
)
def test_a_bar_that_was_not_there_is_late_or_missing(
    fetched_after: timedelta, cause: str, entry: tuple[str, int], tmp_path: Path
) -> None:
    symbol, bar = entry
    final = rows_on()
    day = Day(tmp_path)
    day.write(without(final, symbol, bar))
    alone = final.take((final.symbol == SYMBOLS.index(symbol)) & (final.start_us == start_us(bar)))
    day.archive(without(final, symbol, bar))
    day.archive(alone, from_microseconds(start_us(bar)) + fetched_after)
    assert day.trade() == 1
    row = day.check()
    assert bar_differences(day) == [(cause, symbol, bar)]
    assert (row.late, row.missing) == ((1, 0) if cause == "late" else (0, 1))
    changed = next(each for each in day.differences() if each.kind == "decision")
    assert (changed.kept, changed.cause) == ("bar_missing", cause)
    assert changed.replayed.startswith("enter_")


def test_a_bar_that_the_archive_lacks_is_told(tmp_path: Path) -> None:
    day = traded(tmp_path, rows_on(), without(rows_on(), "BBB", 10))
    row = day.check()
    assert bar_differences(day) == [("revised", "BBB", 10)]
    assert row.final_bars == 13 * len(SYMBOLS) - 1


def test_a_bar_that_changes_nothing_changes_no_decision_and_no_trade(tmp_path: Path) -> None:
    volume = number(rows_on(), "AAA", 10, "volume")
    day = traded(tmp_path, rows_on(), with_numbers(rows_on(), "AAA", 10, volume=volume + 1))
    row = day.check()
    assert (row.revised, row.decisions_changed, row.trades_changed) == (1, 0, 0)


@pytest.mark.parametrize("bps", [5.0, 25.0])
def test_fills_that_slipped_are_priced_in_bps_and_usd(bps: float, tmp_path: Path) -> None:
    """The plan's model pays 5 bps, the exchange took so many more."""
    # A target lies where the entry's fill puts it, and may be reached in another bar.
    day = Day(tmp_path, {**SETTINGS, "target": "none"}, slips_bps=bps)
    day.write(rows_on())
    day.archive(rows_on())
    day.trade()
    row = day.check()
    assert row.verdict == "agrees"
    fills = day.fills()
    assert fills
    for fill in fills:
        assert fill.shortfall_bps == pytest.approx(bps - 5.0, abs=0.3)
        expected = (fill.price - (fill.model_price or 0.0)) * fill.quantity
        assert fill.shortfall_usd == pytest.approx(expected, abs=1e-5)
    assert row.shortfall_usd == pytest.approx(sum(fill.shortfall_usd or 0.0 for fill in fills))
    assert (row.shortfall_usd > 0) == (bps > 5.0)


def test_one_fill_that_slipped_is_found_among_the_others(tmp_path: Path) -> None:
    day = traded(tmp_path, rows_on(), rows_on())
    first = day.ledger.query("SELECT min(seq) AS seq FROM journal WHERE kind = 'fill'")[0]["seq"]
    day.change(
        "UPDATE journal SET payload = json_merge_patch(payload, json_object('price',"
        f" round((payload->>'price')::DOUBLE * 1.01, 4))) WHERE seq = {first}"
    )
    day.check()
    slipped = [fill for fill in day.fills() if fill.shortfall_usd]
    assert len(slipped) == 1
    assert abs(slipped[0].shortfall_bps or 0.0) == pytest.approx(100.0, abs=0.5)


def test_a_day_without_final_bars_is_still_replayed_as_consumed(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.write(rows_on())
    day.trade(DAY)
    row = day.check()
    assert (row.verdict, row.final_bars, row.fills_priced) == ("agrees", None, 0)
    assert "archive has no bars" in row.note


def test_final_bars_that_came_later_or_were_revised_are_looked_at_with_the_newest_sessions(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path)
    day.write(rows_on())
    day.trade(DAY)
    assert day.check().final_bars is None
    day.archive(rows_on())
    whole = day.check()
    assert (whole.verdict, whole.revised) == ("agrees", 0)
    assert whole.final_bars
    assert day.check() == whole
    close = number(rows_on(), "AAA", 10, "close")
    day.archive(with_numbers(rows_on(), "AAA", 10, close=close + 0.01))
    assert day.check().revised == 1


def test_a_session_of_providers_is_asked_of_them_anew_until_they_answer(tmp_path: Path) -> None:
    day = Day(tmp_path, is_fed=True)
    day.write(rows_on())
    day.trade()
    silent = FinalProvider(rows_on(), SourceUnavailable("yahoo is silent", "Wait"))
    row = day.check(provider=silent)
    assert (row.verdict, row.final_bars) == ("agrees", None)
    assert "not fetched: yahoo is silent" in row.note
    close = number(rows_on(), "AAA", 10, "close")
    answers = FinalProvider(with_numbers(rows_on(), "AAA", 10, close=close + 0.01))
    assert day.check(provider=answers).revised == 1
    # It is known now, and nobody is asked again.
    assert day.check(provider=answers).note == ""
    assert (silent.asked, answers.asked) == (1, 1)


def test_what_the_data_gate_judges_otherwise_is_of_a_class_of_its_own(
    entry: tuple[str, int], tmp_path: Path
) -> None:
    """A print at ten times the price was consumed, kept out by the gate, and corrected later."""
    symbol, bar = entry
    ten_times = {
        name: 10 * number(rows_on(), symbol, bar, name) for name in ("open", "high", "low", "close")
    }
    day = traded(tmp_path, with_numbers(rows_on(), symbol, bar, **ten_times), rows_on())
    row = day.check()
    assert row.verdict == "agrees"
    assert bar_differences(day) == [("revised", symbol, bar)]
    changed = next(each for each in day.differences() if each.kind == "decision")
    assert (changed.cause, changed.kept) == ("gate", "data_gate:jump")
    assert changed.replayed.startswith("enter_")
    assert row.gate
    assert {each.cause for each in day.differences() if each.kind == "trade"} == {"gate"}


def test_a_final_bar_that_the_gate_rejects_prices_no_fill(
    entry: tuple[str, int], tmp_path: Path
) -> None:
    symbol, bar = entry
    wrong = with_numbers(rows_on(), symbol, bar + 1, open=10_000.0, high=10_000.0, close=10_000.0)
    day = traded(tmp_path, rows_on(), wrong)
    row = day.check()
    assert row.verdict == "agrees"
    for fill in day.fills():
        assert abs(fill.shortfall_bps or 0.0) < 1_000
