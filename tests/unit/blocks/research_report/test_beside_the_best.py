"""What is said of the best: its neighbours, its years, its costs, and what chance makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from blocks.research_report.costs import costs_section
from blocks.research_report.neighbours import neighbours, neighbours_section
from blocks.research_report.periods import periods_of, periods_section, returns_between
from blocks.research_report.ranking import row_of
from blocks.research_report.resamples import resamples_section
from blocks.research_report.sets import values_of
from blocks.research_report.sweep_run import SweepPage
from tests.unit.blocks.report.reader import Elements
from tests.unit.blocks.research_report.made import made_sweep, weekdays

GRID = {"range_minutes": (5, 10, 15, 30, 60), "min_body": (0.0, 0.2, 0.4, 0.6, 0.8)}


def plateau(values: Mapping[str, Any]) -> float:
    return 0.01 - 0.0001 * abs(values["range_minutes"] - 15) - 0.002 * abs(values["min_body"] - 0.4)


def needle(values: Mapping[str, Any]) -> float:
    return 0.02 if values == {"range_minutes": 15, "min_body": 0.4} else 0.0005


def slope(values: Mapping[str, Any]) -> float:
    return 0.00008 * values["range_minutes"] * (1 - abs(values["min_body"] - 0.4))


def said_of(page: SweepPage) -> str:
    text = neighbours_section(page, [values_of(page.results, name) for name in page.parameters])
    return Elements(text.encode()).text["#neighbours-verdict"]


@pytest.mark.parametrize(
    ("gain", "word"), [(plateau, "A plateau:"), (needle, "A peak:"), (slope, "A slope:")]
)
def test_a_best_is_called_what_its_neighbours_make_it(gain: Any, word: str) -> None:
    assert said_of(made_sweep(GRID, sessions=500, gain=gain)).startswith(word)


def test_the_neighbours_are_the_sets_one_step_away_with_their_share_of_the_objective() -> None:
    page = made_sweep(GRID, sessions=500, gain=plateau)
    found, is_one_step = neighbours(page, [values_of(page.results, name) for name in GRID])

    best = page.results.row(row_of(page.results, page.best), named=True)
    expected = {}
    for name, values in GRID.items():
        other = next(each for each in GRID if each != name)
        for step in (-1, 1):
            place = values.index(best[name]) + step
            if 0 <= place < len(values):
                one = page.results.filter(
                    pl.col(name) == values[place], pl.col(other) == best[other]
                )
                expected[one["set_number"][0]] = one["sharpe"][0] / best["sharpe"]
    assert is_one_step
    assert {each.set_number: each.remains for each in found} == pytest.approx(expected)


def test_drawn_sets_have_no_steps_and_the_nearest_are_shown_instead() -> None:
    numbers = np.random.default_rng(4).uniform(0, 1, 30).tolist()
    page = made_sweep({"min_body": tuple(numbers), "target_r": (1.0,)})
    rows = page.results.with_columns(pl.Series("target_r", numbers[::-1]))
    page = made_sweep({"min_body": tuple(numbers), "target_r": (1.0,)}, results=rows)
    found, is_one_step = neighbours(page, [values_of(rows, name) for name in page.parameters])

    best = row_of(rows, page.best)
    spans = [rows[name].max() - rows[name].min() for name in page.parameters]
    apart = sum(
        (rows[name] - rows[name][best]).abs() / span
        for name, span in zip(page.parameters, spans, strict=True)
    )
    nearest = rows["set_number"][apart.arg_sort()[1:5].to_list()].to_list()
    assert not is_one_step
    assert [each.set_number for each in found] == nearest
    assert "in the nearest sets" in said_of(page)


def test_a_best_at_the_end_of_what_was_tried_is_said_to_be_there() -> None:
    page = made_sweep(GRID, sessions=500, gain=lambda values: values["range_minutes"] / 5000)
    text = neighbours_section(page, [values_of(page.results, name) for name in GRID])

    assert "range_minutes 60 is the highest that was tried" in text


def test_a_best_that_lost_is_measured_by_its_lead_over_the_median_set() -> None:
    page = made_sweep(GRID, sessions=500, gain=lambda values: -0.01 - values["min_body"] / 100)
    assert page.results["sharpe"].max() < 0
    assert "its lead in Sharpe ratio over the median set" in said_of(page)


def test_one_set_alone_has_no_neighbours_and_the_page_says_so() -> None:
    assert "cannot be said" in said_of(made_sweep({"min_body": (0.2,)}))


@pytest.mark.parametrize(
    ("count", "word", "first"),
    [(600, "year", "2023"), (300, "quarter", "2023 Q1"), (60, "month", "2023-01"),
     (1, "month", "2023-01")],
)  # fmt: skip
def test_long_runs_are_told_by_years_and_shorter_ones_by_less(
    count: int, word: str, first: str
) -> None:
    days = weekdays(count)
    periods = periods_of(days)

    assert (periods.word, periods.names[0]) == (word, first)
    assert [days[at] for at in periods.begins] == sorted(
        {(day.year, day.month if word == "month" else 0, (day.month + 2) // 3 if word == "quarter"
          else 0): day for day in reversed(days)}.values()
    )  # fmt: skip


def test_returns_by_year_are_those_of_the_days() -> None:
    page = made_sweep(sessions=600)
    made = returns_between(page.results, periods_of(page.sessions).begins, 600)

    for row, returns in enumerate(page.results["session_returns"].to_list()):
        for at, year in enumerate((2023, 2024, 2025)):
            growth = 1.0
            for day, value in zip(page.sessions, returns, strict=True):
                growth *= 1 + value if day.year == year else 1
            assert made[row, at] == pytest.approx(growth - 1)


def test_a_set_of_other_sessions_is_left_out_of_the_years() -> None:
    page = made_sweep(sessions=60)
    returns = page.results["session_returns"].to_list()
    other = next(row for row in range(12) if row != row_of(page.results, page.best))
    returns[other] = returns[other][:7]
    rows = page.results.with_columns(pl.Series("session_returns", returns))

    assert np.isnan(returns_between(rows, np.array([0, 30]), 60)[other]).all()
    assert "month" in periods_section(made_sweep(sessions=60, results=rows))


def test_costs_and_the_break_even_are_told_in_words() -> None:
    rows = [
        {"slippage_bps": bps, "total_pnl": 300.0 - 100 * bps, "total_return": None, "sharpe": None,
         "max_drawdown": -0.1, "trades": 40}
        for bps in (0.0, 1.0, 2.0, 5.0)
    ]  # fmt: skip
    known = costs_section({"cost_sensitivity": rows, "break_even_bps": 3.0}, 200.0)
    assert "1 bps, as it ran" in known
    assert "3.00 basis points a side" in known
    assert "+300.00" in known
    assert "\N{MINUS SIGN}200.00" in known
    loses = costs_section({"cost_sensitivity": rows[3:], "break_even_bps": None}, 200.0)
    assert "earns nothing at any of these costs" in loses
    assert costs_section({}, 0.0) == ""


def test_resamples_are_shown_with_what_the_best_came_to() -> None:
    percentiles = {"p05": -50.0, "p25": 0.0, "p50": 20.0, "p75": 90.0, "p95": 150.0}
    falls = dict.fromkeys(percentiles, -0.1)
    drawn = {"resamples": 2000, "loss_probability": 0.31, "final_profit": percentiles,
             "max_drawdown": falls}  # fmt: skip
    text = resamples_section({"monte_carlo": {"trades": drawn, "days": None}}, 25.0, -0.1)

    assert "Trades drawn again lose money in 31 % of 2,000 resamples." in text
    assert "Days drawn again" not in text
    assert 'style="left:37.50%"' in text
    assert resamples_section({"monte_carlo": None}, 25.0, None) == ""


def test_the_sessions_may_be_one() -> None:
    returns = made_sweep(sessions=2)
    rows = returns.results.with_columns(pl.col("session_returns").list.head(1))
    one = made_sweep(sessions=2, results=rows)
    page = SweepPage(**{name: getattr(one, name) for name in SweepPage.__slots__}
                     | {"sessions": (date(2023, 1, 2),)})  # fmt: skip
    assert "2023-01" in periods_section(page)
