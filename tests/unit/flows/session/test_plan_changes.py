"""Settings take effect with the next session, and a session keeps what it began with."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from blocks.account.status import account_status
from blocks.exchange.mock_exchange import MockExchange
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from blocks.strategy_file import load_strategy
from flows.pages.status import print_status
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tests.repository import REPOSITORY
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan, make_plan
from trading.session.state import SessionState

MONDAY, TUESDAY = "2025-06-09", "2025-06-10"
# Entered at once, and held over the night: nothing leaves but by what a test says.
HOLDING = {
    "range_minutes": 30, "min_body": -1.0, "stop": "atr", "stop_atr": 50.0, "target": "none",
    "risk_per_trade": 1.0,
}  # fmt: skip
ABC = ("AAA", "BBB", "CCC")


class Books:
    """An account whose sessions are replayed under one plan or another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def trade(
        self, day: str, symbols: tuple[str, ...] = ABC, stop_after: int = 1_000, **changed: Any
    ) -> int:
        should_stop = StopRequest()

        def count(session: object, bar: int, bars: int) -> None:
            should_stop.requested = bar >= stop_after

        parts = PlainParts(self.folder, seed=changed.pop("seed", 1))
        asked = SessionRequest(
            parts,
            replay=day,
            symbols=symbols,
            interval_minutes=changed.pop("interval_minutes", 30),
            strategy_module=changed.pop("strategy_module", None),
            capital=changed.pop("capital", 10_000.0),
            exchange=changed.pop("exchange", "NYSE"),
            unfit=changed.pop("unfit", None),
            settings={**HOLDING, **changed},
        )
        return asyncio.run(run_account(asked, should_stop=should_stop, progress=count))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        ledger = DuckDBLedger(self.folder, "replay")
        try:
            return ledger.query(sql)
        finally:
            ledger.release()

    def all_rows(self) -> dict[str, list[dict[str, Any]]]:
        return {
            name: self.rows(f"SELECT * FROM {name} ORDER BY ALL")
            for name in ("trades", "orders", "positions", "equity", "decisions")
        }

    def plan(self, day: str) -> dict[str, Any]:
        ledger = DuckDBLedger(self.folder, "replay")
        try:
            found = ledger.plan_of(day)
            assert found is not None
            return found
        finally:
            ledger.release()

    def decided(self, day: str, symbol: str) -> list[str]:
        found = self.rows(
            f"SELECT reason FROM decisions WHERE session = '{day}' AND symbol = '{symbol}'"
            " ORDER BY bar"
        )
        return [row["reason"] for row in found]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path / "changed")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Return an account with Tuesday traded in one go; not to be written to."""
    books = Books(tmp_path_factory.mktemp("undisturbed"))
    assert books.trade(TUESDAY) == 1
    return books


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Return an account whose Tuesday was stopped after five bars; not to be written to."""
    books = Books(tmp_path_factory.mktemp("stopped"))
    assert books.trade(TUESDAY, stop_after=5) == 0
    return books


