"""The rules' deciding sentences as rows of data: tiny bars and values computed by hand."""

from __future__ import annotations

from tests.trading.scenarios.decisions import DECISIONS
from tests.trading.scenarios.fills import FILLS
from tests.trading.scenarios.loading import LOADING
from tests.trading.scenarios.money import MONEY
from tests.trading.scenarios.order_of_events import ORDER_OF_EVENTS
from tests.trading.scenarios.scenario import LoadingScenario, Scenario

SCENARIOS: tuple[Scenario, ...] = (*ORDER_OF_EVENTS, *DECISIONS, *FILLS, *MONEY)

__all__ = ["LOADING", "SCENARIOS", "LoadingScenario", "Scenario"]
