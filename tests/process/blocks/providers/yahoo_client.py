"""The product's Yahoo client in a process of its own: calls on stdin, outcomes on stdout."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import datetime
from typing import Any

from blocks.process.clocks import ReplayClock
from blocks.providers.yahoo.market import YahooMarket
from tests.process.blocks.providers.outcomes import outcome_of
from trading.errors import OpenbellError
from trading.market.calendar import next_session


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    order: dict[str, Any] = json.load(sys.stdin)
    calls = order["calls"]
    clock = ReplayClock(datetime.fromisoformat(calls[0]["now"]))
    waits: list[float] = []
    options = {"wait": waits.append, "jitter": lambda: 0.5, **order.get("options", {})}
    market = YahooMarket("NYSE", order["interval"], clock, **options)
    outcomes = []
    for call in calls:
        clock._now = datetime.fromisoformat(call["now"])
        start, end = datetime.fromisoformat(call["start"]), datetime.fromisoformat(call["end"])
        began = time.monotonic()
        try:
            if call.get("history"):
                rows = market.history(order["symbols"], next_session("NYSE", start))
                outcome: dict[str, Any] = {"rows": 0 if rows is None else len(rows)}
            else:
                outcome = outcome_of(market.fetch(order["symbols"], start, end))
        except OpenbellError as error:
            outcome = {"error": [type(error).__name__, str(error)]}
        outcomes.append(outcome | {"seconds": time.monotonic() - began, "waits": list(waits)})
        waits.clear()
    market.close()
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
