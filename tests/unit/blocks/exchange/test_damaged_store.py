"""A store of the simulated exchange that somebody changed by hand is one line, with the way out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from blocks.exchange.mock_exchange import MockExchange
from tests.unit.blocks.exchange.test_order_desk import desk_of, plan, trade_to_the_break
from trading.errors import StoreUnavailable
from trading.session.broker.exchange_port import BEGINNING


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE orders",
        "UPDATE orders SET content = '{'",
        "UPDATE account SET value = '{}' WHERE name = 'state'",
        "UPDATE account SET value = '7' WHERE name = 'state'",
    ],
)
def test_what_no_version_wrote_is_told_with_the_way_out(sql: str, tmp_path: Path) -> None:
    run_plan = plan()
    exchange = MockExchange(tmp_path, "paper", run_plan)
    trade_to_the_break(desk_of(exchange, run_plan))
    exchange.close()
    path = tmp_path / "paper" / "exchange-mock.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    with pytest.raises(StoreUnavailable) as caught:
        MockExchange(tmp_path, "paper", run_plan)
    assert str(path) in caught.value.what
    assert "openbell restore" in caught.value.hint


@pytest.mark.parametrize("cursor", ["abc", "-4", "9" * 30, "1.5"])
def test_a_spoiled_cursor_is_that_of_another_stream_which_is_read_from_its_beginning(
    cursor: str, tmp_path: Path
) -> None:
    run_plan = plan()
    exchange = MockExchange(tmp_path, "paper", run_plan)
    trade_to_the_break(desk_of(exchange, run_plan))
    whole = exchange.events(BEGINNING)
    page = exchange.events(whole.position._replace(cursor=cursor))
    assert whole.events
    assert page == whole._replace(begins_anew=True)
