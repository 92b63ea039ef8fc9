"""The live routes: today's session and every earlier one, as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.account_routes import Limit, Symbol
from api.live.controls import Controls, ControlsAnswer
from api.live.days import bars_answer, day_answer
from api.written_date import WrittenDate
from blocks.account.day.begun_session import BegunSession, read_begun
from blocks.account.day.decisions import Decision, read_decisions
from blocks.account.day.equity import MOST_DAYS, DayResult, first_capital, read_days
from blocks.account.day.messages import SessionMessage, read_messages
from blocks.ledger.parity.tables import read_parity
from blocks.live.answers import (
    BarsAnswer,
    DayAnswer,
    EquityAnswer,
    LiveAnswer,
    ParityAnswer,
    SessionAnswer,
)
from blocks.live.live_reader import LiveReader
from trading.errors import BadInput

MOST_BAR_NUMBER = 100_000
ThisSymbol = Annotated[str, Query(pattern="^[!-~]{1,20}$")]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS)]
After = Annotated[int, Query(ge=-1, le=MOST_BAR_NUMBER)]


def live_routes(live: LiveReader, controls: Controls) -> APIRouter:
    """Return the routes of an account's sessions."""
    routes = APIRouter(prefix="/api")
    source = live.source

    @routes.get("/live")
    def everything() -> LiveAnswer:
        return live.look()

    @routes.get("/session")
    def session() -> SessionAnswer:
        return live.look().session

    @routes.get("/equity")
    def equity() -> EquityAnswer:
        live.reading()
        return live.look().equity

    @routes.get("/decisions")
    def decisions(
        limit: Limit = 100,
        symbol: Symbol = None,
        session: WrittenDate | None = None,
        entries_only: bool = False,
    ) -> list[Decision]:
        with source.reading() as connection:
            begun = read_begun(connection, session)
            if begun is None:
                return []
            wanted = symbol.upper() if symbol else None
            return read_decisions(
                connection, begun.session, begun.words, limit, wanted, entries_only=entries_only
            )

    @routes.get("/messages")
    def messages(limit: Limit = 100, session: WrittenDate | None = None) -> list[SessionMessage]:
        with source.reading() as connection:
            return read_messages(connection, limit, session)

    @routes.get("/bars")
    def bars(
        symbol: ThisSymbol, session: WrittenDate | None = None, after: After = -1
    ) -> BarsAnswer:
        with source.reading() as connection:
            begun = _begun(read_begun(connection, session), session)
            return bars_answer(connection, begun, symbol.upper(), after)

    @routes.get("/days")
    def days(limit: Days = 400) -> list[DayResult]:
        with source.reading() as connection:
            return read_days(connection, first_capital(connection), limit)

    @routes.get("/sessions/{session}")
    def one_session(session: WrittenDate) -> DayAnswer:
        return day_answer(source.account(), live.day(session))

    @routes.get("/parity")
    def parity(limit: Days = 20) -> list[ParityAnswer]:
        with source.reading() as connection:
            return [ParityAnswer.of(row) for row in read_parity(connection, limit)]

    @routes.get("/controls")
    def how_it_is_controlled() -> ControlsAnswer:
        try:
            account: str | None = source.account()
        except BadInput:
            account = None
        return controls.answer(account)

    return routes


def _begun(begun: BegunSession | None, session: date | None) -> BegunSession:
    if begun is not None:
        return begun
    which = "no session was traded yet" if session is None else f"no session {session} was traded"
    raise BadInput(which, "Name one that /api/days lists")
