"""A day's reading says what ledger and engine say: worth, limit, bars, fills, R and profit."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from blocks.account.day.bars import read_bars
from blocks.account.day.begun_session import BegunSession, read_begun
from blocks.account.day.equity import read_days
from blocks.account.day.reading import DayReading, read_day
from blocks.ledger.event_rows import event_to_row
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.held import PositionAnswer
from blocks.records.position import Position
from trading.engine.book import BASELINE, new_book
from trading.engine.risk import loses_too_much
from trading.errors import BadInput, StoreUnavailable
from trading.session.events import Event, Intent, OrderUpdate, Transfer
from trading.session.orders import Leg, Status

FIRST, SECOND = date(2025, 6, 10), date(2025, 6, 11)


@pytest.fixture
def ledger(traded: Path, tmp_path: Path) -> DuckDBLedger:
    shutil.copytree(traded / "replay", tmp_path / "replay")
    return DuckDBLedger(tmp_path, "replay")


def day(ledger: DuckDBLedger, session: date | None = None) -> DayReading:
    with ledger.reading() as connection:
        return read_day(connection, session)


def begun_of(reading: DayReading) -> BegunSession:
    assert reading.begun is not None
    return reading.begun


def test_a_session_begins_with_what_the_one_before_ended_with(ledger: DuckDBLedger) -> None:
    assert begun_of(day(ledger, FIRST)).baseline == 10_000
    ended = ledger.query("SELECT equity FROM equity WHERE session = ? ORDER BY ts", [FIRST])
    assert begun_of(day(ledger)).baseline == pytest.approx(float(ended[-1]["equity"]))
    assert begun_of(day(ledger)).session == SECOND


def test_the_limit_is_where_the_engine_stops_and_not_above(ledger: DuckDBLedger) -> None:
    begun = begun_of(day(ledger))
    limit = begun.loss_limit
    assert limit is not None
    book = new_book(1, 0.0)
    book.money[BASELINE] = begun.baseline
    rules = cast("Any", SimpleNamespace(**begun.plan["risk"]))
    assert loses_too_much(book, rules, limit)
    assert not loses_too_much(book, rules, limit + 0.01)


def test_the_limit_counts_as_reached_once_a_close_was_at_it(ledger: DuckDBLedger) -> None:
    assert not day(ledger).is_latched
    limit = begun_of(day(ledger)).loss_limit
    with ledger.changing() as connection:
        connection.execute(
            "UPDATE equity SET equity = ? WHERE ts ="
            " (SELECT min(ts) FROM equity WHERE session = ?)",
            [limit, SECOND],
        )
    # It has recovered since, and stays latched all the same.
    assert day(ledger).is_latched


def test_bars_are_those_that_the_journal_has_and_go_on_after_a_number(
    ledger: DuckDBLedger,
) -> None:
    rows = [row.event for row in ledger.journal_of(str(FIRST))]
    journal = [cast("Any", row) for row in rows if type(row).__name__ == "BarClosed"]
    begun = begun_of(day(ledger, FIRST))
    with ledger.reading() as connection:
        found = read_bars(connection, begun, "MSFT")
        later = read_bars(connection, begun, "MSFT", after=journal[-3].bar)
        with pytest.raises(BadInput, match="'TSLA' was not traded"):
            read_bars(connection, begun, "TSLA")
    newest = day(ledger, FIRST).newest_bar
    place = begun.symbols.index("MSFT")
    assert [(bar.number, bar.open, bar.close) for bar in found] == [
        (row.bar, row.open[place], row.close[place]) for row in journal
    ]
    assert later == found[-2:]
    assert newest is not None
    assert newest.prices["MSFT"][3] == found[-1].close
    assert newest.end == begun.closes


def test_money_that_was_paid_in_is_no_profit_of_the_day(ledger: DuckDBLedger) -> None:
    with ledger.reading() as connection:
        before = read_days(connection, 10_000.0)
    with ledger.changing() as connection:
        connection.execute(
            "INSERT INTO transfers VALUES (1, ?, ?, 5000, 'paid in')",
            [datetime(2025, 6, 10, 21, tzinfo=UTC), FIRST],
        )
        connection.execute("UPDATE equity SET equity = equity + 5000 WHERE session = ?", [SECOND])
    with ledger.reading() as connection:
        after = read_days(connection, 10_000.0)
    assert [each.pnl for each in after] == [each.pnl for each in before]
    assert sum(each.pnl for each in after) == after[0].equity - 15_000


def test_money_that_the_broker_had_before_the_first_bar_is_no_profit_of_the_day(
    ledger: DuckDBLedger,
) -> None:
    with ledger.reading() as connection:
        before = read_begun(connection)
    assert before is not None
    kind, payload = event_to_row(Transfer("90000.00", "paid in", 0))
    with ledger.changing() as connection:
        connection.execute(
            "UPDATE journal SET kind = ?, payload = ? WHERE session = ? AND kind = 'exchange_view'",
            [kind, payload, SECOND],
        )
        # What is paid in after the close is the next session's.
        connection.execute(
            "INSERT INTO journal SELECT max(seq) + 1, NULL, ?, ?, ? FROM journal",
            [SECOND, kind, payload],
        )
    with ledger.reading() as connection:
        for known in (None, before):
            begun = read_begun(connection, None, known)
            assert begun is not None
            assert begun.baseline == before.baseline + 90_000
        again = read_begun(connection, None, begun)
    assert again == begun


@pytest.mark.parametrize("payload", ["{}", "[", "7", None])
@pytest.mark.parametrize("kind", ["bar", "fill", "intent"])
def test_a_row_that_says_nothing_is_told_with_the_way_back(
    kind: str, payload: str | None, ledger: DuckDBLedger
) -> None:
    with ledger.changing() as connection:
        connection.execute("UPDATE journal SET payload = ? WHERE kind = ?", [payload, kind])
    with pytest.raises(StoreUnavailable) as caught:
        day(ledger)
    assert "row of the journal of session 2025-06-11" in caught.value.what
    assert "openbell restore" in caught.value.hint


def test_what_cost_most_comes_first(ledger: DuckDBLedger) -> None:
    earned = [trade.pnl for trade in day(ledger, FIRST).trades]
    assert len(earned) > 1
    assert earned == sorted(earned)  # type: ignore[type-var]


def test_the_stop_that_a_position_was_entered_with_is_kept_though_it_trails(
    ledger: DuckDBLedger,
) -> None:
    entry: Event = Intent(
        "submit", "ob-x", "AAPL", "entry", 10, 1, price=None, stop_price=95.0
    )  # fmt: skip
    with ledger.changing() as connection:
        connection.execute(
            "INSERT INTO journal SELECT max(seq) + 1, NULL, ?, ?, ? FROM journal",
            [SECOND, *event_to_row(entry)],
        )
        connection.execute(
            "INSERT INTO positions VALUES ('AAPL', 10, ?, 100, 104, 101, 115, '')",
            [datetime(2025, 6, 11, 15, tzinfo=UTC)],
        )
    reading = day(ledger)
    (held,) = reading.positions
    assert held.stop == 101
    answer = PositionAnswer.of(held, reading.initial_stops["AAPL"])
    # Four dollars a share in favour, of five that were risked.
    assert answer.open_r == pytest.approx(0.8)


def test_without_a_first_stop_there_is_no_r(ledger: DuckDBLedger) -> None:
    held = Position(
        symbol="AAPL", quantity=-5, entry_time=datetime.now(UTC), entry_price=Decimal(100),
        mark=Decimal(99),
    )  # fmt: skip
    assert PositionAnswer.of(held).open_r is None
    # A short that the price went against loses in R as well.
    assert PositionAnswer.of(held.model_copy(update={"mark": Decimal(102)}), 104.0).open_r == -0.5


def test_what_cannot_have_changed_is_not_read_again(ledger: DuckDBLedger) -> None:
    before = day(ledger)
    with ledger.reading() as connection:
        again = read_day(connection, None, before)
        assert again.plan_changes is before.plan_changes
        assert again.first_prices == before.first_prices
        assert read_begun(connection, SECOND + timedelta(days=30)) is None


def test_what_came_since_is_added_to_what_was_read(ledger: DuckDBLedger) -> None:
    whole = day(ledger)
    with ledger.changing() as connection:
        (last,) = connection.execute("SELECT max(seq) FROM journal WHERE kind = 'fill'").fetchall()
        later = connection.execute("SELECT * FROM journal WHERE seq >= ?", last).fetchall()
        connection.execute("DELETE FROM journal WHERE seq >= ?", last)
    before = day(ledger)
    assert len(before.fills) == len(whole.fills) - 1
    with ledger.changing() as connection:
        connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", later)
    with ledger.reading() as connection:
        after = read_day(connection, None, before)
    assert after.tail == whole.tail


def test_an_order_that_its_exchange_refused_says_why(ledger: DuckDBLedger) -> None:
    order_id = day(ledger).orders[0].client_order_id
    said = OrderUpdate(
        order_id, "AAA", Leg.ENTRY, Status.REJECTED, 0, reason="not_shortable: none is lent"
    )
    kind, payload = event_to_row(said)
    with ledger.changing() as connection:
        connection.execute(
            "INSERT INTO journal SELECT max(seq) + 1, NULL, ?, ?, ? FROM journal",
            [SECOND, kind, payload],
        )
    assert day(ledger).orders[0].reason == "it cannot be sold short: none is lent"
