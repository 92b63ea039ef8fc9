"""`show-status --watch` without a terminal: a line for each change, and none without one."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from blocks.live.answers import Age, ComponentAnswer, HealthAnswer, LiveAnswer, Problem
from blocks.live.held import HaltAnswer
from flows.__main__ import main
from flows.pages.watch.watching import watch
from tests.unit.flows.pages.watch.moments import NOW, answer, last_bar, order, position
from trading.session.orders import Status

AWAY = Problem(what="ledger.duckdb is in use", hint="Try again in a moment")


class SeenEnough(Exception):
    """The end of a test's looks."""


def lines_of(*looks: LiveAnswer) -> list[list[str]]:
    """Return the lines after each look, without their times."""
    out = StringIO()

    left = iter(looks)

    def look() -> LiveAnswer:
        found = next(left, None)
        if found is None:
            raise SeenEnough
        return found

    def follow() -> None:
        watch(look, 0, Console(file=out, width=60))

    with pytest.raises(SeenEnough):
        follow()
    return [line.split(" ", 1) for line in out.getvalue().splitlines()]


def test_each_change_is_a_line_and_what_stays_is_said_once() -> None:
    sold = answer(positions=[], orders=[order(1, Status.FILLED, filled=9)])
    lines = lines_of(answer(), answer(), sold)
    assert {stamp for stamp, _ in lines} == {"2025-06-10T14:33:12Z"}
    said = [text for _, text in lines]
    assert said.count("AAPL: holds +9") == 1
    assert said.index("AAPL: stop to sell 9 at 200.57 is filled, 9 filled") < said.index(
        "AAPL: holds nothing any more"
    )
    assert len(said) == len(set(said))


def test_bars_that_stay_away_and_a_ledger_that_is_back_are_told() -> None:
    old = answer(last_bar=last_bar(Age.STALE, "The last bar is 999 s old."))
    older = answer(last_bar=last_bar(Age.STALE, "The last bar is 1001 s old."))
    said = [text for _, text in lines_of(answer(), old, older, answer(problem=AWAY), answer())]
    assert sum(text.startswith("STALE: ") for text in said) == 1
    assert said.index("ledger.duckdb is in use. Try again in a moment.") < said.index(
        "can be read again"
    )


def test_an_account_that_takes_anothers_place_is_told_whole_and_nothing_of_that_is_over() -> None:
    other = answer(account="alpaca-live", account_words="alpaca-live (REAL MONEY)", positions=[])
    said = [text for _, text in lines_of(answer(), other)]
    assert "AAPL: holds +9" in said
    assert not any("any more" in text for text in said)
    assert said[-len(lines_of(other)) :] == [text for _, text in lines_of(other)]
    assert any(text.startswith("alpaca-live (REAL MONEY), orb on ") for text in said)


def test_a_halt_is_told_with_the_command_of_this_very_account_that_ends_it() -> None:
    command = "openbell resume --data-dir /srv/data --account paper"
    trading = ComponentAnswer(
        name="trading", status="degraded", reason="halt", since=None, hint=f"Then: {command}"
    )
    halted = answer(
        halt=HaltAnswer(since=NOW, command="halt", reason="news"),
        health=HealthAnswer(status="degraded", sentence="", components=[trading]),
    )
    told = f"HALTED since 2025-06-10 14:33 UTC by halt: news. Then: {command}"
    said = [text for _, text in lines_of(answer(), halted, answer())]
    assert said.index(told) < said.index("resumed: entries are allowed again")


def test_a_first_look_at_a_ledger_that_is_away_says_nothing_of_money() -> None:
    said = " ".join(text for _, text in lines_of(answer(problem=AWAY, positions=[])))
    assert "ledger.duckdb is in use" in said
    assert "equity" not in said.lower()
    assert "holds" not in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--watch", "soon"), "error: --watch 'soon' is no number of seconds from 1 to 86400."),
        (("--watch", "0"), "error: --watch '0' is no number of seconds from 1 to 86400."),
        (("--watch", "nan"), "error: --watch 'nan' is no number of seconds from 1 to 86400."),
        (("--watch", "--json"), "error: --watch does not go with --json. Leave out --watch or"),
        (("--watch", "--sql", "SELECT 1"), "error: --watch does not go with --sql."),
    ],
)
def test_what_cannot_be_watched_is_one_line(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["show-status", "--data-dir", str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(complaint)
    assert error.count("\n") == 1


def test_what_is_there_is_followed_and_not_only_what_comes(tmp_path: Path) -> None:
    held = answer(positions=[position("MSFT")])
    assert any(text == "MSFT: holds +9" for _, text in lines_of(held))
