"""A journal that lost rows ends no session: what is held is kept, and nothing is entered."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from blocks.ledger.ledger import DuckDBLedger
from tasks.session.warm_up import _journal
from trading.errors import StoreUnavailable
from trading.session.events import EVERY_SYMBOL, Command, Discrepancy, SessionStarted

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


def test_a_session_without_its_beginning_is_not_begun_anew_beside_what_it_holds(
    tmp_path: Path,
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    ledger.commit([BEGINNING, Command("halt")], epoch=epoch, session=SESSION)
    with ledger.changing() as connection:
        connection.execute("DELETE FROM journal WHERE seq = 1")
    runtime = cast(Any, SimpleNamespace(ledger=ledger, name=SESSION))
    with pytest.raises(StoreUnavailable, match="openbell restore"):
        list(_journal(runtime))
    ledger.give_back_lease(epoch)
