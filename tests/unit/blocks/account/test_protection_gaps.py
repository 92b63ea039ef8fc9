"""Somebody who looks at an account sees for how long its positions stood without a stop."""

from __future__ import annotations

from pathlib import Path

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from flows.pages.status import gap_line
from trading.session.events import Gap, Unprotected

NOON_US = 1_749_571_200_000_000


def test_status_tells_seconds_shares_and_what_became_of_them(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    over = Unprotected("AAA", NOON_US, NOON_US + 1_500_000, 40, Gap.OVER)
    left = Unprotected("BBB", NOON_US, NOON_US + 3_250_000, 7, Gap.LEFT, "no stop rested")
    fast = Unprotected("CCC", NOON_US, NOON_US + 90_000_000, 9, Gap.OVER, speed=60.0)
    ledger.commit([over, left, fast], epoch=epoch, session="2025-06-10")
    ledger.release()
    shown = account_status(tmp_path, "paper").as_dict()["unprotected"]
    assert [gap_line(gap) for gap in shown] == [
        "2025-06-10: 40 AAA had no resting stop for 1.5 s",
        "2025-06-10: 7 BBB had no resting stop for 3.2 s; left at market: no stop rested",
        "2025-06-10: 9 CCC had no resting stop for 1.5 s",
    ]
    assert shown[0]["since"] == "2025-06-10T16:00:00+00:00"
