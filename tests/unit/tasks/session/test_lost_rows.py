"""A journal that lost rows ends no session: what is held is kept, and nothing is entered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import OpenSession, find_open_session
from blocks.process.stop_request import StopRequest
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.session.warm_up import _journal
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.session.events import EVERY_SYMBOL, Command, Discrepancy, Intent, SessionStarted

SESSION = "2026-03-04"
BEGINNING = SessionStarted(SESSION, 0, 1, {}, {})


@pytest.mark.parametrize(("gone", "said"), [(0, None), (1, "1 row"), (2, "2 rows")])
def test_rows_that_are_gone_forbid_entries_in_words(
    gone: int, said: str | None, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    written = [BEGINNING, Command("halt"), Command("resume"), Command("halt")]
    for event in written:
        ledger.commit([event], epoch=epoch, session=SESSION)
    with ledger.changing() as connection:
        connection.execute("DELETE FROM journal WHERE seq > 1 AND seq <= ?", [1 + gone])
    runtime = cast(Any, SimpleNamespace(ledger=ledger, name=SESSION))
    read = list(_journal(runtime))
    ledger.give_back_lease(epoch)
    kept = [written[0], *written[1 + gone :]]
    lost = [Discrepancy(EVERY_SYMBOL, f"the journal has lost {said}", {})] if said else []
    assert read == [*kept, *lost]


MONDAY, TUESDAY = "2025-06-09", "2025-06-10"


def replayed(data_dir: Path, session: str, stop_after: int | None = None) -> int:
    """Replay a session, or its first bars, and keep what is held then."""
    asked = SessionRequest(
        parts=PlainParts(data_dir),
        replay=session,
        symbols=("AAA", "BBB"),
        interval_minutes=30,
        settings={"range_minutes": 30, "min_body": -1.0, "target": "none", "max_entries": 9},
    )
    should_stop = StopRequest()

    def stop(_: Session, bar: int, bars: int) -> None:
        should_stop.requested = bar == stop_after

    return asyncio.run(run_account(asked, should_stop=should_stop, progress=stop))


def lose_first_row(ledger: DuckDBLedger, session: str) -> None:
    with ledger.changing() as connection:
        connection.execute(
            "DELETE FROM journal WHERE session = ? AND kind = 'session_started'", [session]
        )


@pytest.mark.parametrize("is_the_first", [True, False])
def test_a_session_without_its_first_row_is_looked_after_to_its_close(
    is_the_first: bool, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, "replay")
    if not is_the_first:
        assert replayed(tmp_path, MONDAY) == 1
        # What Tuesday inherits is made anew of a day that has lost its first row as well.
        lose_first_row(ledger, MONDAY)
    replayed(tmp_path, TUESDAY, stop_after=3)
    held = {row["symbol"] for row in ledger.query("SELECT symbol FROM positions")}
    newest = ledger.query("SELECT max(seq) AS seq FROM journal")[0]["seq"]
    lose_first_row(ledger, TUESDAY)
    closes = datetime(2025, 6, 10, 20, 0, tzinfo=UTC)
    ledger.release()
    assert find_open_session(ledger.path) == OpenSession(TUESDAY, closes, is_stopped=True)
    with pytest.raises(BadInput, match=r"closed.*has lost the session's first row.*restore"):
        replayed(tmp_path, TUESDAY)
    assert ledger.sessions()[-1] == (TUESDAY, True)
    rows = ledger.journal_of(TUESDAY)
    assert isinstance(rows[0].event, SessionStarted)
    # All that was held has left, and nothing was entered on books that may be wrong.
    assert held
    assert not ledger.query("SELECT symbol FROM positions")
    later = [row.event for row in rows if row.number > newest]
    sent = [each.leg for each in later if isinstance(each, Intent) and each.action == "submit"]
    assert "entry" not in sent
    blocked = Discrepancy(EVERY_SYMBOL, "the journal has lost the session's first row", {})
    assert blocked in later
    earned = ledger.query("SELECT sum(pnl) AS usd FROM trades")[0]["usd"]
    last = ledger.query("SELECT equity FROM equity ORDER BY ts DESC LIMIT 1")[0]["equity"]
    assert last == pytest.approx(10_000 + earned)
    ledger.release()
