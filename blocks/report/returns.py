"""Returns by week or by month as a coloured table, when a run is long enough for one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from blocks.report.html.markup import element, percent, table, wrap
from trading.market.calendar import Session

_FEWEST_SESSIONS = 5
_MOST_WEEKS = 27
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Rows = dict[str, dict[int, list[float]]]


def returns_table(sessions: tuple[Session, ...], returns: tuple[float, ...]) -> str:
    """Return one row a week with its days, or one a year with its months; empty when too short."""
    if len(returns) < _FEWEST_SESSIONS:
        return ""
    dated = list(zip((session.date for session in sessions), returns, strict=True))
    if (dated[-1][0] - dated[0][0]).days <= _MOST_WEEKS * 7:
        rows = _filled(((_week(day), day.weekday(), value) for day, value in dated))
        used = sorted({day.weekday() for day, _ in dated})
        return _table("Week of", rows, used, [_DAYS[day] for day in used], "Week")
    rows = _filled((str(day.year), day.month - 1, value) for day, value in dated)
    return _table("Year", rows, list(range(12)), list(_MONTHS), "Year")


def compounded(returns: Iterable[float]) -> float:
    """Return the return of several returns in a row."""
    product = 1.0
    for value in returns:
        product *= 1 + value
    return product - 1


def _week(day: date) -> str:
    return (day - timedelta(days=day.weekday())).isoformat()


def _filled(cells: Iterable[tuple[str, int, float]]) -> Rows:
    rows: Rows = {}
    for row, column, value in cells:
        rows.setdefault(row, {}).setdefault(column, []).append(value)
    return rows


def _table(corner: str, rows: Rows, columns: list[int], names: list[str], total: str) -> str:
    inner = {
        row: {column: compounded(values) for column, values in cells.items()}
        for row, cells in rows.items()
    }
    sums = {row: compounded(cells.values()) for row, cells in inner.items()}
    hottest = max((abs(v) for cells in inner.values() for v in cells.values()), default=0.0)
    hottest_sum = max((abs(value) for value in sums.values()), default=0.0)
    lines = [
        wrap(
            "tr",
            element("th", row, scope="row")
            + "".join(_cell(cells.get(column), hottest) for column in columns)
            + _cell(sums[row], hottest_sum, "total"),
        )
        for row, cells in inner.items()
    ]
    heads = (corner, *names, total)
    return table(heads, lines, caption=f"Returns by {total.lower()}", class_="returns")


def _cell(value: float | None, hottest: float, name: str = "") -> str:
    if value is None:
        return f'<td class="{name}"></td>'
    heat = abs(value) / hottest if hottest else 0.0
    mood = "good" if value > 0 else "bad" if value < 0 else ""
    return element(
        "td", percent(value), class_=f"{name} {mood}".strip(), style=f"--heat:{heat:.2f}"
    )
