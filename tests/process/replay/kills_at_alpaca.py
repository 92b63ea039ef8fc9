"""Kills a session again and again while it trades at a double of Alpaca; a process of its own.

The double is another process that nothing disturbs, and its day goes on while the session is
dead. Usage: python -m tests.process.replay.kills_at_alpaca JOB.json
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import blocks.exchange.alpaca.line.client  # noqa: F401  (imported before the forks)
from blocks.exchange.alpaca.line.requester import Requester
from blocks.process.failpoints import on_reach, reach
from blocks.settings.broker import BrokerSettings
from blocks.settings.data import DataSettings
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest, replayed_sessions
from flows.session.run_account import run_account
from tasks.session.runtime import RUNTIMES
from tests.process.replay.kill_worker import in_child, situation
from trading.session.orders import Leg

Job = dict[str, Any]
ANYWHERE = "anywhere"
# Edges that come many times a second: a session gets to live for a while between two such kills.
USUAL = frozenset({"apply", "observe", "commit", "project", "GET"})
REST_SECONDS = 4.0


def request_of(job: Job) -> SessionRequest:
    broker = BrokerSettings(
        broker_type="alpaca",
        alpaca_base_url=job["base_url"],
        alpaca_stream_url=job["stream_url"],
    )
    data = DataSettings(alpaca_api_key=job["key"], alpaca_secret_key=job["secret"])
    return SessionRequest(
        PlainParts(Path(job["data_dir"]), Path(job["bars"]), data=data, broker=broker),
        replay=job["replay"],
        speed=job["speed"],
        symbols=tuple(job["symbols"]),
        interval_minutes=job["interval_minutes"],
        settings=job["settings"],
    )


def reach_around_requests() -> None:
    """Make edges of what is sent to the broker and what it answers, by the words of HTTP."""
    send = Requester.send

    def reaching(requester: Requester, urgency: Any, method: str, *more: Any) -> Any:
        reach(f"before {method}")
        reply = send(requester, urgency, method, *more)
        reach(f"after {method}")
        return reply

    Requester.send = reaching  # type: ignore[method-assign, assignment]


def strike_at(wanted: list[list[str]], strikes: Path) -> None:
    """Die as by kill -9 when an edge is reached in a situation that is wanted.

    What died where is a line of `strikes`.
    """
    # Orders are sent from several threads: of two that come here one ends the process.
    striking = threading.Lock()
    began = time.monotonic()

    def strike(edge: str) -> None:
        if not any(edge == name for name, _ in wanted):
            return
        is_usual = edge.split()[-1] in USUAL
        if is_usual and strikes.exists() and time.monotonic() < began + REST_SECONDS:
            return
        here = [*situation(), *(["after a trade"] if has_traded() else [])]
        for name, where in wanted:
            if edge == name and where in (ANYWHERE, *here):
                striking.acquire()
                kill = [name, where]
                struck = {"kill": kill, "situation": here, "held": held_now(), "at": now()}
                with strikes.open("a") as file:
                    file.write(json.dumps(struck) + "\n")
                os.kill(os.getpid(), signal.SIGKILL)

    reach_around_requests()
    on_reach(strike)


def still_wanted(kills: list[list[str]], strikes: Path) -> list[list[str]]:
    """Return the kills that nothing has died of yet."""
    done = strikes.read_text().splitlines() if strikes.exists() else []
    struck = [json.loads(line)["kill"] for line in done]
    return [kill for kill in kills if kill not in struck]


def struck_run(job: Job, wanted: list[list[str]], strikes: Path) -> None:
    """Run a session that dies at the next kill that is wanted."""
    strike_at(wanted, strikes)
    asyncio.run(run_account(request_of(job)))


def has_traded() -> bool:
    """Return whether a session of this process has filled an exit."""
    return any(
        order.filled and order.leg != Leg.ENTRY
        for runtime in RUNTIMES.values()
        for order in runtime.state.orders.values()
    )


def now() -> str:
    """Return the session's time, empty between sessions."""
    return next((runtime.clock.now().isoformat() for runtime in RUNTIMES.values()), "")


def held_now() -> dict[str, int]:
    """Return the shares that a session of this process holds, by symbol."""
    return {
        symbol: int(runtime.state.book.quantity[s])
        for runtime in RUNTIMES.values()
        for s, symbol in enumerate(runtime.plan.symbols)
        if runtime.state.book.quantity[s]
    }


def main(path: str) -> int:
    job = json.loads(Path(path).read_text())
    # Asks for the calendar's answers once, for all runs.
    replayed_sessions(request_of(job))
    strikes = Path(job["data_dir"]) / "strikes.jsonl"
    wanted: list[list[str]] = job["kills"]
    for _ in range(len(wanted) + 1):
        status = in_child(partial(struck_run, job, wanted, strikes))
        if not os.WIFSIGNALED(status):
            print(json.dumps({"ended": os.waitstatus_to_exitcode(status), "missed": wanted}))
            return 0
        wanted = still_wanted(job["kills"], strikes)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
