"""What the account's routes answer, field by field: money in USD, times in UTC."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Self

from blocks.account.facts import AccountFacts
from blocks.live.held import HaltAnswer
from blocks.records.fields import Moment, Record
from blocks.telemetry.log_lines import LogLine
from blocks.telemetry.metrics import Aggregation, MetricStats, MetricType


class BrokerAnswer(Record):
    """The account at its broker, as it looked when it was asked last; its number is masked."""

    name: str
    account: str
    equity: float
    cash: float
    buying_power: float
    currency: str
    may_short: bool
    blocked: str
    not_entered: dict[str, str]
    open_orders: list[dict[str, Any]]
    positions: dict[str, int]
    as_of: Moment


class MetricAnswer(Record):
    """The numbers of a metric as one, and how they lie; None where there are none."""

    metric_type: MetricType
    metric_name: str
    aggregation: Aggregation
    value: float | None
    count: int = 0
    mean: float | None = None
    lowest: float | None = None
    highest: float | None = None
    median: float | None = None
    p95: float | None = None
    p99: float | None = None
    last: float | None = None
    last_at: Moment | None = None

    @classmethod
    def of(
        cls,
        metric_type: MetricType,
        metric_name: str,
        aggregation: Aggregation,
        value: float | None,
        stats: MetricStats | None,
    ) -> Self:
        """Return what the API tells of a metric."""
        lie = {} if stats is None else asdict(stats)
        lie.pop("total", None)
        return cls(
            metric_type=metric_type,
            metric_name=metric_name,
            aggregation=aggregation,
            value=value,
            **lie,
        )


class LogAnswer(Record):
    """A line of the log."""

    time: Moment
    level: str
    logger: str
    message: str
    context: dict[str, Any]

    @classmethod
    def of(cls, line: LogLine) -> Self:
        """Return a line as the API tells of it."""
        return cls(
            time=line.ts,
            level=line.level,
            logger=line.logger,
            message=line.message,
            context=dict(line.context),
        )


class AccountAnswer(Record):
    """An account at one moment; None where nothing was written yet."""

    account: str
    equity: float | None
    cash: float | None
    buying_power: float | None
    gross_exposure: float
    initial_capital: float | None
    realized_pnl: float
    open_positions: int
    trades: int
    last_bar: Moment | None
    halt: HaltAnswer | None
    source: str | None
    broker: BrokerAnswer | None

    @classmethod
    def of(cls, facts: AccountFacts) -> Self:
        """Return an account as the API tells of it."""
        halt = facts.halt
        return cls(
            account=facts.account,
            equity=facts.value,
            cash=facts.cash,
            buying_power=facts.buying_power,
            gross_exposure=facts.gross,
            initial_capital=facts.capital,
            realized_pnl=facts.realized,
            open_positions=len(facts.positions),
            trades=facts.trades,
            last_bar=facts.last_bar,
            halt=halt and HaltAnswer(since=halt.since, command=halt.command, reason=halt.reason),
            source=facts.plan.get("source"),
            broker=facts.broker and BrokerAnswer(**facts.broker.as_dict()),
        )
