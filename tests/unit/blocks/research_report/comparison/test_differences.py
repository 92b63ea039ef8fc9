"""Runs beside each other: what was made different is what is found, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from blocks.research_report.comparison.differences import (
    equity_together,
    parameters_that_differ,
    same_or_not,
    trade_sentences,
    trades_that_differ,
)
from blocks.research_report.comparison.page import comparison_page
from blocks.research_report.comparison.run import ComparedRun
from tests.unit.blocks.report.reader import Elements

OPEN = datetime(2025, 6, 2, 13, 30, tzinfo=UTC)
PLAN = {"range_minutes": 15, "min_body": 0.2, "symbols": ["AAA", "BBB"], "capital": 10_000.0}
SCHEMA = {
    "session": pl.Date, "symbol": pl.String, "side": pl.String, "quantity": pl.Int64,
    "entry_time": pl.Datetime("us", "UTC"), "entry_price": pl.Float64,
    "exit_time": pl.Datetime("us", "UTC"), "exit_price": pl.Float64, "exit_reason": pl.String,
    "pnl": pl.Float64,
}  # fmt: skip


def trade(minutes: int, **changed: Any) -> dict[str, Any]:
    return {
        "session": OPEN.date(), "symbol": "AAA", "side": "long", "quantity": 10,
        "entry_time": OPEN + timedelta(minutes=minutes), "entry_price": 100.0,
        "exit_time": OPEN + timedelta(minutes=minutes + 60), "exit_price": 101.0,
        "exit_reason": "target", "pnl": 10.0,
    } | changed  # fmt: skip


def made(label: str, trades: list[dict[str, Any]], **changed: Any) -> ComparedRun:
    equity = pl.DataFrame(
        {"ts": [OPEN, OPEN + timedelta(days=1)], "equity": [10_100.0, 10_200.0]},
        schema={"ts": pl.Datetime("us", "UTC"), "equity": pl.Float64},
    )
    run = ComparedRun(
        label, f"run {label}", "1.0+abc", "bars.parquet", "b" * 32, None, PLAN, date(2025, 6, 2),
        date(2025, 6, 3), 10_000.0, {"sharpe": 1.5, "trades": len(trades)},
        pl.DataFrame(trades, schema=SCHEMA), equity,
    )  # fmt: skip
    return replace(run, **changed)


def test_each_trade_is_found_where_it_was_planted() -> None:
    alike = [trade(at) for at in (0, 5, 10)]
    ours = [*alike, trade(15), trade(20), trade(25), trade(30), trade(40, symbol="BBB")]
    theirs = [
        *reversed(alike),
        trade(15, entry_price=100.01),
        trade(20, exit_reason="stop", exit_price=99.0, pnl=-10.0),
        trade(25, quantity=9, pnl=9.0),
        trade(30, side="short"),
        trade(45, symbol="BBB"),
    ]
    found = trades_that_differ(made("A", ours), made("B", theirs))

    assert (found.equal, found.sized) == (3, 1)
    assert [(row["entry_time"].minute, row["entry_price"], row["entry_price_other"],
             row["exit_reason_other"]) for row in found.changed.iter_rows(named=True)] == [
        (45, 100.0, 100.01, "target"), (50, 100.0, 100.0, "stop"),
    ]  # fmt: skip
    key = ["symbol", "side", "entry_time"]
    assert found.only_first.select(key).rows() == [
        ("AAA", "long", OPEN + timedelta(minutes=30)),
        ("BBB", "long", OPEN + timedelta(minutes=40)),
    ]
    assert found.only_other.select(key).rows() == [
        ("AAA", "short", OPEN + timedelta(minutes=30)),
        ("BBB", "long", OPEN + timedelta(minutes=45)),
    ]
    assert trade_sentences(found, "A", "B") == (
        "6 in both, 2 only in A, 2 only in B.",
        "Of those in both: 3 equal, 2 with another price or exit, 1 with another size or profit"
        " alone.",
    )


def test_two_trades_of_one_bar_are_two_and_none_at_all_is_none() -> None:
    twice = made("A", [trade(0), trade(0, pnl=11.0)])
    once, none = made("B", [trade(0)]), made("C", [])

    assert len(trades_that_differ(twice, once).only_first) == 1
    assert len(trades_that_differ(none, twice).only_other) == 2
    assert trades_that_differ(none, none).equal == 0
    assert trades_that_differ(twice, twice).equal == 2


def test_names_that_a_file_has_enumerated_are_compared_as_text() -> None:
    trades = made("A", [trade(0)]).trades
    enumerated = trades.with_columns(pl.col("symbol").cast(pl.Enum(["BBB", "AAA"])))

    ours = replace(made("A", []), trades=enumerated)
    assert trades_that_differ(ours, made("B", [trade(0)])).equal == 1


def test_only_parameters_that_differ_are_shown_and_one_that_is_unknown_has_a_dash() -> None:
    other = {**PLAN, "range_minutes": 30, "atr_bars": 14}
    rows = parameters_that_differ([made("A", []), made("B", [], parameters=other), made("C", [])])

    assert [(row.name, row.cells) for row in rows] == [
        ("range_minutes", ("15", "30", "15")), ("atr_bars", ("\N{EN DASH}", "14", "\N{EN DASH}")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ["The bars were the same (bbbbbbbb).", "source were the same"]),
        ({"bars_hash": "c" * 32}, ["The bars were NOT the same", "source were the same"]),
        ({"past_hash": "c" * 32}, ["but not those before them", "source were the same"]),
        ({"bars_hash": None}, ["is not known: B kept no hash", "source were the same"]),
        ({"engine": "2.0+def"}, ["The bars were the same", "NOT the same: A 1.0+abc; B 2.0"]),
        ({"engine": ""}, ["The bars were the same", "is not known: B does not say"]),
        ({"capital": 5.0}, ["same", "same", "began with other capital, USD: A 10,000.00; B 5.00"]),
        ({"source": "simulated market, seed 1"}, ["same", "same", "SIMULATED bars"]),
        ({"last": date(2025, 6, 9)}, ["same", "same", "B 2025-06-02 to 2025-06-09"]),
    ],
)
def test_what_makes_figures_of_two_runs_incomparable_is_said(
    changed: dict[str, Any], words: list[str]
) -> None:
    said = same_or_not([made("A", []), made("B", [], **changed)])

    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))


def test_equity_is_on_the_days_of_all_runs_and_a_gap_inside_one_is_filled() -> None:
    def equity(*days: int) -> pl.DataFrame:
        return pl.DataFrame(
            {"ts": [OPEN + timedelta(days=day) for day in days],
             "equity": [10_000.0 + 100 * day for day in days]},
            schema={"ts": pl.Datetime("us", "UTC"), "equity": pl.Float64},
        )  # fmt: skip

    days, (first, other) = equity_together(
        [made("A", [], equity=equity(0, 3)), made("B", [], equity=equity(1, 2, 4))]
    )
    assert [day.day for day in days] == [2, 3, 4, 5, 6]
    np.testing.assert_allclose(first, [0, 0, 0, 0.03, np.nan])
    np.testing.assert_allclose(other, [np.nan, 0.01, 0.02, 0.02, 0.04])


def test_the_page_shows_the_same_and_lets_no_words_be_more_than_words() -> None:
    evil = "<script>alert(1)</script>"
    other = made("B", [trade(0, symbol=evil), trade(5, entry_price=7.0)], name=evil, source=evil,
                 parameters={**PLAN, evil: evil}, notes=(evil,))  # fmt: skip
    page = comparison_page([made("A", [trade(5)]), other, made("C", [])])

    elements = Elements(page)
    assert [own.get("id") for tag, own in elements.found if tag == "script"] == [None]
    assert elements.text["#parameters-rows"].endswith(f"\N{EN DASH}{evil}\N{EN DASH}")
    assert "7.0000" in elements.words and evil in elements.words
    assert page.count(b"<polyline") == 3


def test_no_two_tables_of_the_page_are_called_the_same() -> None:
    runs = [made(label, [trade(at)]) for at, label in enumerate("ABC")]
    regions = [
        own["aria-label"]
        for _, own in Elements(comparison_page(runs)).found
        if own.get("role") == "region"
    ]
    assert "A and B: Only in A" in regions and "A and C: Only in A" in regions
    assert len(set(regions)) == len(regions)
