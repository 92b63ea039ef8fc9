"""A Prefect server as a scene asks it: over its API, with the string that its page asks for."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PATIENCE_S = 300.0
CLIENT = "screens"
BUSY = 503
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class PrefectPages:
    """A server: the address of its pages, and the string that they ask for."""

    address: str
    auth: str

    def asked(self, path: str, body: object = None) -> Any:
        """Return the answer of the API, of a post where there is a body."""
        word = base64.b64encode(self.auth.encode()).decode()
        headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
        if body is not None:
            headers |= {"Prefect-Csrf-Token": self._token(headers), "Prefect-Csrf-Client": CLIENT}
        return self._answer(path, None if body is None else json.dumps(body).encode(), headers)

    def all_of(self, kind: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what there is of a kind, the newest two hundred, in the order of their making."""
        found: list[dict[str, Any]] = self.asked(f"/{kind}/filter", {**wanted, "limit": 200})
        return sorted(found, key=lambda each: str(each["created"]))

    def start(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Start a deployment with parameters; return the run."""
        number = self.asked(f"/deployments/name/{deployment}")["id"]
        run = self.asked(f"/deployments/{number}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def states_of(self, run: str) -> Iterator[str]:
        """Yield the states of a run until it has completed."""
        deadline = time.monotonic() + PATIENCE_S
        state = ""
        while state not in FINAL:
            assert time.monotonic() < deadline, "the run does not end"
            state = str(self.asked(f"/flow_runs/{run}")["state"]["type"])
            yield state
            time.sleep(0.3)
        assert state == "COMPLETED", state

    def _token(self, headers: dict[str, str]) -> str:
        return str(self._answer(f"/csrf-token?client={CLIENT}", None, headers)["token"])

    def _answer(self, path: str, data: bytes | None, headers: dict[str, str]) -> Any:
        request = Request(f"{self.address}/api{path}", data, headers)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except HTTPError as error:
                # Its database waits for itself where the machine is busy.
                if error.code != BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(1)
