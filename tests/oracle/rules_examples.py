"""The examples beside the rules' page, each a case with what must come out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.oracle.random_markets import Case
from tests.oracle.reference.bars import calendar_sessions
from tests.shared_data import SHARED
from trading.market.calendar import from_microseconds

FILE = SHARED / "data" / "rules_examples.json"
# What of a trade is compared to a part in a billion; the rest is equal.
COMPUTED = ("pnl", "r_multiple")


@dataclass(frozen=True)
class Example:
    """A small market for one sentence of the page, and what the page makes of it."""

    case: Case
    expected: dict[str, Any]

    @property
    def is_refused(self) -> bool:
        """Return whether the rules refuse it before anything runs."""
        return bool(self.expected.get("refused"))

    def complaints(self, said: Said) -> list[str]:
        """Return where a run departs from what must come out."""
        wrong = []
        if "trades" in self.expected and len(said.trades) != len(self.expected["trades"]):
            wrong.append(f"trades: {said.trades}, expected {self.expected['trades']}")
        for trade, wanted in zip(said.trades, self.expected.get("trades", ()), strict=False):
            for name, value in wanted.items():
                value = microseconds(value) if name.endswith("_time") else value
                if not _same(trade[name], value, is_computed=name in COMPUTED):
                    wrong.append(f"trade {trade}: {name} should be {value}")
        for ts, symbol, reason in self.expected.get("decisions", ()):
            found = said.decisions.get((microseconds(ts), symbol))
            if found != reason:
                wrong.append(f"decision {ts} {symbol}: {found} should be {reason}")
        numbers = [
            *self.expected.get("numbers", ()),
            *(
                (ts, symbol, "score", score)
                for ts, symbol, score in self.expected.get("scores", ())
            ),
        ]
        for ts, symbol, name, value in numbers:
            found = said.numbers.get((microseconds(ts), symbol), {}).get(name)
            if not _same(found, value, is_computed=True):
                wrong.append(f"{name} {ts} {symbol}: {found} should be {value}")
        if "gate" in self.expected and said.gate != self.expected["gate"]:
            wrong.append(f"gate: {said.gate} should be {self.expected['gate']}")
        return wrong


@dataclass(frozen=True)
class Said:
    """What an engine makes of a case, in the examples' words; keys are (START, symbol)."""

    trades: list[dict[str, Any]]
    decisions: dict[tuple[int, str], str]
    numbers: dict[tuple[int, str], dict[str, float]]
    gate: dict[str, int]


def rules_examples() -> dict[str, Example]:
    """Return the examples by name; none where the file is absent."""
    if not FILE.exists():
        return {}
    found = json.loads(FILE.read_text())
    return {each["name"]: Example(_case_of(each), each["expect"]) for each in found}


def microseconds(text: str) -> int:
    """Return an ISO time in microseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def _case_of(example: dict[str, Any]) -> Case:
    """Return an example as a case; sessions before its start warm up."""
    rows = tuple(
        (symbol, microseconds(ts), *(float(number) for number in numbers))
        for symbol, ts, *numbers in example["bars"]
    )
    first, start = min(row[1] for row in rows), date.fromisoformat(example["start"])
    begin = min(from_microseconds(first).date(), start)
    sessions = calendar_sessions(example["exchange"], begin, date.fromisoformat(example["end"]))
    settings = dict(example["params"])
    return Case(
        0,
        example["exchange"],
        sessions,
        settings.pop("interval"),
        tuple(example["symbols"]),
        float(settings.pop("capital")),
        sum(name < example["start"] for name, _, _ in sessions),
        settings,
        rows,  # type: ignore[arg-type]
        tuple(tuple(day) for day in example["daily"]) if "daily" in example else None,
    )


def _same(found: Any, wanted: Any, *, is_computed: bool) -> bool:
    if is_computed and isinstance(found, float) and isinstance(wanted, int | float):
        return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted))
    return bool(found == wanted)
