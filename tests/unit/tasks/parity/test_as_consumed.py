"""After a day its journal follows from the bars that it kept; what was altered is told at once."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from blocks.process.failpoints import on_reach
from blocks.process.stop_request import StopRequest
from tasks.session.runtime import RUNTIMES
from tests.unit.tasks.parity.days import DAY, SETTINGS, SYMBOLS, Day, rows_on, session_on
from trading.errors import BadInput

HELD = {
    "range_minutes": 30, "min_body": -1.0, "stop": "atr", "stop_atr": 50.0, "target": "none",
    "risk_per_trade": 1.0,
}  # fmt: skip
OLD_LEDGERS = Path(__file__).parents[2] / "replay" / "old_version"


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Day:
    day = Day(tmp_path_factory.mktemp("undisturbed"))
    day.write(rows_on())
    day.archive(rows_on())
    assert day.trade() == 1
    return day


def test_an_undisturbed_day_has_no_difference_and_no_shortfall(undisturbed: Day) -> None:
    row = undisturbed.check(session=DAY)
    assert row.verdict == "agrees"
    assert (row.decisions, row.differences) == (36, 0)
    assert row.intents >= 5
    assert (row.late, row.revised, row.missing, row.gate) == (0, 0, 0, 0)
    assert (row.decisions_changed, row.trades_changed) == (0, 0)
    assert row.fills == row.fills_priced > 5
    assert (row.shortfall_usd, row.shortfall_bps) == (0.0, 0.0)
    assert undisturbed.differences() == []
    assert undisturbed.alerts() == []


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Day:
    day = Day(tmp_path_factory.mktemp("simulated"))
    assert day.trade() == 1
    return day


def again(day: Day, folder: Path) -> Day:
    """Return a day's folder for a test to alter."""
    shutil.copytree(day.folder, folder / "copy")
    return Day(folder / "copy")


def test_a_simulated_day_is_replayed_on_the_same_walk(simulated: Day, tmp_path: Path) -> None:
    row = again(simulated, tmp_path).check()
    assert (row.verdict, row.differences, row.shortfall_usd) == ("agrees", 0, 0.0)
    assert row.final_bars == 13 * len(SYMBOLS)


def killed_often(day: Day, every: int) -> int:
    """Trade a day while the process dies again and again; return how often it did."""
    kills = reached = 0

    def strike(edge: str) -> None:
        nonlocal reached
        reached += 1
        if reached % every == 0:
            raise Killed(edge)

    while True:
        on_reach(strike)
        try:
            assert day.trade(at_bar=words()) == 1
        except Killed:
            kills += 1
            assert kills < 100, "it dies before it gets anywhere"
        else:
            return kills
        finally:
            on_reach(None)


def words() -> Callable[[int, StopRequest], None]:
    """Return what an operator says by bar, each word once."""
    said = {2: "halt", 3: "resume", 6: "flatten", 7: "resume"}

    def at_bar(bar: int, should_stop: StopRequest) -> None:
        ledger = RUNTIMES[DAY].ledger
        for due, word in said.items():
            if bar >= due:
                ledger.add_command(word, "test", session_on().open, origin=f"bar {due}")

    return at_bar


@pytest.mark.parametrize("every", [41, 67])
def test_a_day_of_kills_and_an_operators_words_has_no_difference(
    every: int, tmp_path: Path
) -> None:
    day = Day(tmp_path)
    assert killed_often(day, every) > 3
    row = day.check()
    assert day.differences() == []
    assert row.verdict == "agrees"
    commands = day.ledger.query("SELECT payload FROM journal WHERE kind = 'command'")
    said = {orjson.loads(each["payload"])["command"] for each in commands}
    assert said == {"halt", "resume", "flatten"}


def test_a_day_that_is_stopped_held_and_taken_up_again_has_no_difference(tmp_path: Path) -> None:
    day = Day(tmp_path)
    for last, on_shutdown in ((2, "hold"), (5, "flatten"), (30, "flatten")):

        def stop(bar: int, should_stop: StopRequest, last: int = last) -> None:
            should_stop.requested = bar >= last

        day.trade(at_bar=stop, on_shutdown=on_shutdown)
    row = day.check()
    assert (day.differences(), row.verdict) == ([], "agrees")


