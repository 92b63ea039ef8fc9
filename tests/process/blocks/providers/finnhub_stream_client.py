"""The product's Finnhub stream in a process of its own: one command a line, one answer a line."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from blocks.process.clocks import ReplayClock
from blocks.providers.finnhub.stream import FinnhubStream
from tests.process.blocks.providers.outcomes import outcome_of
from tests.process.blocks.providers.pauses import LIMIT_SECONDS, Pauses


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    clock = ReplayClock(datetime.fromisoformat(order["now"]))
    key = SecretStr(os.environ["FINNHUB_API_KEY"])
    pauses = Pauses()
    stream = FinnhubStream(
        key, order["symbols"], "NYSE", 5, clock, silence_s=60, wait=pauses, jitter=lambda: 0.5
    )
    print(stream, vars(stream), file=sys.stderr)
    stream.start()
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if "now" in command:
            clock._now = datetime.fromisoformat(command["now"])
        if command.get("end_pause"):
            pauses.end_one()
        for name in ("trades", "connections"):
            if name in command:
                _wait(stream, name, command[name])
        if "connected" in command:
            _wait(stream, "is_connected", command["connected"])
        if "pauses" in command:
            pauses.wait_for(command["pauses"])
        if "fetch" in command:
            start, end = (datetime.fromisoformat(text) for text in command["fetch"])
            answer = outcome_of(stream.fetch(order["symbols"], start, end))
        if "stale" in command:
            answer["stale"] = sorted(stream.stale(command["stale"]))
        answer |= {
            "taken": pauses.taken,
            "connections": stream.connections,
            "trouble": str(stream.trouble),
            "late": dict(stream._bars.late) if stream._bars else {},
        }
        print(json.dumps(answer), flush=True)
    pauses.end_all()
    stream.close()


def _wait(stream: FinnhubStream, name: str, value: int) -> None:
    def is_there() -> bool:
        found = getattr(stream, name)
        return bool(found is value if isinstance(value, bool) else found >= value)

    with stream.changed:
        assert stream.changed.wait_for(is_there, LIMIT_SECONDS), f"{name} never was {value}"


if __name__ == "__main__":
    main()
