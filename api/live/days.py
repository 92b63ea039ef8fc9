"""One session of the past or of today, and one symbol's candles in it."""

from __future__ import annotations

import duckdb

from blocks.account.day.bars import read_bars, read_levels
from blocks.account.day.begun_session import BegunSession
from blocks.account.day.fills import read_fills, read_initial_stops
from blocks.account.day.reading import DayReading
from blocks.ledger.tables import read_positions, read_session_trades
from blocks.live.answers import BarsAnswer, DayAnswer, ParityAnswer
from blocks.live.held import PositionAnswer
from blocks.live.live_reader import words_of
from blocks.live.risk import latch_answer
from blocks.live.today import hours_of, plan_answer

LEVEL_NAMES = ("upper level", "lower level")


def bars_answer(
    connection: duckdb.DuckDBPyConnection, begun: BegunSession, symbol: str, after: int
) -> BarsAnswer:
    """Return a symbol's bars after a number; raises BadInput for one that was not traded."""
    bars = read_bars(connection, begun, symbol, after)
    held = [] if begun.is_closed else read_positions(connection, symbol)
    stops = read_initial_stops(connection, begun, held)
    names = (*begun.words.levels, *LEVEL_NAMES[len(begun.words.levels) :])
    return BarsAnswer(
        session=begun.session,
        symbol=symbol,
        interval_minutes=begun.interval.total_seconds() / 60,
        opens=begun.opens,
        closes=begun.closes,
        level_names=(names[0], names[1]),
        bars=bars,
        levels=read_levels(connection, begun, symbol),
        fills=read_fills(connection, begun.session, symbol),
        trades=[
            trade
            for trade in read_session_trades(connection, begun.session)
            if trade.symbol == symbol
        ],
        position=PositionAnswer.of(held[0], stops.get(symbol)) if held else None,
    )


def day_answer(account: str, reading: DayReading) -> DayAnswer:
    """Return a session that an account began."""
    begun = reading.begun
    if begun is None:
        raise ValueError("a reading without a session")
    dates = sorted({day.session for day in reading.days} | {begun.session})
    place, plan = dates.index(begun.session), plan_answer(begun, reading)
    return DayAnswer(
        account=account,
        account_words=words_of(account, plan),
        session=begun.session,
        hours=hours_of(begun),
        is_closed=begun.is_closed,
        result=next((day for day in reading.days if day.session == begun.session), None),
        latch=latch_answer(reading),
        plan=plan,
        curve=reading.curve,
        symbols=list(begun.symbols),
        trades=reading.trades,
        orders=reading.orders,
        fills=reading.fills,
        entries=reading.entries,
        messages=reading.messages,
        parity=next(
            (ParityAnswer.of(row) for row in reading.parity if row.session == begun.session), None
        ),
        before=dates[place - 1] if place else None,
        after=dates[place + 1] if place + 1 < len(dates) else None,
    )
