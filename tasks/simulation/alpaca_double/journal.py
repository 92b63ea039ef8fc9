"""What a double must not forget: its beginning and each request that changed it, line by line.

The model gives the same answers to the same calls, so these lines are its whole state.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from tasks.simulation.alpaca_model.answers import Json
from trading.errors import BadInput


class KeptRequest(NamedTuple):
    """A request that changed the model, and when by the double's clock."""

    at: datetime
    method: str
    path: str
    body: Json


class Journal:
    """Appends to a file, which another double can go on from; without a path nothing is kept.

    `terms` says of what run the file is: bars, symbols, date and speed.
    """

    def __init__(self, path: Path | None, terms: str) -> None:
        self._path = path
        self._terms = terms
        self.began: datetime | None = None
        self.requests: list[KeptRequest] = []
        if path is not None and path.exists():
            self._read(path)

    def begin(self, began: datetime) -> None:
        """Keep when the clock began."""
        self.began = began
        self._append({"terms": self._terms, "began": began.isoformat()})

    def keep(self, request: KeptRequest) -> None:
        """Keep a request, before anything is done about it."""
        self._append({**request._asdict(), "at": request.at.isoformat()})

    def _append(self, line: dict[str, object]) -> None:
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(orjson.dumps(line) + b"\n")

    def _read(self, path: Path) -> None:
        # The last line may be cut off where the double was killed: its request was not answered.
        lines = [line for line in path.read_bytes().split(b"\n")[:-1] if line]
        if not lines:
            return
        try:
            first, *rest = (orjson.loads(line) for line in lines)
            self.began = datetime.fromisoformat(first["began"])
            is_other = first["terms"] != self._terms
            self.requests = [
                KeptRequest(
                    datetime.fromisoformat(line["at"]), line["method"], line["path"], line["body"]
                )
                for line in rest
            ]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{path} is no state of a double", "Name another --state") from error
        if is_other:
            raise BadInput(
                f"{path} is of a double with other bars, symbols, date, speed or settings",
                "Name another --state, or the same arguments as then",
            )
