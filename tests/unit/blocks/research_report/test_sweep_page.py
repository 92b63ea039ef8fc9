"""The page of a sweep: the words on luck come first, and its data are the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from blocks.research_report.sweep_page import sweep_page
from blocks.research_report.sweep_run import Refused, SweepPage
from tests.unit.blocks.report.reader import Elements, floats
from tests.unit.blocks.research_report.made import SENTENCE, STATISTICS, made_sweep


def test_the_sentence_and_every_statistic_stand_before_the_best() -> None:
    page = sweep_page(made_sweep())

    places = [page.index(SENTENCE), *(page.index(f'id="statistic-{name}"') for name in STATISTICS
              if name not in ("sentence", "notes"))]  # fmt: skip
    assert max(places) < page.index('id="best-values"')
    text = Elements(page.encode()).text
    shown = {name: text[f"#statistic-{name}"] for name in ("trials", "pbo", "spa_p")}
    assert shown == {"trials": "40", "pbo": "38.0 %", "spa_p": "0.420"}


@pytest.mark.parametrize("statistics", [{}, {"trials": 3, "sentence": None, "pbo": None}])
def test_where_nothing_was_measured_the_best_is_called_luck(statistics: dict[str, None]) -> None:
    page = sweep_page(made_sweep(statistics=statistics))

    words = Elements(page.encode()).text["#sentence"]
    assert "was not measured" in words
    assert "luck" in words
    assert page.index(words) < page.index('id="best-values"')


def test_the_sentence_of_the_statistics_becomes_one() -> None:
    page = sweep_page(made_sweep(statistics=STATISTICS | {"sentence": "with 2 tries no set earns"}))

    assert Elements(page.encode()).text["#sentence"] == "With 2 tries no set earns."


def test_the_page_holds_every_set_with_the_figures_of_the_results() -> None:
    run = made_sweep({"range_minutes": (5, 15), "bias": ("long", "both"), "gate": (True, False)})
    page = sweep_page(run).encode()

    names = ("sharpe", "sortino", "total_return", "total_pnl")
    kept = floats(page, "figures", 14)
    for name, column in zip(names, kept, strict=False):
        np.testing.assert_array_equal(column, run.results[name].cast(float).fill_null(np.nan))


def test_eight_hundred_sets_take_less_than_their_part_of_what_ten_thousand_may() -> None:
    drawn = np.random.default_rng(2).uniform(0, 1, 800).tolist()
    page = sweep_page(made_sweep({"min_body": tuple(drawn), "range_minutes": (5,)}, sessions=20))

    assert page.count("<tr") < 300
    assert len(page) < 4_000_000 * 0.08
    assert floats(page.encode(), "figures", 14).shape == (14, 800)


def odd(**columns: object) -> SweepPage:
    run = made_sweep()
    return replace(run, results=run.results.with_columns(**columns))


ODD = {
    "one set": made_sweep({"min_body": (0.2,)}),
    "no parameter": replace(made_sweep(), parameters=()),
    "words alone": made_sweep({"symbols": ("AAA", "AAA+BBB"), "trailing": (True, False)}),
    "a value that some sets have not": odd(min_body=pl.Series([None, *[0.5] * 11])),
    "values without an end": made_sweep({"min_body": (0.1, float("inf"), float("nan"))}),
    "no figure to choose by": odd(sharpe=pl.lit(None, pl.Float64)),
    "gains without a loss": replace(odd(profit_factor=pl.lit(float("inf"))),
                                    objective="profit_factor"),
    "all is lost": odd(session_returns=pl.Series([[-1.0] * 60] * 12)),
    "returns that are no numbers": odd(session_returns=pl.Series([[float("nan")] * 60] * 12)),
    "two sessions": made_sweep(sessions=2),
    "other statistics": made_sweep(statistics={"pbo": "x", "monte_carlo": [1], "notes": 7,
                                               "cost_sensitivity": "x", "sentence": 3}),
    "bytes that are no text": replace(made_sweep(), source="b\udcff.parquet", title="$t \udcff"),
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD)
def test_odd_sweeps_have_a_page(name: str) -> None:
    page = sweep_page(ODD[name])

    assert page.index('id="sentence"') < page.index('id="best-values"')
    assert "<script" in page and page.encode()


def test_words_of_others_stay_words() -> None:
    evil = "<script>alert(1)</script>"
    refused = (Refused(7, {"bias": evil}, f"range {evil}"),)
    run = made_sweep({"bias": (evil, "</script>")}, notes=(evil,), refused=refused, title=evil,
                     source=evil, fixed={evil: evil}, statistics={"sentence": evil})  # fmt: skip

    elements = Elements(sweep_page(run).encode())
    assert [own.get("id", "") for tag, own in elements.found if tag == "script"] == [
        "data-run", "data-sets", "data-places", "data-figures", "",
    ]  # fmt: skip
    assert evil in elements.words


def test_equal_sweeps_have_equal_pages() -> None:
    assert sweep_page(made_sweep()) == sweep_page(made_sweep())
