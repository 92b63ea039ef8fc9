"""The pages that people open: the live one, one of each session, and one of the API itself."""

from __future__ import annotations

from datetime import date
from html import escape

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse

from api.live.controls import Controls
from api.live.days import day_answer
from api.page.document import docs_page, live_document
from api.page.schema_page import schema_html
from api.page.summary import day_summary, live_summary, problem_summary
from api.written_date import written_date
from blocks.live.live_reader import LiveReader
from blocks.process.secret_mask import MASK
from blocks.report.html.markup import element
from trading.errors import BadInput, OpenbellError

NOT_STORED = {"Cache-Control": "no-store"}
NOT_FOUND, SEE_OTHER = 404, 303


def page_routes(live: LiveReader, controls: Controls, place: str) -> APIRouter:
    """Return the routes of pages below a path; they are no part of the schema."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @routes.get("/")
    def live_page() -> HTMLResponse:
        seen = live.look()
        return _page("Openbell", "", live_summary(seen, controls.known(seen.account), place), place)

    @routes.get("/sign-in")
    def no_token_is_asked() -> RedirectResponse:
        return RedirectResponse(f"{place}/", SEE_OTHER)

    @routes.get("/sessions/{session}")
    def session_page(session: str) -> HTMLResponse:
        title = f"Session {session}"
        try:
            summary, status = _summary_of(live, _date(session), place), 200
        except OpenbellError as error:
            status = NOT_FOUND if isinstance(error, BadInput) else 503
            summary = problem_summary(error.what, error.hint)
        return _page(title, escape(session), summary, place, status)

    return routes


def _summary_of(live: LiveReader, session: date, place: str) -> str:
    return day_summary(day_answer(live.source.account(), live.day(session)), place)


def _date(session: str) -> date:
    found = written_date(session)
    if found is not None:
        return found
    raise BadInput(f"{session!r} is no date", "Write it as /sessions/2025-06-10")


def docs_route(app: FastAPI) -> APIRouter:
    """Return the route of the page that describes the others."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(schema_html(app.openapi())), headers=NOT_STORED)

    return routes


def _page(title: str, session: str, summary: str, place: str, status: int = 200) -> HTMLResponse:
    values = {
        "title": element("title", title),
        "session": session,
        "place": escape(place),
        "summary": MASK.text(summary),
    }
    return HTMLResponse(live_document(values), status, headers=NOT_STORED)
