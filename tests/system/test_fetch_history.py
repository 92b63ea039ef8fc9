"""fetch-history against a real server: what it fetches, and how it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.process.flows.test_fetch_command import BARS, PAST, SYMBOLS, World, world
from tests.repository import REPOSITORY
from tests.servers import yahoo_server as yahoo
from tests.system.conftest import PrefectStack

__all__ = ["world"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
RUN = """
import asyncio, json, sys
from flows.fetch_history import fetch_history
state = asyncio.run(fetch_history(**json.loads(sys.argv[1]), return_state=True))
print(json.dumps([state.type.value, state.message]))
"""


def run(stack: PrefectStack, world: World, **given: Any) -> tuple[str, str]:
    """Run the flow in a process of its own, as the worker does, and return how it ended."""
    parameters = {
        "symbols": list(SYMBOLS),
        "start": str(PAST[0].date),
        "end": str(PAST[-1].date),
        "data_dir": str(world.data_dir),
        **given,
    }
    finished = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(parameters)],
        cwd=REPOSITORY,
        env=world.environment | stack.environment | {"NO_PROXY": "127.0.0.1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    kind, message = json.loads(finished.stdout.splitlines()[-1])
    return kind, message


def test_what_the_archive_lacks_is_fetched_once(prefect_stack: PrefectStack, world: World) -> None:
    kind, message = run(prefect_stack, world)
    assert kind == "COMPLETED"
    assert message.startswith(f"{2 * BARS} bars added, 0 revised")
    rows = world.archive().rows(SYMBOLS, PAST[0].open, PAST[-1].close)
    assert len(rows) == 2 * BARS
    asked = len(world.yahoo.server.requests)
    assert run(prefect_stack, world)[1].startswith("0 bars added")
    assert len(world.yahoo.server.requests) == asked


def test_a_failure_is_the_line_of_the_terminal_and_what_came_is_kept(
    prefect_stack: PrefectStack, world: World
) -> None:
    world.yahoo.server.always("MSFT", yahoo.NOT_FOUND)
    kind, message = run(prefect_stack, world)
    assert kind == "FAILED"
    terminal = world.fetch()
    line = message.removeprefix("Bad input: ")
    assert terminal.stderr == f"error: {line}\n"
    assert line.startswith("MSFT: yahoo knows no symbol MSFT.")
    assert len(world.archive().rows(("AAPL",), PAST[0].open, PAST[-1].close)) == BARS


def test_a_failure_that_may_pass_is_tried_again(prefect_stack: PrefectStack, world: World) -> None:
    world.yahoo.server.always("MSFT", yahoo.BAD_GATEWAY)
    assert world.fetch().returncode == 1
    tries = len(world.yahoo.server.asked("MSFT"))
    world.yahoo.server.always("MSFT", None)
    # As many failures as end the command; the next try of the step finds all well.
    world.yahoo.server.script("MSFT", *[yahoo.BAD_GATEWAY] * tries)
    kind, message = run(prefect_stack, world)
    assert kind == "COMPLETED", message
    assert len(world.yahoo.server.asked("MSFT")) > 2 * tries
    assert len(world.archive().rows(SYMBOLS, PAST[0].open, PAST[-1].close)) == 2 * BARS
