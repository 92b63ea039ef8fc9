"""The session that somebody has to trade: begun in the journal and not closed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import OpenSession, find_open_session
from trading.errors import StoreUnavailable
from trading.session.events import Event, SessionClosed, SessionStarted

CLOSE = datetime(2025, 6, 10, 20, 0, tzinfo=UTC)
CLOSE_US = int(CLOSE.timestamp() * 1e6)


def journalled(folder: Path, *events: tuple[str, Event]) -> DuckDBLedger:
    ledger = DuckDBLedger(folder, "paper")
    epoch = ledger.acquire_lease()
    for session, event in events:
        ledger.commit([event], epoch=epoch, session=session)
    ledger.give_back_lease(epoch)
    return ledger


def began(session: str) -> tuple[str, Event]:
    return session, SessionStarted(session, CLOSE_US - 1, CLOSE_US, {})


def test_the_newest_session_that_was_not_closed_is_found_with_its_end(tmp_path: Path) -> None:
    ledger = journalled(
        tmp_path,
        began("2025-06-09"),
        ("2025-06-09", SessionClosed("2025-06-09", 10_000.0)),
        began("2025-06-10"),
    )
    wanted = OpenSession("2025-06-10", CLOSE, is_stopped=False)
    assert find_open_session(ledger.path) == wanted
    ledger.remember("stopped", "2025-06-09")
    assert find_open_session(ledger.path) == wanted
    ledger.remember("stopped", "2025-06-10")
    assert find_open_session(ledger.path) == OpenSession("2025-06-10", CLOSE, is_stopped=True)


def test_a_closed_session_is_not_open(tmp_path: Path) -> None:
    ledger = journalled(
        tmp_path, began("2025-06-10"), ("2025-06-10", SessionClosed("2025-06-10", 10_000.0))
    )
    assert find_open_session(ledger.path) is None


def test_no_ledger_has_no_open_session_and_is_not_made(tmp_path: Path) -> None:
    assert find_open_session(tmp_path / "paper" / "ledger.duckdb") is None
    assert not (tmp_path / "paper").exists()


def test_a_ledger_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreUnavailable, match=r"ledger\.duckdb"):
        find_open_session(path)


def test_a_session_before_the_newest_is_never_open(tmp_path: Path) -> None:
    """Another day was begun and closed since: to take it up would trade a day that is over."""
    ledger = journalled(
        tmp_path,
        began("2025-06-09"),
        began("2025-06-10"),
        ("2025-06-10", SessionClosed("2025-06-10", 10_000.0)),
    )
    assert find_open_session(ledger.path) is None


@pytest.mark.parametrize(
    "payload", ["{", "[]", "{}", '{"close_us": "x"}', '{"close_us": 1e300}', None]
)
def test_a_damaged_row_is_one_line(payload: str | None, tmp_path: Path) -> None:
    ledger = journalled(tmp_path, began("2025-06-10"))
    with ledger.changing() as connection:
        connection.execute("UPDATE journal SET payload = ?", [payload])
    with pytest.raises(StoreUnavailable, match=r"row 1 of the journal.*openbell restore"):
        find_open_session(ledger.path)
