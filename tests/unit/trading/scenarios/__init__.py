"""The rules' deciding sentences as rows of data: tiny bars and values computed by hand."""

from __future__ import annotations

from tests.unit.trading.scenarios.decisions import DECISIONS
from tests.unit.trading.scenarios.exits import EXITS
from tests.unit.trading.scenarios.fills import FILLS
from tests.unit.trading.scenarios.gate import GATE_SCENARIOS
from tests.unit.trading.scenarios.loading import LOADING
from tests.unit.trading.scenarios.money import MONEY
from tests.unit.trading.scenarios.order_of_events import ORDER_OF_EVENTS
from tests.unit.trading.scenarios.resting_entries import RESTING_ENTRIES
from tests.unit.trading.scenarios.scenario import LoadingScenario, Scenario
from tests.unit.trading.scenarios.selection import SELECTION
from tests.unit.trading.scenarios.sizing import SIZING
from tests.unit.trading.scenarios.validation import VALIDATION

SCENARIOS: tuple[Scenario, ...] = (
    *ORDER_OF_EVENTS,
    *DECISIONS,
    *FILLS,
    *MONEY,
    *GATE_SCENARIOS,
    *RESTING_ENTRIES,
    *EXITS,
    *SELECTION,
    *SIZING,
    *VALIDATION,
)

__all__ = ["LOADING", "SCENARIOS", "LoadingScenario", "Scenario"]
