"""What a session that is under way has done, as tables: each symbol, and each position."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

from flows.pages.cells import cell, clock_time
from tasks.session.runtime import SessionRuntime
from trading.engine.tapes.trade_tape import TRADES, DecisionRow, TradeRow
from trading.market.calendar import exchange_timezone, from_microseconds
from trading.plan import FIRST_VERSION_LEVELS, RunPlan
from trading.reasons import ExitReason
from trading.session.book_events import resting
from trading.session.state import SessionState

Table = list[dict[str, str]]


def decisions_table(runtime: SessionRuntime) -> Table:
    """Return a row a symbol: what it did in this session, and why it does what it does now."""
    state, zone = runtime.state, exchange_timezone(runtime.plan.exchange)
    last: dict[int, DecisionRow[float]] = {int(row.symbol): row for row in state.decisions}
    return [
        {
            "symbol": symbol,
            "did": "; ".join(_deeds(state, s, zone)) or "nothing",
            **_decision(last.get(s), zone, runtime.plan),
            **_universe(state, s),
        }
        for symbol, s in state.index.items()
    ]


def positions_table(runtime: SessionRuntime) -> Table:
    """Return a row a position: what is held, since when, and where its stop is."""
    state, zone = runtime.state, exchange_timezone(runtime.plan.exchange)
    book = state.book
    return [
        {
            "symbol": symbol,
            "quantity": str(int(book.quantity[s])),
            "in": clock_time(from_microseconds(int(book.entry_us[s])), zone),
            "entry": _price(book.entry_price[s]),
            "mark": _price(book.mark[s]),
            "stop": _price(book.stop[s]),
            "target": _price(book.target[s]),
            "leaving": state.exit_reason(symbol),
        }
        for symbol, s in state.index.items()
        if book.quantity[s] != 0
    ]


def _deeds(state: SessionState, s: int, zone: ZoneInfo) -> list[str]:
    """Return a symbol's trades and what it holds, in words."""
    deeds = []
    for row in state.tape.trades[: state.tape.counts[TRADES]].tolist():
        trade: TradeRow[float] = TradeRow(*row)
        if int(trade.symbol) == s:
            bought, sold = ("bought", "sold") if trade.side > 0 else ("sold short", "bought back")
            deeds.append(
                f"{bought} {int(trade.quantity)} at {_price(trade.entry_price)}"
                f" {_time(trade.entry_us, zone)}, {sold} at {_price(trade.exit_price)}"
                f" {_time(trade.exit_us, zone)} ({ExitReason(int(trade.exit_reason)).label}),"
                f" {cell('pnl', trade.pnl)} USD"
            )
    held = int(state.book.quantity[s])
    if s in resting(state.book):
        is_long = state.book.pending[s] > 0
        deeds.append(
            f"{'buys' if is_long else 'sells short'} {abs(int(state.book.pending[s]))} at"
            f" {_price(state.book.pending_level[s])}, resting"
        )
    if held:
        deeds.append(
            f"{'bought' if held > 0 else 'sold short'} {abs(held)} at"
            f" {_price(state.book.entry_price[s])} {_time(state.book.entry_us[s], zone)}, held"
        )
    return deeds


def _decision(row: DecisionRow[float] | None, zone: ZoneInfo, plan: RunPlan) -> dict[str, str]:
    shown = {"at": "", "why": "no bar yet", "close": ""} | dict.fromkeys(_headings(plan.levels), "")
    if row is None:
        return shown
    return shown | {
        "at": _time(row.us, zone),
        "why": plan.label_of(int(row.reason)),
        "close": _price(row.price),
        **_levels(plan.levels, _price(row.range_high), _price(row.range_low)),
    }


def _headings(levels: tuple[str, ...]) -> tuple[str, ...]:
    return ("range",) if levels == FIRST_VERSION_LEVELS else levels


def _levels(levels: tuple[str, ...], first: str, second: str) -> dict[str, str]:
    """Return a strategy's levels under their names; a range is one column."""
    if levels == FIRST_VERSION_LEVELS:
        return {"range": f"{second} to {first}" if first and second else ""}
    return dict(zip(levels, (first, second), strict=False))


def _universe(state: SessionState, s: int) -> dict[str, str]:
    """Return a symbol's place in the day's universe, where symbols are selected."""
    universe = state.universe
    if not universe.reason.size:
        return {}
    rank, volume = int(universe.rank[0, s]), float(universe.relative_opening_volume[0, s])
    return {
        "rank": str(rank) if rank else "",
        "relative opening volume": "" if math.isnan(volume) else f"{volume:.2f}",
        "daily ATR": _price(universe.daily_atr[0, s]),
    }


def _price(value: float) -> str:
    number = float(value)
    return "" if math.isnan(number) or number == 0 else cell("price", number)


def _time(us: float, zone: ZoneInfo) -> str:
    return clock_time(from_microseconds(int(us)), zone)
