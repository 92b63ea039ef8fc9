"""A session whose orders go to Alpaca makes the trades that it makes at the simulated venue.

The broker's model fills by the same rules, and the session runs through the real adapter and
Alpaca's own client library. What Alpaca's rules make different is listed in docs/broker.md.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.shared_data import REAL_BARS, SYMBOLS, needs_real_bars
from tests.unit.replay.at_alpaca import Broker, traded_at_alpaca
from tests.unit.replay.runs import Case, Row, backtested, first_difference

pytest.importorskip("alpaca")
INTERVAL = 30
SETTINGS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "stop entries": {"entry": "stop", "direction": "first_bar", "max_entries": 3},
    "no target": {"target": "none", "max_entries": 2},
    "trailing, near targets": {
        "trailing": "stepped",
        "trail_steps": [(0.3, 0.1), (0.6, 0.4)],
        "target_multiple": 0.7,
        "max_entries": 3,
    },
    "slippage of every kind": {
        "slippage_bps": 12,
        "volatility_factor": 0.1,
        "impact_factor": 0.5,
        "target_multiple": 0.5,
        "max_entries": 2,
    },
}


def in_their_bars(rows: list[Row]) -> list[Row]:
    """Return trades with the START of the bars in which they were filled.

    Alpaca says when in the bar that was, and the simulated venue does not know.
    """
    found = []
    for row in rows:
        times = {name: row[name] for name in ("entry_time", "exit_time")}
        starts = {
            name: at.replace(minute=at.minute - at.minute % INTERVAL, second=0, microsecond=0)
            for name, at in times.items()
        }
        found.append({**row, **starts})
    return sorted(found, key=lambda row: (row["entry_time"], row["symbol"]))


@needs_real_bars
@pytest.mark.parametrize("name", SETTINGS)
def test_sessions_at_alpaca_make_the_trades_of_the_simulated_venue(
    name: str, tmp_path: Path
) -> None:
    settings = {"range_minutes": INTERVAL, "min_body": 0.2, **SETTINGS[name]}
    # A second session is told nothing of the first one's orders.
    last = date(2025, 6, 12) if name == "as it comes" else date(2025, 6, 11)
    case = Case(
        name,
        date(2025, 6, 11),
        last,
        REAL_BARS,
        tuple(SYMBOLS)[:4],
        settings,
        100_000.0,
        INTERVAL,
    )
    broker = Broker(case)
    theirs = in_their_bars(traded_at_alpaca(case, tmp_path, broker))
    ours = in_their_bars(backtested(case)[0])
    assert ours
    assert first_difference(theirs, ours) is None
    assert broker.refusals() == []
    assert broker.model.holdings.positions == {}
