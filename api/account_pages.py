"""Each account of the data folder at its own address, beside the one that `/` shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.page.document import results_page
from api.page.page_routes import NOT_FOUND, NOT_STORED
from api.page.summary import problem_summary
from blocks.account.absence import gone_accounts
from blocks.account.names import PAGES
from blocks.account.status import accounts_in
from blocks.process.web.door import App, Receive, Scope, Send
from trading.errors import BadInput


class AccountPages:
    """Answers below /accounts/NAME/ as `/` does; `make` returns the answers of one account.

    They are made when they are first asked for, and only of an account that is there.
    """

    def __init__(self, data_dir: Path, make: Callable[[str], App]) -> None:
        self._data_dir = data_dir
        self._make = make
        self._made: dict[str, App] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say which accounts there are."""
        path = scope["path"].removeprefix(PAGES).removeprefix("/")
        name, slash, rest = path.partition("/")
        if not name:
            await RedirectResponse("/")(scope, receive, send)
            return
        if name in self._made or self._is_known(name):
            if not slash:
                # The links of a page lead on from its folder.
                await RedirectResponse(f"{PAGES}/{name}/")(scope, receive, send)
                return
            inner = {**scope, "root_path": f"{PAGES}/{name}"}
            await self._answers_of(name)(inner, receive, send)
            return
        await self._unknown(name, is_asked_by_program=rest.startswith("api/"))(scope, receive, send)

    def _answers_of(self, name: str) -> App:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _is_known(self, name: str) -> bool:
        return name in accounts_in(self._data_dir) or name in gone_accounts(self._data_dir)

    def _unknown(self, name: str, *, is_asked_by_program: bool) -> Response:
        known = ", ".join(accounts_in(self._data_dir)) or "none yet"
        error = BadInput(
            f"account {name!r} is not in {self._data_dir}", f"These are there: {known}"
        )
        if is_asked_by_program:
            return JSONResponse({"error": str(error)}, NOT_FOUND)
        problem = problem_summary(error.what, error.hint)
        page = results_page("No such account", str(self._data_dir), problem)
        return HTMLResponse(page, NOT_FOUND, headers=NOT_STORED)
