"""What the data gate found, as a table: the bar, the check, its prices, and what it was against."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from blocks.report.html.markup import element, number, scrolling, table, wrap
from trading.gate.findings import Finding, GateReport
from trading.market.calendar import from_microseconds

_HEADS = ("Bar", "Symbol", "Found", "Open", "High", "Low", "Close", "Volume", "Compared with")


def gate_findings(report: GateReport, zone: ZoneInfo) -> str:
    """Return the listed findings under a heading, by the exchange's clock; nothing for none."""
    if not report.findings:
        return ""
    facts = table(
        _HEADS,
        (_row(finding, zone) for finding in report.findings),
        caption="Findings of the data gate",
        class_="findings",
    )
    hint = "Bars by their start on the exchange's clock, prices in USD."
    if report.others:
        hint += (
            f" The first {len(report.findings):,} are listed; {report.others:,} more were found."
        )
    return (
        element("h3", "What the data gate found")
        + element("p", hint, class_="hint")
        + scrolling(facts, "Findings of the data gate", "wide tall", name="gate")
    )


def _row(finding: Finding, zone: ZoneInfo) -> str:
    bar = from_microseconds(finding.us).astimezone(zone)
    prices = (finding.open, finding.high, finding.low, finding.close)
    cells = (
        element("th", f"{bar:%Y-%m-%d %H:%M}", scope="row")
        + element("td", finding.symbol)
        + element("td", finding.check.replace("_", " "))
        + "".join(element("td", number(price, ",.4f"), class_="number") for price in prices)
        + element("td", number(finding.volume, ",.0f"), class_="number")
        + element("td", number(finding.reference, ",.4f"), class_="number")
    )
    return wrap("tr", cells)
