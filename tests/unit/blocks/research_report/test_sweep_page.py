"""The page of a sweep: the words on luck come first, and its data are the results."""

from __future__ import annotations

import numpy as np
import pytest

from blocks.research_report.sweep_page import sweep_page
from blocks.research_report.sweep_run import Refused
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
