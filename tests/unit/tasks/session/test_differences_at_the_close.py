"""What a person is told to do where a closed session and its exchange differ."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.session.close import differences_at_the_close
from tasks.session.runtime import SessionRuntime


@pytest.mark.parametrize("is_at_broker", [True, False])
def test_an_older_ledger_is_brought_back_only_where_its_exchange_is_in_the_copy_too(
    is_at_broker: bool, tmp_path: Path
) -> None:
    """At a broker it would know less of the account than the one that differs."""
    runtime = SimpleNamespace(
        name="2025-06-11",
        state=SimpleNamespace(is_closed=True),
        desk=SimpleNamespace(not_entered={"QQQ": "ledger 7, exchange 0"}),
        ledger=SimpleNamespace(account="alpaca-paper", data_dir=tmp_path),
        is_at_broker=is_at_broker,
    )
    said = differences_at_the_close(cast(SessionRuntime, runtime))
    assert said is not None
    assert "QQQ: ledger 7, exchange 0" in said.what
    assert ("openbell restore" in said.hint) == (not is_at_broker)
