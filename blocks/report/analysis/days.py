"""The worst and the best days, and every day's profit in a calendar."""

from __future__ import annotations

from datetime import date, timedelta

from blocks.report.html.markup import element, number, percent, scrolling, table, tone, wrap
from blocks.report.run import ReportRun
from trading.analysis.days import Day
from trading.counted import counted

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_WEEKS = 530


def days_section(run: ReportRun) -> str:
    """Return the worst and best days, and the calendar with the newest week first."""
    days = run.analysis.days
    panels = [
        element("h3", heading) + (_list(found) if found else element("p", none, class_="hint"))
        for heading, found, none in (
            ("The worst days", days.worst, "No day lost money."),
            ("The best days", days.best, "No day earned money."),
        )
    ]
    return wrap(
        "section",
        element("h2", "Day by day")
        + wrap("div", "".join(wrap("div", each, class_="panel") for each in panels), class_="two")
        + _calendar(days.all),
        id="days",
    )


def _list(days: tuple[Day, ...]) -> str:
    rows = [
        wrap(
            "tr",
            element("th", f"{_NAMES[day.date.weekday()]} {day.date}", scope="row")
            + element("td", number(day.profit, "+,.2f"),
                      class_=f"number {tone(day.profit)}".strip())
            + element("td", percent(day.share), class_="number")
            + element("td", f"{day.trades:,}", class_="number"),
        )
        for day in days
    ]  # fmt: skip
    return table(("Day", "Profit, USD", "Return", "Trades"), rows, class_="groups")


def _calendar(days: tuple[Day, ...]) -> str:
    weeks: dict[date, dict[int, Day]] = {}
    for day in days:
        monday = day.date - timedelta(days=day.date.weekday())
        weeks.setdefault(monday, {})[day.date.weekday()] = day
    used = sorted({day.date.weekday() for day in days})
    shown = sorted(weeks, reverse=True)[:_MOST_WEEKS]
    hottest = max((abs(day.profit) for day in days), default=0.0)
    hottest_week = max((abs(_sum(weeks[each])) for each in shown), default=0.0)
    rows = [
        wrap(
            "tr",
            element("th", str(monday), scope="row")
            + "".join(_cell(weeks[monday].get(weekday), hottest) for weekday in used)
            + _heat(_sum(weeks[monday]), hottest_week, "total", ""),
        )
        for monday in shown
    ]
    hint = "Profit of each session in USD, the newest week first; a day without trades has a dash."
    if len(weeks) > len(shown):
        hint += f" The newest {len(shown)} of {len(weeks)} weeks; equity.parquet has all."
    heads = ("Week of", *(_NAMES[weekday] for weekday in used), "Week")
    return (
        element("h3", "Calendar")
        + element("p", hint, class_="hint")
        + scrolling(table(heads, rows, class_="returns"), "Calendar", "wide tall")
    )


def _cell(day: Day | None, hottest: float) -> str:
    if day is None:
        return "<td></td>"
    if not day.trades and not day.profit:
        return element("td", "\N{EN DASH}")
    return _heat(day.profit, hottest, "", f"{day.date}: {counted(day.trades, 'trade')}")


def _heat(value: float, hottest: float, name: str, title: str) -> str:
    heat = abs(value) / hottest if hottest else 0.0
    return element(
        "td",
        number(value, "+,.2f"),
        class_=f"{name} {tone(value)}".strip(),
        style=f"--heat:{heat:.2f}",
        title=title,
    )


def _sum(week: dict[int, Day]) -> float:
    return sum(day.profit for day in week.values())
