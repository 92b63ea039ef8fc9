"""Nothing that a simulated session runs reads a wall clock or draws by itself.

Otherwise a seed would break something today and nothing tomorrow. Who needs the machine's time all
the same stands below, with the reason why no story depends on it.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.repository import REPOSITORY

OURS = ("flows", "tasks", "blocks", "trading")
CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
CHANCE = {"uuid": {"uuid1", "uuid4"}, "os": {"urandom"}}
WITH_A_SEED = {"random.Random", "np.random.default_rng", "np.random.Generator"}

REASONS = {
    "it is the clock itself, of which a simulated session has another": (
        "blocks.process.clocks",
        "blocks.process.stop_request",
        "blocks.process.shutdown",
    ),
    "who waits for a lock or a file waits by the machine's time, and a simulated one is free": (
        "blocks.ledger.lease",
        "blocks.stores.connection",
        "blocks.stores.duckdb_file",
        "blocks.stores.reading",
    ),
    "an identity of a folder or a store, which no order is made of": (
        "blocks.exchange.mock_exchange",
        "blocks.ledger.place",
    ),
    "copies, messages and telemetry lie outside": (
        "blocks.copies.proof",
        "blocks.copies.snapshot",
        "blocks.copies.store",
        "blocks.messages.discord.rate_limit",
        "blocks.messages.drain_thread",
        "blocks.messages.outbox",
        "blocks.storage.local",
        "blocks.telemetry.log_lines",
        "blocks.telemetry.metrics",
        "blocks.telemetry.telemetry",
        "blocks.telemetry.trades",
        "tasks.session.telemetry",
        "tasks.sync",
    ),
    "a default or a branch in whose place a simulated session has its own": (
        "blocks.exchange.alpaca.exchange",
        "flows.session.account.account",
        "flows.session.account.parts",
        "flows.session.account.replayed_time",
        "flows.session.request",
        "tasks.session.bar_notes",
        "tasks.session.broker_watch",
        "tasks.session.long_question",
    ),
    "seconds that are only said or measured": (
        "flows.session.passing_fault",
        "flows.session.take_bar",
        "tasks.fetch",
    ),
    "a user's strategy that hangs is ended, by the machine's time": (
        "blocks.strategy_source.time_limit",
    ),
}


def imported() -> list[str]:
    """Return the modules of ours that a session of each style has imported at its end."""
    code = (
        "import sys\n"
        "from flows.simulation.world import simulate\n"
        "[simulate(seed) for seed in (0, 1)]\n"
        f"print(*sorted(m for m in sys.modules if m.split('.')[0] in {OURS}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def uses(source: str) -> Iterator[str]:
    """Yield where a source reads a wall clock or draws without a seed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            found = names & (CLOCKS["time"] if node.module == "time" else set())
            found |= names & CHANCE.get(node.module or "", set())
            found |= names - {"Random"} if node.module in ("random", "secrets") else set()
            yield from (f"line {node.lineno}: {node.module}.{name}" for name in sorted(found))
        if not isinstance(node, ast.Attribute):
            continue
        text = ast.unparse(node)
        owner = text.rpartition(".")[0].rpartition(".")[2]
        is_clock = node.attr in CLOCKS.get(owner, set())
        is_chance = node.attr in CHANCE.get(owner, set()) or text.startswith(
            ("secrets.", "random.", "np.random.")
        )
        if is_clock or (is_chance and text not in WITH_A_SEED):
            yield f"line {node.lineno}: {text}"


def test_no_module_reads_a_wall_clock_or_draws_without_a_seed() -> None:
    excused = {module for modules in REASONS.values() for module in modules}
    found: dict[str, list[str]] = {}
    modules = imported()
    assert "blocks.exchange.alpaca.exchange" in modules and "flows.session.run_session" in modules
    for module in modules:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            continue
        where = list(uses(Path(spec.origin).read_text()))
        if where:
            found[module] = where
    new = {module: where for module, where in found.items() if module not in excused}
    assert new == {}, "give it a clock or a seed, or say here why no story depends on it"
    assert excused - found.keys() == set(), "these need no excuse any more"


def test_what_is_looked_for_is_found() -> None:
    sources = (
        "import time\nx = time.monotonic()",
        "from time import monotonic",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.datetime.utcnow()",
        "import random\nx = random.random()",
        "from random import choice",
        "import uuid\nx = uuid.uuid4()",
        "from uuid import uuid4",
        "import os\nx = os.urandom(8)",
        "import secrets\nx = secrets.token_hex()",
        "import numpy as np\nx = np.random.normal()",
    )
    for source in sources:
        assert list(uses(source)), source
    assert list(uses("import random\nx = random.Random(3)\ny = clock.now()")) == []
