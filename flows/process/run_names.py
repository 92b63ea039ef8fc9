"""What flow runs are called: by what they are, in the list of runs and before they begin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from blocks.account.names import ALPACA_LIVE

SESSION_FLOW = "trade-session"
# A session's run is due before its open, which for some exchanges is midnight in UTC.
BEFORE_THE_OPEN = timedelta(hours=1)
MOST_SYMBOLS = 4


def session_name(days: str, account: str) -> str:
    """Return the name of a session's run; `days` are a date or `DATE:DATE` as a replay says it."""
    money = " REAL MONEY" if account == ALPACA_LIVE else ""
    return f"{days.replace(':', ' to ')} {account}{money}"


def control_name(command: str, account: str | None) -> str:
    """Return the name of an operator's command."""
    return f"{command} {account}" if account else command


def span_name(word: str, symbols: Sequence[str], start: date | None, end: date | None) -> str:
    """Return the name of work on past bars, such as `backtest AAPL,MSFT 2025-06`."""
    parts = (word, some_symbols(symbols), _span(start, end))
    return " ".join(part for part in parts if part)


def some_symbols(symbols: Sequence[str]) -> str:
    """Return the first symbols, and how many more there are."""
    shown = ",".join(symbols[:MOST_SYMBOLS])
    if len(symbols) > MOST_SYMBOLS:
        shown += f" and {len(symbols) - MOST_SYMBOLS} more"
    return shown


def timed_name(what: str, due: datetime) -> str:
    """Return the name of what runs again and again, by the UTC time at which it was due."""
    return f"{due.astimezone(UTC):%Y-%m-%d %H:%M}Z {what}"


def session_day(due: datetime) -> str:
    """Return the day of the session whose run is due then, as far as UTC tells."""
    return (due.astimezone(UTC) + BEFORE_THE_OPEN).date().isoformat()


def _span(start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return ""
    if start is None or end is None:
        return f"from {start}" if end is None else f"to {end}"
    if start == end:
        return f"{start}"
    first, last = f"{start:%Y-%m}", f"{end:%Y-%m}"
    return first if first == last else f"{first} to {last}"