@pytest.fixture(scope="module")
def monday_once(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Return an account with Monday traded; not to be written to."""
    books = Books(tmp_path_factory.mktemp("monday"))
    assert books.trade(MONDAY) == 1
    return books


@pytest.fixture
def stopped(stopped_once: Books, tmp_path: Path) -> Books:
    """Return a copy for a test of its own of the account that was stopped on Tuesday."""
    shutil.copytree(stopped_once.folder, tmp_path / "stopped")
    return Books(tmp_path / "stopped")


@pytest.fixture
def after_monday(monday_once: Books, tmp_path: Path) -> Books:
    """Return a copy for a test of its own of the account with Monday traded."""
    shutil.copytree(monday_once.folder, tmp_path / "monday")
    return Books(tmp_path / "monday")


# Each changes what the others leave: were anything of it taken up, the session would be another.
OTHER_SETTINGS: dict[str, dict[str, Any]] = {
    "one more symbol, another strategy, another market": {
        "symbols": (*ABC, "DDD"), "range_minutes": 60, "stop_atr": 1.0, "slippage_bps": 50.0,
        "seed": 2,
    },
    "one symbol less, another interval": {
        "symbols": ("AAA", "CCC"), "interval_minutes": 60, "range_minutes": 60,
    },
    "another order of symbols, another risk": {
        "symbols": ("CCC", "AAA", "BBB"), "risk_per_trade": 0.01, "max_positions": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_SETTINGS)
def test_a_session_that_is_taken_up_again_keeps_its_plan_to_its_end(
    case: str, stopped: Books, undisturbed: Books
) -> None:
    assert stopped.trade(TUESDAY, **OTHER_SETTINGS[case]) == 1
    assert stopped.all_rows() == undisturbed.all_rows()
    assert stopped.plan(TUESDAY) == undisturbed.plan(TUESDAY)


@pytest.mark.parametrize(
    "wrong", [{"range_minutes": 45}, {"no_such_parameter": 1}, {"symbols": ("AAA", "AAA")}]
)
def test_settings_that_are_no_use_do_not_leave_an_open_session_to_itself(
    wrong: dict[str, Any], books: Books, stopped: Books, undisturbed: Books
) -> None:
    with pytest.raises(BadInput):
        books.trade(TUESDAY, **wrong)
    assert stopped.trade(TUESDAY, **wrong) == 1
    assert stopped.all_rows() == undisturbed.all_rows()
    # No session is begun with them.
    with pytest.raises(BadInput):
        stopped.trade("2025-06-11", **wrong)


@pytest.mark.parametrize("case", OTHER_SETTINGS)
def test_the_next_session_takes_the_present_settings(case: str, after_monday: Books) -> None:
    books = after_monday
    assert books.trade(TUESDAY, **OTHER_SETTINGS[case]) == 1
    before, after = books.plan(MONDAY), books.plan(TUESDAY)
    assert before != after
    wanted = OTHER_SETTINGS[case]
    if "symbols" in wanted:
        assert tuple(after["symbols"]) == wanted["symbols"]
    if "risk_per_trade" in wanted:
        assert after["risk"]["risk_per_trade"] == 0.01
        held = books.rows(f"SELECT DISTINCT symbol FROM orders WHERE session = '{TUESDAY}'")
        assert len(held) == 1
    if "seed" in wanted:
        assert after["seed"] == 2
    told = books.rows("SELECT payload FROM outbox WHERE kind = 'MARKET_START' ORDER BY number")
    assert "changed: " not in told[0]["payload"]
    assert "changed: " in told[1]["payload"]


def test_the_status_says_when_a_plan_changed_and_what(
    after_monday: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    books = after_monday
    assert books.trade(TUESDAY, symbols=("AAA", "CCC", "DDD"), risk_per_trade=0.01) == 1
    expected = [
        "risk.risk_per_trade 1 -> 0.01",
        "symbols added: DDD",
        "symbols no longer traded: BBB",
    ]
    found = account_status(books.folder, "replay")
    assert found.plan_changes == [{"session": TUESDAY, "changes": expected}]
    print_status(found)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"plan changed on {TUESDAY}: {'; '.join(expected)}" in shown


def test_a_session_that_is_over_is_not_replayed_with_other_settings_in_silence(
    after_monday: Books,
) -> None:
    books = after_monday
    assert books.trade(MONDAY) == 1
    with pytest.raises(BadInput, match="range_minutes 30 -> 60") as told:
        books.trade(MONDAY, range_minutes=60)
    assert "Use another --data-dir" in str(told.value)


def test_a_symbol_that_comes_is_traded_as_if_it_had_always_been_there(
    after_monday: Books, tmp_path: Path
) -> None:
    books = after_monday
    always = Books(tmp_path / "always")
    always.trade(f"{MONDAY}:{TUESDAY}", symbols=(*ABC, "DDD"))
    books.trade(TUESDAY, symbols=(*ABC, "DDD"))
    assert books.decided(MONDAY, "DDD") == []
    # Its range, its indicators and so its decisions come from its own bars alone.
    assert books.decided(TUESDAY, "DDD") == always.decided(TUESDAY, "DDD")
    atr = f"SELECT atr FROM decisions WHERE session = '{TUESDAY}' AND symbol = 'DDD' ORDER BY bar"
    found, expected = ([row["atr"] for row in each.rows(atr)] for each in (books, always))
    assert found == pytest.approx(expected)


def test_what_is_held_of_a_symbol_that_went_is_kept_with_its_stop_until_it_is_flat(
    books: Books, nothing_is_left_on_monday: None
) -> None:
    with pytest.raises(BadInput, match="was closed while it held"):
        books.trade(MONDAY)
    held = {row["symbol"]: row for row in books.rows("SELECT * FROM positions")}
    assert set(held) == set(ABC)
    stop = books.rows("SELECT * FROM orders WHERE symbol = 'BBB' AND leg = 'stop'")
    assert stop[0]["status"] == "working"
    assert books.trade(TUESDAY, symbols=("CCC", "AAA")) == 1
    plan = books.plan(TUESDAY)
    assert plan["symbols"] == ["CCC", "AAA", "BBB"]
    assert plan["held"] == ["BBB"]
    assert set(books.decided(TUESDAY, "BBB")) == {"not_traded"}
    trades = books.rows("SELECT symbol, exit_reason FROM trades ORDER BY symbol")
    # It is left at the end of the day with the others, and never entered.
    assert ("BBB", "flatten") in {(t["symbol"], t["exit_reason"]) for t in trades}
    assert books.rows("SELECT * FROM positions") == []
    assert books.trade("2025-06-11", symbols=("CCC", "AAA")) == 1
    assert books.plan("2025-06-11")["symbols"] == ["CCC", "AAA"]


def test_the_stop_of_a_symbol_that_went_still_works(
    books: Books, nothing_is_left_on_monday: None, tmp_path: Path
) -> None:
    alone = Books(tmp_path / "alone")
    for each, symbols in ((alone, ABC), (books, ("ZZZ",))):
        with pytest.raises(BadInput, match="was closed while it held"):
            each.trade(MONDAY, stop_atr=1.0, max_entries=50)
        assert {row["symbol"] for row in each.rows("SELECT symbol FROM positions")}
        assert each.trade(TUESDAY, symbols=symbols, stop_atr=1.0, max_entries=0) == 1
    question = (
        "SELECT symbol, exit_time, exit_price, exit_reason, pnl FROM trades"
        f" WHERE session = '{TUESDAY}' ORDER BY ALL"
    )
    assert books.rows(question) == alone.rows(question)
    assert any(row["exit_reason"] == "stop" for row in books.rows(question))


@pytest.fixture
def nothing_is_left_on_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Monday end with its positions, as when its last bars are missing."""
    begin = SessionState.__init__

    def without_flatten(state: SessionState, plan: RunPlan, session: Session) -> None:
        begin(state, plan, session)
        if str(session.date) == MONDAY:
            state.flatten_bar = -1

    monkeypatch.setattr(SessionState, "__init__", without_flatten)


def test_a_strategy_file_that_was_edited_changes_the_next_session_alone(
    books: Books, tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    source = (REPOSITORY / "trading/strategies/orb.py").read_text()
    file.write_text(source)
    assert books.trade(MONDAY, stop_after=4, strategy_module=load_strategy(file)) == 0
    # Nothing is entered any more by the file's new word, and it is not even there for a restart.
    judged = "    reason = ENTER_LONG if is_long else ENTER_SHORT\n"
    assert source.count(judged) == 1
    file.write_text(source.replace(judged, "    reason = NO_BREAKOUT\n"))
    edited = load_strategy(file)
    assert books.trade(MONDAY, strategy_module=edited) == 1
    assert "enter_long" in {r["reason"] for r in books.rows("SELECT reason FROM decisions")}
    assert books.trade(TUESDAY, strategy_module=edited) == 1
    assert "enter_long" not in books.decided(TUESDAY, "AAA")
    first, second = (books.plan(day)["strategy_sha256"] for day in (MONDAY, TUESDAY))
    assert first != second
    (books.folder / "replay" / "strategies" / f"{second}.py").unlink()
    with pytest.raises(BadInput, match=f"strategy file with the sha256 {second}"):
        books.trade("2025-06-11", stop_after=0)


@pytest.mark.parametrize("then", ["edited", "removed"])
def test_a_strategy_file_that_changed_since_it_was_loaded_is_kept_as_it_is_run(
    then: str, books: Books, tmp_path: Path
) -> None:
    """A run waits for the open for days, and somebody goes on writing meanwhile."""
    file = tmp_path / "own.py"
    source = (REPOSITORY / "trading/strategies/orb.py").read_text()
    file.write_text(source)
    loaded = load_strategy(file)
    if then == "edited":
        file.write_text("raise RuntimeError\n")
    else:
        file.unlink()
    assert books.trade(MONDAY, stop_after=4, strategy_module=loaded) == 0
    (kept,) = (books.folder / "replay" / "strategies").iterdir()
    assert kept.read_text() == source
    assert books.trade(MONDAY, strategy_module=loaded) == 1


def test_a_session_that_is_restored_goes_on_with_the_strategy_file_that_is_still_there(
    books: Books, tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    file.write_text((REPOSITORY / "trading/strategies/orb.py").read_text())
    assert books.trade(MONDAY, stop_after=4, strategy_module=load_strategy(file)) == 0
    for kept in (books.folder / "replay" / "strategies").iterdir():
        kept.unlink()
    assert books.trade(MONDAY, strategy_module=load_strategy(file)) == 1


def test_a_session_left_open_goes_on_while_its_ruleset_or_strategy_file_cannot_be_read(
    books: Books, tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    file.write_text((REPOSITORY / "trading/strategies/orb.py").read_text())
    assert books.trade(MONDAY, stop_after=4, strategy_module=load_strategy(file)) == 0
    unfit = BadInput("ruleset mine is gone", "Put it back")
    assert books.trade(MONDAY, unfit=unfit) == 1
    # No other is begun of what nobody can read.
    with pytest.raises(BadInput, match="ruleset mine is gone"):
        books.trade(TUESDAY, unfit=unfit)


def test_after_a_built_in_strategy_one_of_ones_own_begins_and_the_first_is_still_known(
    after_monday: Books, tmp_path: Path
) -> None:
    books = after_monday
    file = tmp_path / "own.py"
    file.write_text((REPOSITORY / "trading/strategies/orb.py").read_text())
    assert books.trade(TUESDAY, strategy_module=load_strategy(file)) == 1
    first, second = (books.plan(day)["strategy_sha256"] for day in (MONDAY, TUESDAY))
    assert (first, bool(second)) == ("", True)


def test_what_of_an_account_never_changes_is_refused_with_a_way_out(books: Books) -> None:
    assert books.trade(MONDAY, stop_after=0) == 0
    with pytest.raises(BadInput, match="begun on exchange NYSE and not on LSE"):
        books.trade(TUESDAY, exchange="LSE")


def test_a_store_of_an_earlier_version_is_told_at_once_whose_its_positions_are(
    books: Books, nothing_is_left_on_monday: None
) -> None:
    with pytest.raises(BadInput, match="was closed while it held"):
        books.trade(MONDAY)
    path = books.folder / "replay" / "exchange-mock.duckdb"
    with duckdb.connect(str(path)) as connection:
        row = connection.execute("SELECT value FROM account WHERE name = 'state'").fetchone()
        assert row is not None
        content = orjson.loads(row[0])
        assert content.pop("symbols") == list(ABC)
        old = orjson.dumps(content).decode()
        connection.execute("UPDATE account SET value = ? WHERE name = 'state'", [old])
    plan = make_plan(("CCC", "AAA", "BBB"), {})
    first = MockExchange(books.folder, "replay", plan, ABC)
    held = first.positions()
    first.close()
    assert set(held) == set(ABC)
    # Struck before its first order: the ledger's newest plan is another by then.
    again = MockExchange(books.folder, "replay", plan, plan.symbols)
    assert again.positions() == held
    again.close()
