"""Halt, flatten and resume: where in Prefect they are started, and by which commands elsewhere."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shlex
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from blocks.process.web.auth_string import read_auth_string
from blocks.process.web.prefect_place import known_server_url, ui_url
from blocks.records.fields import Record

ACTIONS = {
    "halt": "No entries until resume; what is held keeps its stops",
    "flatten": "Every position is left now, and nothing is entered until resume",
    "resume": "Entries are allowed again",
}
# The flow in prefect.yaml of which each of them is a deployment.
FLOW = "control"
ASK_SECONDS = 3.0
# What a server answered is known for a while; one that did not answer is asked again sooner.
KNOWN_SECONDS, UNKNOWN_SECONDS = 60.0, 10.0
OK = 200


class Control(Record):
    """One of the three: `url` is its form in Prefect, None where no server answers."""

    name: str
    what: str
    url: str | None
    command: str


class ControlsAnswer(Record):
    """How an account is controlled; this API itself changes nothing."""

    sentence: str
    prefect: str | None
    controls: list[Control]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a server said: its page, each form's address there, and why there may be none."""

    server: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


class Controls:
    """Asks the Prefect server of a data folder where the deployments are, and remembers it.

    It is asked in a thread, by one at a time: a server that takes a connection and says nothing
    keeps nobody's page waiting.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._found = _Found()
        self._until = float("-inf")
        self._asking: threading.Thread | None = None
        self._begun_at = float("-inf")

    def known(self, account: str | None) -> ControlsAnswer:
        """Return the three for an account as they are known now, and have them asked for."""
        self._ask_beside()
        return self._answer(account)

    def answer(self, account: str | None) -> ControlsAnswer:
        """Return the three for an account; waits a few seconds at most for a server."""
        asking = self._ask_beside()
        if asking is not None:
            asking.join(max(0.0, self._begun_at + ASK_SECONDS - time.monotonic()))
        return self._answer(account)

    def _ask_beside(self) -> threading.Thread | None:
        """Return the thread that asks, begun if need be; None while what is known is fresh."""
        with self._lock:
            if self._asking is not None:
                return self._asking
            if time.monotonic() < self._until:
                return None
            self._asking = threading.Thread(target=self._ask, name="controls", daemon=True)
            self._begun_at = time.monotonic()
            self._asking.start()
            return self._asking

    def _answer(self, account: str | None) -> ControlsAnswer:
        found = self._found
        server, forms, trouble = found.server, found.forms, found.trouble
        place = f"--data-dir {shlex.quote(str(self._data_dir))}"
        if account is not None:
            place += f" --account {shlex.quote(account)}"
        if forms:
            said = "Each opens its form in Prefect: Submit there does it, within seconds."
        elif server is not None:
            said = f"The Prefect server at {server} {trouble}. Run the command in a shell."
        else:
            said = "No Prefect server belongs to this data folder. Run the command in a shell."
        return ControlsAnswer(
            sentence=said,
            prefect=server if forms else None,
            controls=[
                Control(
                    name=name,
                    what=what,
                    url=_of_account(forms.get(name), account),
                    command=f"openbell {name} {place}",
                )
                for name, what in ACTIONS.items()
            ],
        )

    def _ask(self) -> None:
        try:
            self._found = self._ask_server()
        finally:
            seconds = KNOWN_SECONDS if self._found.forms else UNKNOWN_SECONDS
            with self._lock:
                self._until, self._asking = time.monotonic() + seconds, None

    def _ask_server(self) -> _Found:
        api_url = known_server_url(self._data_dir)
        if api_url is None:
            return _Found()
        server = ui_url(api_url)
        silent = _Found(server, {}, "does not answer")
        if not self._found.forms:
            # Until it has answered it has not; what it said last stands until it says another.
            self._found = silent
        forms: dict[str, str] = {}
        try:
            for name in ACTIONS:
                number = _ask_for(api_url, f"deployments/name/{FLOW}/{name}", self._headers())
                if number is not None:
                    forms[name] = f"{server}/deployments/deployment/{number}/run"
        except (OSError, http.client.HTTPException, ValueError, TypeError):
            return silent
        return _Found(server, forms, "does not know the three: openbell register tells it")

    def _headers(self) -> dict[str, str]:
        try:
            kept = read_auth_string(self._data_dir)
        except OSError:
            kept = None
        string = os.environ.get("PREFECT_API_AUTH_STRING") or kept
        if not string:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(string.encode()).decode()}"}


def _of_account(form: str | None, account: str | None) -> str | None:
    """Return a form's address with the account filled in; left empty, another may be meant."""
    if form is None or account is None:
        return form
    filled_in = json.dumps({"account": account}, separators=(",", ":"))
    return f"{form}?{urlencode({'parameters': filled_in})}"


def _ask_for(api_url: str, path: str, headers: dict[str, str]) -> str | None:
    """Return the id of what is at a path, None where it is not there."""
    address = urlsplit(api_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", f"{address.path.rstrip('/')}/{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return str(json.loads(body)["id"]) if answer.status == OK else None
    except KeyError:
        return None
    finally:
        connection.close()
