"""What a report says beyond its summary, section by section, and rows for its figures."""

from __future__ import annotations

from blocks.report.analysis.benchmark import benchmark_section
from blocks.report.analysis.costs import costs_section
from blocks.report.analysis.days import days_section
from blocks.report.analysis.drawdowns import drawdowns_section, rolling_section
from blocks.report.analysis.samples import samples_section
from blocks.report.analysis.trade_order import trade_order_section
from blocks.report.analysis.trades import trades_section
from blocks.report.run import ReportRun


def analysis_sections(run: ReportRun) -> str:
    """Return the sections in the order in which people ask: is it worth it, then how it went."""
    sections = (
        samples_section(run),
        benchmark_section(run),
        costs_section(run),
        drawdowns_section(run),
        trade_order_section(run),
        trades_section(run),
        rolling_section(run),
        days_section(run),
    )
    return "\n".join(filter(None, sections))
