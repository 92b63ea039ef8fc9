"""What a session's selection judged is in the ledger, once, however often it is projected."""

from __future__ import annotations

import math

import duckdb

from blocks.ledger.rows import Projection, universe_rows, write_projection
from blocks.ledger.schema import SCHEMA
from trading.plan import make_plan
from trading.reasons import NOT_ELIGIBLE
from trading.selection.universe import new_universe


def test_verdict_rank_and_values_of_each_symbol_are_kept_once() -> None:
    plan = make_plan(["AAA", "BBB"], {"min_price": 5.0})
    universe = new_universe(1, 2, is_selected=True)
    universe.reason[0, 1] = NOT_ELIGIBLE
    universe.rank[0, 0] = 1
    universe.price[:] = [[20.5, 4.5]]
    universe.relative_opening_volume[:] = [[2.5, math.nan]]
    told = Projection("2025-06-09", universe=universe_rows("2025-06-09", universe, plan))
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
        write_projection(connection, told)
        write_projection(connection, told)
        rows = connection.execute(
            "SELECT symbol, verdict, rank, open::DOUBLE, daily_atr, relative_opening_volume"
            " FROM universe ORDER BY symbol"
        ).fetchall()
    assert rows == [
        ("AAA", "eligible", 1, 20.5, None, 2.5),
        ("BBB", "not_eligible", None, 4.5, None, None),
    ]