def test_a_day_whose_bars_came_too_late_has_no_difference(tmp_path: Path) -> None:
    """Bars that are history when they are decided on ask for nothing, and the journal says so."""
    day = Day(tmp_path)
    assert day.trade(speed=200_000.0) == 1
    row = day.check()
    assert (day.differences(), row.verdict) == ([], "agrees")
    kinds = {each["kind"] for each in day.ledger.query("SELECT kind FROM journal")}
    assert "bar_passed" in kinds


def test_a_plan_that_changes_and_positions_that_are_inherited_have_no_difference(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path, HELD)

    def leave_none(bar: int, should_stop: StopRequest) -> None:
        # Nothing is left of a session whose last bars nobody trades.
        should_stop.requested = bar >= 11

    day.trade(at_bar=leave_none, on_shutdown="hold")
    day.trade("2025-06-10:2025-06-11", at_bar=lambda bar, should_stop: None)
    day.symbols, day.settings = ("BBB", "CCC", "DDD"), {**SETTINGS, "min_body": 0.3}
    day.trade("2025-06-12")
    rows = day.check_all()
    assert [str(row.session) for row in rows] == ["2025-06-12", "2025-06-11", "2025-06-10"]
    assert [row.verdict for row in rows] == ["agrees"] * 3
    assert {row.shortfall_usd for row in rows} == {0.0}


def test_a_day_that_latches_has_no_difference(tmp_path: Path) -> None:
    day = Day(tmp_path, {**SETTINGS, "max_daily_loss_pct": 0.0001})
    day.trade()
    assert day.check().verdict == "agrees"
    reasons = day.ledger.query("SELECT DISTINCT reason FROM decisions")
    assert "latched" in {each["reason"] for each in reasons}


LIES = {
    "a decision": "UPDATE decisions SET reason = 'no_breakout' WHERE session = '2025-06-10'"
    " AND reason LIKE 'enter_%'",
    "a decision that is gone": "DELETE FROM decisions WHERE symbol = 'AAA'",
    "an intent": "UPDATE journal SET payload = regexp_replace(payload, '\"quantity\":-?[0-9]+',"
    " '\"quantity\":7') WHERE seq = (SELECT min(seq) FROM journal WHERE kind = 'intent')",
    "the session's first row that is gone": "DELETE FROM journal WHERE kind = 'session_started'",
    "a row that is gone": "DELETE FROM journal WHERE seq = (SELECT max(seq) - 1 FROM journal)",
    "a bar that is gone": "DELETE FROM journal WHERE kind = 'bar' AND payload LIKE '%\"bar\":9,%'",
    "a bar": "UPDATE journal SET payload = regexp_replace(payload, '\"close\":\\[[0-9.]+',"
    " '\"close\":[1.0') WHERE kind = 'bar' AND payload LIKE '%\"bar\":5,%'",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_ledger_that_was_altered_is_told_once(lie: str, simulated: Day, tmp_path: Path) -> None:
    day = again(simulated, tmp_path)
    day.change(LIES[lie])
    row = day.check()
    assert row.verdict == "differs"
    assert row.differences > 0
    assert {each.cause for each in day.differences()} >= {"journal"}
    day.check(session=DAY)
    told = day.alerts()
    assert [each["kind"] for each in told] == ["SYSTEM_ERROR"]
    assert "does not replay" in told[0]["payload"]
    assert "openbell parity --session 2025-06-10" in told[0]["payload"]


def test_a_ledger_of_before_says_in_one_word_that_its_bars_were_not_kept(tmp_path: Path) -> None:
    with tarfile.open(OLD_LEDGERS / "closed.tar.xz") as archive:
        # Pythons before 3.11.4 know no filters.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **safely)
    day = Day(tmp_path)
    row = day.check()
    assert (row.verdict, row.decisions, row.differences) == ("not_kept", 0, 0)
    assert day.alerts() == []


def test_a_session_that_was_never_closed_is_refused_with_those_there_are(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.trade(at_bar=lambda bar, should_stop: setattr(should_stop, "requested", bar >= 3))
    assert day.check_all() == []
    with pytest.raises(BadInput, match="no closed session 2025-06-10"):
        day.check(session=DAY)


def test_what_was_found_once_is_read_and_not_replayed_again(simulated: Day, tmp_path: Path) -> None:
    day = again(simulated, tmp_path)
    first = day.check()
    assert day.check() == first
    assert day.check(session=DAY).checked_at > first.checked_at
