"""`show-status --watch`: everything that matters on a screen of any size, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from blocks.live.answers import Age, ComponentAnswer, HealthAnswer, LiveAnswer, Problem
from blocks.live.held import HaltAnswer
from flows.pages.watch.screen import Line, Moment, screen
from flows.pages.watch.watching import next_moment
from tests.unit.flows.pages.watch.moments import (
    BAR,
    NOW,
    answer,
    clock,
    decision,
    five_hundred,
    last_bar,
    order,
    position,
    session,
)
from trading.session.orders import Status

AWAY = Problem(what="ledger.duckdb is in use", hint="Try again in a moment")


def shown(of: LiveAnswer, columns: int = 80, rows: int = 40) -> list[Line]:
    return screen(Moment(of, NOW, of.problem), columns, rows)


def text_of(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 140])
@pytest.mark.parametrize("whose", [answer, five_hundred])
def test_a_screen_of_any_width_has_room_for_all_that_matters(columns: int, whose: object) -> None:
    assert callable(whose)
    lines = shown(whose(), columns, 30)
    assert len(lines) <= 30
    assert all(len(line.text) <= columns for line in lines)
    said = " ".join(text_of(lines).split())
    for word in (
        "2025-06-10 10:33:12 (America/New_York)", "The next bar ends at 10:35, in 108 s.",
        "The last bar is 72 s old.", "Equity 10,040.44 USD, +40.44 USD (+0.40 %)",
        "Equity may fall by 340.44 USD more.", "Positions: ", "Orders: ", "Decisions, ",
        "stop", "target", "R", "P&L", "Health: healthy",
    ):  # fmt: skip
        assert word in said, word


def test_the_worst_position_stands_first_with_its_risk() -> None:
    best, worst = position("BEST", mark="210"), position("WRST", mark="201.70")
    lines = [line.text.split() for line in shown(answer(positions=[best, worst]))]
    first = next(number for number, line in enumerate(lines) if line[:1] == ["WRST"])
    assert lines[first] == ["WRST", "+9", "203.29", "201.70", "200.57", "208.44", "-0.58", "-14.31"]
    assert lines[first + 1][0] == "BEST"


def test_orders_that_ended_make_room_for_those_that_live() -> None:
    ended = [order(number, Status.FILLED, symbol="GONE") for number in range(30)]
    said = text_of(shown(answer(orders=[*ended, order(99)])))
    assert "Orders: 1 live; 30 of this session have ended" in said
    assert "GONE" not in said


def test_of_many_symbols_it_is_counted_how_many_met_each_verdict() -> None:
    said = text_of(shown(five_hundred()))
    assert "500 symbols: the range is not left" in said
    assert "... and 118 more" in said
    few = answer(decisions=[decision("AAPL", is_entry=True, reason="long", words="left upwards")])
    assert "10:25 AAPL ENTRY: left upwards" in text_of(shown(few))


@pytest.mark.parametrize(
    ("age", "word", "style"), [(Age.LATE, "LATE: ", "yellow"), (Age.STALE, "STALE: ", "bold red")]
)
def test_old_bars_are_red_and_say_so_in_a_word(age: Age, word: str, style: str) -> None:
    lines = shown(answer(last_bar=last_bar(age, "The last bar is 999 s old.")))
    assert Line(f"{word}The last bar is 999 s old.", style) in lines


def test_what_is_wrong_is_said_with_what_to_do() -> None:
    found = ComponentAnswer(
        name="disk", status="unhealthy", reason="8 MB are free", since=None, hint="Make room",
    )  # fmt: skip
    health = HealthAnswer(status="unhealthy", sentence="", components=[found])
    halt = HaltAnswer(since=BAR, command="halt", reason="reading the news")
    wrong = answer(
        health=health, halt=halt, session=session(clock=clock(warning="the clock is 1 h fast"))
    )
    said = " ".join(text_of(shown(wrong)).split())
    assert "Health: unhealthy disk: 8 MB are free. Make room" in said
    assert "HALTED since 2025-06-10 14:25 UTC by halt: reading the news." in said
    assert "CLOCK: the clock is 1 h fast" in said


def test_a_low_screen_keeps_what_is_worst_and_says_how_well_it_is() -> None:
    assert "Health: healthy" in text_of(shown(answer(), rows=11))
    parts = [
        ComponentAnswer(
            name=name, status="degraded", reason=f"{name} is no use since noon", since=None,
            hint="Look at it, and then look at it again until it is well",
        )
        for name in ("messages", "copies")
    ]  # fmt: skip
    halt = HaltAnswer(since=BAR, command="halt", reason="reading the news")
    wrong = answer(
        health=HealthAnswer(status="degraded", sentence="", components=parts),
        halt=halt,
        last_bar=last_bar(Age.STALE, "The last bar is 999 s old."),
    )
    said = " ".join(text_of(shown(wrong, rows=11)).split())
    for word in ("STALE: ", "HALTED since", "messages is no use", "copies is no use"):
        assert word in said, word
    # What is only on a screen that has room for it.
    assert said.index("HALTED") < said.index("Health: degraded") < said.index("Trading: ")


def test_a_ledger_that_is_away_leaves_what_was_read_last_and_says_of_when_that_is() -> None:
    before = Moment(answer(), datetime(2025, 6, 10, 14, 32, 50, tzinfo=UTC))
    nothing = answer(
        problem=AWAY, positions=[], orders=[], decisions=[],
        session=session(shown=None, sentence="Nobody has begun to trade it."),
    )  # fmt: skip
    moment = next_moment(before, nothing)
    said = " ".join(text_of(screen(moment, 60, 40)).split())
    assert "CANNOT BE READ: ledger.duckdb is in use. Try again in a moment." in said
    assert "What follows was read at 14:32:50 UTC; it is tried again." in said
    assert "AAPL" in said
    assert next_moment(moment, answer()).problem is None
    # What another account held is nothing of this one's.
    other = answer(account="alpaca-paper", account_words="alpaca-paper", problem=AWAY)
    assert next_moment(before, other).answer is other


def test_of_an_account_that_was_never_read_nothing_is_said_to_be_held_or_not() -> None:
    said = text_of(shown(answer(problem=AWAY, positions=[], orders=[], decisions=[])))
    assert "CANNOT BE READ: ledger.duckdb is in use. Try again in a moment." in said
    assert "Health: " in said
    assert not any(word in said for word in ("Positions", "Orders", "Equity", "equity", "bar is"))


def test_before_there_is_an_account_that_is_no_trouble() -> None:
    none = Problem(what="no account is in data", hint="Its first session makes one, at its open")
    nobody = {"account": None, "account_words": "", "problem": none}
    said = text_of(shown(answer(**nobody, positions=[], orders=[], decisions=[])))
    assert "no account is in data. Its first session makes one, at its open." in said
    assert "CANNOT BE READ" not in said
    assert [line for line in said.splitlines() if line.startswith(("Positions", "Orders"))] == [
        "Positions: none",
        "Orders: none is live",
    ]
