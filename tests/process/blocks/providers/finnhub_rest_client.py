"""The product's Finnhub client in a process of its own: steps on stdin, outcomes on stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from blocks.process.clocks import ReplayClock
from blocks.providers.finnhub.rest import FinnhubMarket
from tests.process.blocks.providers.outcomes import outcome_of
from trading.errors import OpenbellError


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    order: dict[str, Any] = json.load(sys.stdin)
    clock = ReplayClock(datetime.fromisoformat(order["now"]))
    key = SecretStr(os.environ["FINNHUB_API_KEY"])
    market = FinnhubMarket(key, "NYSE", 5, clock, **order.get("options", {}))
    print(market, repr(market), vars(market)["_client"], file=sys.stderr)
    outcomes = []
    for step in order["steps"]:
        began = time.monotonic()
        try:
            outcome = _take(market, step, order)
        except OpenbellError as error:
            traceback.print_exc()
            outcome = {"error": [type(error).__name__, str(error)]}
        outcomes.append(outcome | {"seconds": time.monotonic() - began})
    json.dump(outcomes, sys.stdout)


def _take(market: FinnhubMarket, step: str, order: dict[str, Any]) -> dict[str, Any]:
    if step == "probe":
        abilities = market.probe()
        return {"candles": abilities.candles, "text": abilities.text}
    if step == "quote":
        quote = market.quote(order["symbols"][0])
        return {"price": quote.price, "at": quote.at.isoformat()}
    if step == "status":
        return {"open": market.is_open()}
    start, end = (datetime.fromisoformat(order[name]) for name in ("start", "end"))
    return outcome_of(market.fetch(order["symbols"], start, end))


if __name__ == "__main__":
    main()
