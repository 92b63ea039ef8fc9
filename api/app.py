"""The read-only API: what other machines may ask of an account, all of it from its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as installed_version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from api.account_pages import AccountPages
from api.account_routes import account_routes
from api.health_routes import health_routes
from api.live.controls import Controls
from api.live.event_routes import Watchers, event_routes
from api.live.live_routes import live_routes
from api.page.page_routes import docs_route, page_routes
from api.page.results_routes import results_routes
from api.telemetry_routes import telemetry_routes
from api.token_gate import TokenGate
from blocks.account.names import PAGES, place_of
from blocks.live.live_reader import LiveReader
from blocks.live.source import Source
from blocks.process.secret_mask import MASK
from trading.errors import BadInput, OpenbellError


class MaskedJson(JSONResponse):
    """JSON without secrets: what operators and providers wrote may hold one."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return super().render(MASK.value(content))


def create_app(
    source: Source,
    cors_origins: tuple[str, ...] = (),
    token: str | None = None,
    watchers: Watchers | None = None,
) -> FastAPI:
    """Return the application over one data folder; with a token only who brings it is answered.

    `watchers` tell its streams what changed; who stops the application closes them.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        source.is_started = True
        # The first page need not wait for it.
        controls.known(None)
        yield

    app = FastAPI(
        title="Openbell",
        description="Read-only: what an account holds, did and is about to do.",
        version=installed_version("openbell"),
        # The page of the schema is ours: theirs loads its script from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        default_response_class=MaskedJson,
    )
    watchers, controls = watchers or Watchers(), Controls(source.data_dir)

    def of_account(name: str) -> FastAPI:
        answers = FastAPI(
            docs_url=None, redoc_url=None, openapi_url=None, default_response_class=MaskedJson
        )
        _show(answers, source.of(name), controls, watchers, place_of(name))
        return answers

    app.include_router(health_routes(source))
    _show(app, source, controls, watchers, "")
    app.mount(PAGES, AccountPages(source.data_dir, of_account))
    app.include_router(docs_route(app))
    app.include_router(results_routes(source.data_dir))
    if token is not None:
        app.add_middleware(TokenGate, token=token)
    # Outside of the gate: a browser asks without the token whether it may ask with it.
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET"],
            allow_headers=["Authorization"],
        )

    return app


def _show(app: FastAPI, source: Source, controls: Controls, watchers: Watchers, place: str) -> None:
    """Give an application the answers and pages of an account, which lie below a path."""
    live = LiveReader(source)
    app.include_router(account_routes(source))
    app.include_router(telemetry_routes(source))
    app.include_router(live_routes(live, controls))
    app.include_router(event_routes(watchers.of(source)))
    app.include_router(page_routes(live, controls, place))

    @app.exception_handler(OpenbellError)
    async def _answer_error(request: Request, error: OpenbellError) -> JSONResponse:
        status = 404 if isinstance(error, BadInput) else 503
        return MaskedJson({"error": str(error)}, status)
