"""An account as Prometheus reads it: freshness, money, orders, trades and health."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from blocks.account.facts import AccountFacts
from blocks.account.health import HealthReport


def metrics_page(report: HealthReport) -> bytes:
    """Return the report in Prometheus's text format; what is not known is left out."""
    registry = CollectorRegistry()
    registry.register(_Collector(report))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, report: HealthReport) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        report = self._report
        is_up = float(report.facts is not None)
        yield _one("openbell_ledger_readable", "1 when the ledger can be read", is_up)
        health = GaugeMetricFamily(
            "openbell_health", "0 healthy, 1 degraded, 2 unhealthy", labels=["component"]
        )
        health.add_metric(["all"], report.level.rank)
        for component in report.components:
            health.add_metric([component.name], component.level.rank)
        yield health
        if report.facts is not None:
            yield from _account(report.facts, report)
        for name, text in (
            ("bar_latency_seconds", "From the last bar's end until its orders were done"),
            ("fetch_seconds", "How long the last fetch took"),
            ("fetch_failed", "1 when the last fetch had no answer"),
            ("symbols_missing", "Symbols without the last bar"),
        ):
            if name in report.metrics:
                yield _one(f"openbell_{name}", text, report.metrics[name].value)
        text = "Lines of the log that are errors"
        yield _one("openbell_errors_last_hour", text, report.errors)


def _account(facts: AccountFacts, report: HealthReport) -> Iterator[Metric]:
    if facts.last_bar is not None:
        age = (report.checked_at - facts.last_bar).total_seconds()
        yield _one("openbell_last_bar_age_seconds", "Since the START of the last bar", age)
        stamp = facts.last_bar.timestamp()
        yield _one("openbell_last_bar_timestamp_seconds", "START of the last bar", stamp)
    for name, text, value in (
        ("openbell_equity_usd", "Worth of the account", facts.value),
        ("openbell_cash_usd", "Cash of the account", facts.cash),
        ("openbell_gross_exposure_usd", "Worth of all positions, both sides", facts.gross),
    ):
        if value is not None:
            yield _one(name, text, value)
    positions = GaugeMetricFamily(
        "openbell_position_shares", "Shares held, shorts negative", labels=["symbol"]
    )
    for position in facts.positions:
        positions.add_metric([position.symbol], position.quantity)
    yield positions
    orders = GaugeMetricFamily("openbell_orders", "Orders by status", labels=["status"])
    for status, count in sorted(facts.orders.items()):
        orders.add_metric([status], count)
    yield orders
    yield _one("openbell_trades", "Closed trades of the account", facts.trades)
    yield _one("openbell_realized_pnl_usd", "What closed trades earned", facts.realized)
    yield _one("openbell_halted", "1 when an operator has halted", float(facts.halt is not None))
    yield _one("openbell_outbox_messages", "Messages that wait", facts.outbox_open)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
