"""An account as Prometheus reads it: freshness, money, orders, trades, copies and health."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from blocks.account.facts import AccountFacts
from blocks.health.health import HealthReport
from blocks.ledger.parity.tables import ParityRow


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
        yield from _health(report)
        if report.facts is not None:
            yield from _account(report.facts)
        yield from _freshness(report)
        yield from _copies(report)
        if report.facts is not None and report.facts.parity:
            yield from _parity(report.facts.parity[0])
        for name, text in (
            ("bar_latency_seconds", "From the last bar's end until its orders were done"),
            ("fetch_seconds", "How long the last fetch took"),
            ("fetch_failed", "1 when the last fetch had no answer"),
            ("symbols_missing", "Symbols without the last bar"),
            ("symbols_blocked", "Symbols of which ledger and exchange differed at the last bar"),
            ("unprotected_seconds", "Longest time of the session without a resting stop"),
            ("clock_offset_seconds", "How far this clock is ahead of that of web servers"),
        ):
            if name in report.telemetry.metrics:
                yield _one(f"openbell_{name}", text, report.telemetry.metrics[name].value)
        text = "Lines of the log that are errors"
        yield _one("openbell_errors_last_hour", text, report.errors)


def _health(report: HealthReport) -> Iterator[Metric]:
    health = GaugeMetricFamily(
        "openbell_health", "0 healthy, 1 degraded, 2 unhealthy", labels=["component"]
    )
    since = GaugeMetricFamily(
        "openbell_health_since_timestamp_seconds",
        "Since when a component is as it is",
        labels=["component"],
    )
    health.add_metric(["all"], report.level.rank)
    for component in report.components:
        health.add_metric([component.name], component.level.rank)
        if component.since is not None:
            since.add_metric([component.name], component.since.timestamp())
    yield health
    yield since


def _freshness(report: HealthReport) -> Iterator[Metric]:
    facts, arrived = report.facts, report.telemetry.arrived
    if facts is not None and facts.last_bar is not None:
        stamp = facts.last_bar.timestamp()
        yield _one("openbell_last_bar_timestamp_seconds", "START of the last bar", stamp)
    if arrived is not None:
        age = max(0.0, (report.checked_at - arrived).total_seconds())
        yield _one("openbell_last_bar_age_seconds", "Since the last bar ARRIVED", age)


def _account(facts: AccountFacts) -> Iterator[Metric]:
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
    yield _one("openbell_halted", "1 while the account is halted", float(facts.halt is not None))


def _copies(report: HealthReport) -> Iterator[Metric]:
    facts, copies, drill = report.facts, report.copies, report.drill
    if facts is not None:
        yield _one("openbell_outbox_messages", "Messages that wait", facts.outbox_open)
        oldest = facts.outbox_oldest
        age = 0.0 if oldest is None else max(0.0, (report.checked_at - oldest).total_seconds())
        text = "For how long the oldest message has waited"
        yield _one("openbell_outbox_oldest_age_seconds", text, age)
        refused = float(bool(facts.outbox_refused))
        yield _one("openbell_outbox_refused", "1 when a channel refuses them", refused)
    if copies is not None:
        yield _one("openbell_copies_succeeded", "Attempts that made a copy", copies.successes)
        yield _one("openbell_copies_failed", "Attempts that made no copy", copies.failures)
        rate = copies.success_rate
        yield _one("openbell_copies_success_ratio", "Part of the attempts that made one", rate)
        yield _one("openbell_copy_bytes", "Length of the last copy", copies.copied_bytes)
        if copies.ratio is not None:
            text = "Length of the last copy as a part of its files' length"
            yield _one("openbell_copy_ratio", text, copies.ratio)
        if copies.last_success is not None:
            stamp = copies.last_success.timestamp()
            text = "When the last copy was made"
            yield _one("openbell_copy_last_success_timestamp_seconds", text, stamp)
    if drill is not None:
        text = "1 when the newest copy could be restored"
        yield _one("openbell_restore_drill_good", text, float(drill.is_good))
        stamp = drill.at.timestamp()
        text = "When restoring was last tried"
        yield _one("openbell_restore_drill_timestamp_seconds", text, stamp)


def _parity(row: ParityRow) -> Iterator[Metric]:
    """Yield what the newest replay of a session found."""
    stamp = row.checked_at.timestamp()
    text = "When a session was replayed last"
    yield _one("openbell_parity_checked_timestamp_seconds", text, stamp)
    if row.verdict != "not_kept":
        text = "1 when its journal follows from the bars that it consumed"
        yield _one("openbell_parity_agrees", text, float(row.verdict == "agrees"))
        text = "Decisions and intents of its journal that do not come again"
        yield _one("openbell_parity_differences", text, row.differences)
    bars = GaugeMetricFamily(
        "openbell_parity_bars", "Bars that are others than those consumed", labels=["cause"]
    )
    for cause, count in (("late", row.late), ("revised", row.revised), ("missing", row.missing)):
        if count is not None:
            bars.add_metric([cause], count)
    yield bars
    for name, text, value in (
        ("decisions_changed", "Decisions that final bars change", row.decisions_changed),
        ("trades_changed", "Trades that final bars change", row.trades_changed),
        ("fills_priced", "Fills that the model fills too", row.fills_priced),
        ("shortfall_usd", "What its fills cost more than the model's", row.shortfall_usd),
        ("shortfall_bps", "The same in basis points of what was traded", row.shortfall_bps),
    ):
        if value is not None:
            yield _one(f"openbell_parity_{name}", text, value)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
