"""The rate limit that Prefect keeps for all processes, and what happens without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import REPOSITORY
from tests.system.conftest import PrefectStack

pytestmark = pytest.mark.system

CREATE = """
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
with get_client(sync_client=True) as client:
    client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(
        name="openbell-tested", limit=2, active=True, slot_decay_per_second=4.0))
"""
TAKE = """
import json, sys, time
from pathlib import Path
from blocks.providers.errors import RateLimited
from blocks.providers.rate_limit import bucket_for
bucket = bucket_for(sys.argv[1], 1000.0, 1000, Path(sys.argv[2]))
stamps = []
while len(stamps) < 6:
    try:
        bucket.acquire()
    except RateLimited:
        # A server on a busy machine was slower than the bucket waits; nothing was taken.
        continue
    stamps.append(time.monotonic())
print(json.dumps({"from": bucket.acquired_from, "trouble": bucket.trouble, "stamps": stamps}))
"""


def start(stack: PrefectStack, code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | stack.environment
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, env=environment,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_share_prefects_limit_and_one_unknown_to_it_is_counted_here(
    prefect_stack: PrefectStack, tmp_path: Path
) -> None:
    assert start(prefect_stack, CREATE).wait(60) == 0
    takers = [start(prefect_stack, TAKE, "tested", str(tmp_path)) for _ in range(2)]
    unknown = start(prefect_stack, TAKE, "nobody", str(tmp_path))
    answers = [json.loads(taker.communicate(timeout=300)[0]) for taker in takers]
    assert [answer["from"] for answer in answers] == ["prefect"] * 2
    stamps = sorted(stamp for answer in answers for stamp in answer["stamps"])
    # Twelve tokens, two at hand and four a second: not before two and a half seconds.
    assert stamps[-1] - stamps[0] >= 2.0
    answer = json.loads(unknown.communicate(timeout=300)[0])
    assert answer["from"] == "local"
    assert "counted locally" in answer["trouble"]
