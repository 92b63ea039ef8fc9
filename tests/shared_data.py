"""Where the team's real bars are, beside the project; tests that need them skip visibly."""

from __future__ import annotations

import pytest

from tests.repository import REPOSITORY

SHARED = REPOSITORY.parent / "shared"
REAL_BARS = SHARED / "data" / "bars_5m_extended_hours_2025_06_08.parquet"
SYMBOLS = ("AAPL", "AMZN", "GLD", "GOOGL", "MSFT", "QQQ", "SPY", "TSLA")

needs_real_bars = pytest.mark.skipif(
    not REAL_BARS.exists(), reason=f"needs {REAL_BARS}, which is not part of the project"
)
