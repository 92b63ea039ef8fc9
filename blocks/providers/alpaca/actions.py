"""Splits and new names of symbols, from Alpaca's corporate actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from blocks.providers.alpaca.client import AlpacaClient, Answer
from blocks.providers.alpaca.failures import another_shape
from blocks.providers.fetched_bars import Split
from trading.errors import OpenbellError
from trading.market.calendar import sessions_between, to_microseconds

TYPES = "forward_split,reverse_split,name_change,worthless_removal"
MOST = 1000


@dataclass(slots=True)
class Actions:
    """What happened to symbols; `fates` says by symbol why it has no bars any more."""

    splits: list[Split] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)
    trouble: OpenbellError | None = None

    def splits_of(self, symbols: Mapping[str, str]) -> tuple[Split, ...]:
        """Return the splits under our names; `symbols` says them by Alpaca's."""
        return tuple(
            replace(split, symbol=symbols[split.symbol])
            for split in self.splits
            if split.symbol in symbols
        )


class CorporateActions:
    """Asks once for the actions of the same symbols, from the first day asked for to today."""

    def __init__(self, client: AlpacaClient, exchange: str) -> None:
        self._client = client
        self._exchange = exchange
        self._known: dict[tuple[str, ...], tuple[date, date, Actions]] = {}

    def of(self, symbols: Sequence[str], first: date, today: date) -> Actions:
        """Return the actions of symbols, by Alpaca's names; a failure to ask is in `trouble`."""
        key = tuple(symbols)
        known = self._known.get(key)
        if known is not None and known[0] <= first and known[1] == today:
            return known[2]
        actions = Actions()
        try:
            self._ask(symbols, first, today, actions)
        except OpenbellError as error:
            actions.trouble = error
        self._known[key] = (first, today, actions)
        return actions

    def _ask(self, symbols: Sequence[str], first: date, today: date, actions: Actions) -> None:
        question = {
            "symbols": ",".join(symbols), "types": TYPES, "start": str(first), "end": str(today),
            "limit": MOST, "sort": "asc",
        }  # fmt: skip
        token: str | None = None
        seen: set[str] = set()
        while True:
            answer = self._client.actions(question, token)
            try:
                self._take(answer, actions)
                token = answer["next_page_token"]
            except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
                raise another_shape("corporate actions") from error
            if token is None or token in seen:
                return
            seen.add(token)

    def _take(self, answer: Answer, actions: Actions) -> None:
        found: dict[str, list[dict[str, Any]]] = answer["corporate_actions"] or {}
        for kind in ("forward_splits", "reverse_splits"):
            for item in found.get(kind) or ():
                day = date.fromisoformat(item["ex_date"])
                actions.splits.append(
                    Split(
                        str(item["symbol"]),
                        self._open_us(day),
                        float(item["new_rate"]) / float(item["old_rate"]),
                    )
                )
        for item in found.get("name_changes") or ():
            fate = f"it was renamed {item['new_symbol']} on {item['process_date']}"
            actions.fates[str(item["old_symbol"])] = fate
        for item in found.get("worthless_removals") or ():
            actions.fates[str(item["symbol"])] = f"it was removed on {item['process_date']}"

    def _open_us(self, day: date) -> int:
        """Return the open of the first session from a day on, microseconds since 1970 UTC."""
        sessions = sessions_between(self._exchange, day, day + timedelta(days=10))
        return to_microseconds(sessions[0].open)
