"""What a trade that was just closed was like, as numbers over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from blocks.records.fields import Side
from blocks.telemetry.metrics import Metric, MetricType


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A trade by its number in the session; `pnl_usd` after commissions, `pnl_pct` a fraction.

    `r_multiple` is None where nothing was at risk.
    """

    number: int
    symbol: str
    side: Side
    exit_reason: str
    pnl_usd: float
    pnl_pct: float
    r_multiple: float | None
    held_seconds: float

    def metrics(self, session: date, now: datetime) -> list[Metric]:
        """Return the trade's numbers as metrics of now."""
        what: dict[str, str | int | float] = {
            "session": str(session),
            "number": self.number,
            "symbol": self.symbol,
            "side": str(self.side),
            "exit_reason": self.exit_reason,
        }
        values = {
            "pnl_usd": self.pnl_usd,
            "pnl_pct": self.pnl_pct,
            "r_multiple": self.r_multiple,
            "held_seconds": self.held_seconds,
        }
        return [
            Metric(MetricType.TRADE, name, value, now, what)
            for name, value in values.items()
            if value is not None
        ]
