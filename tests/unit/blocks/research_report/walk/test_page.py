"""The page of a walk: what is left of the choices comes first, and its figures are the walk's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.research_report.luck import as_sentence
from blocks.research_report.walk.page import walk_page
from blocks.research_report.walk.run import WalkPage
from tests.unit.blocks.report.reader import Elements
from tests.unit.trading.walk_forward.markets import market
from trading.plan import make_plan
from trading.sweep.objective import Objective
from trading.walk_forward.candidates import Candidates
from trading.walk_forward.walk import Walk, walk_forward
from trading.walk_forward.windows import WindowLengths

SENTENCE = "after 6 tries 12 % of the rate at which the choices had earned was left"
STATISTICS = {
    "sentence": SENTENCE, "luck_p": 0.421, "min_track_record_sessions": 1234, "trials": 6,
    "choices": 3, "changes": 1, "notes": ["no curve is long enough"],
}  # fmt: skip


def made_walk(max_entries: int = 1) -> Walk:
    panel = market(5, 50, symbols=("AAA",))
    plans = tuple(
        make_plan(
            panel.symbols,
            {"range_minutes": minutes, "target": "none", "max_entries": max_entries},
            interval_minutes=60,
        )
        for minutes in (60, 120)
    )
    return walk_forward(
        [Candidates(panel, 0, (0, 1), plans)],
        WindowLengths(24, 10, 10, 2, is_anchored=False),
        Objective.SHARPE,
        capital=10_000.0,
    )


@pytest.fixture(scope="module")
def page() -> WalkPage:
    return WalkPage(
        made_walk(),
        ("range_minutes",),
        {0: {"range_minutes": 60}, 1: {"range_minutes": 120}},
        2,
        STATISTICS,
        ("bars stop early",),
        "bars.parquet",
        "1.0+abc",
        "Walk-forward test of orb",
        {"capital": 10_000.0},
    )


def test_what_is_left_and_how_likely_luck_is_stand_before_what_was_earned(page: WalkPage) -> None:
    html = walk_page(page)
    assert (
        html.index(as_sentence(SENTENCE))
        < html.index('id="statistic-luck_p"')
        < html.index("Profit factor")
    )
    text = Elements(html.encode()).text
    assert text["#statistic-luck_p"] == "0.421"
    assert text["#statistic-min_track_record_sessions"] == "1,234 sessions"
    assert text["#statistic-changes"] == "1 of 2"
    for words in ("bars stop early", "no curve is long enough", "The 2 sessions between"):
        assert words in html


def test_every_window_has_a_row_with_its_sessions_and_its_choice(page: WalkPage) -> None:
    html = walk_page(page)
    rows = html[html.index('id="window-rows"') : html.index("All figures of both parts")]
    for run in page.walk.windows:
        assert f"{run.out_of_sample[0].date} to {run.out_of_sample[-1].date}" in rows
        assert f">{page.values[run.chosen.number or 0]['range_minutes']}</td>" in rows
    assert rows.count('<th scope="row">') == len(page.walk.windows) == 3


def test_a_window_that_traded_nothing_says_why(page: WalkPage) -> None:
    html = walk_page(replace(page, walk=made_walk(max_entries=0)))
    assert html.count("no set traded in-sample") == 3
    assert "No window chose anything." in html


def test_words_of_others_stay_words_and_simulated_bars_are_said(page: WalkPage) -> None:
    evil = "<script>alert(1)</script>"
    values = {number: {"range_minutes": evil} for number in (0, 1)}
    html = walk_page(
        replace(page, title=evil, source=evil, notes=(evil,), values=values, fixed={evil: evil},
                statistics={"sentence": evil, "notes": [evil]}, is_simulated=True)
    )  # fmt: skip
    elements = Elements(html.encode())
    assert [own.get("id", "") for tag, own in elements.found if tag == "script"] == [""]
    assert evil in elements.words
    assert "SIMULATED bars" in html
    assert "SIMULATED bars" not in walk_page(page)


def test_equal_walks_have_equal_pages(page: WalkPage) -> None:
    assert walk_page(page) == walk_page(replace(page, walk=made_walk()))
