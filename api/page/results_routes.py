"""Kept results to a browser: a list of them, and the files of each, which are only read.

What a file of a result may do is less than what a page of ours may: its scripts run in a place of
their own, which reads nothing of the API, whoever wrote the file.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.page.document import results_page
from api.page.summary import problem_summary
from blocks.process.secret_mask import MASK
from blocks.results.served import KINDS, MEDIA_TYPES, find_result
from trading.errors import NoData, OpenbellError

NOT_FOUND, UNAVAILABLE = 404, 503
# Beside the policy that a report brings along itself: both have to allow a thing.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none';"
    " sandbox allow-scripts allow-downloads allow-popups"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
# What a browser shows; the rest it keeps as a file.
SHOWN = (".html", ".json", ".png")


def results_routes(data_dir: Path) -> APIRouter:
    """Return the routes of a data folder's results; they are no part of the schema."""
    routes = APIRouter(include_in_schema=False)

    def listed() -> Response:
        # What reads results takes a tenth of a second to load: it comes with who asks.
        from api.page.results_list import everything

        try:
            content, status = everything(data_dir), 200
        except OpenbellError as error:
            content, status = problem_summary(error.what, error.hint), UNAVAILABLE
        return _page("Results", str(data_dir), content, status)

    def of_kind(kind: str, name: str) -> Response:
        from api.page.results_list import one

        try:
            found = find_result(data_dir, kind, name)
            if found.is_dir():
                address = f"/{kind}/{quote(name.strip('/'))}/"
                return _page(found.name, str(found), one(found, address), 200)
        except OpenbellError as error:
            status = NOT_FOUND if isinstance(error, NoData) else UNAVAILABLE
            problem = problem_summary(error.what, error.hint)
            return _page("No result", str(data_dir), problem, status)
        return FileResponse(
            found,
            headers=HEADERS,
            media_type=MEDIA_TYPES[found.suffix],
            filename=found.name,
            content_disposition_type="inline" if found.suffix in SHOWN else "attachment",
        )

    for kind in KINDS:
        routes.add_api_route(f"/{kind}/", listed)
        routes.add_api_route(f"/{kind}/{{name:path}}", partial(of_kind, kind))
    return routes


def _page(title: str, origin: str, content: str, status: int) -> HTMLResponse:
    body = results_page(title, MASK.text(origin), MASK.text(content))
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})
