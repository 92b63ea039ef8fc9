"""Garbage of the server's loop is collected in another thread."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from deployments.server.prefect_server import AUTH_STRING, main

# Objects that hold each other, as cursors of a query do, and say which thread let go of them.
CODE = """
import gc, json, threading
from deployments.server.prefect_server import collect_beside

class Cursor:
    def __init__(self):
        self.me = self
    def __del__(self):
        collected_by.append(threading.current_thread().name)
        if len(collected_by) == 3000:
            all_collected.set()

collected_by, all_collected = [], threading.Event()
collect_beside(0.01)
for _ in range(3000):
    Cursor()
in_time = all_collected.wait(60)
print(json.dumps({"in_time": in_time, "by": sorted(set(collected_by)), "is_on": gc.isenabled()}))
"""


def test_what_the_loop_leaves_is_collected_by_a_thread_that_may_wait() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, check=True
    )

    assert json.loads(done.stdout) == {"in_time": True, "by": ["garbage"], "is_on": False}


def test_without_a_string_to_ask_for_no_server_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(AUTH_STRING, "")

    assert main(["--port", "1"]) == 2
    assert "everybody may run anything" in capsys.readouterr().err


# What the step leaves behind shows in this process only where it was done in it.
STEPS = """
import json, os
from deployments.server.prefect_server import _is_done_by_a_child

left, me = [], os.getpid()

def step():
    left.append("45 MB")

def broken():
    raise OSError("no room")

print(json.dumps([_is_done_by_a_child(step), _is_done_by_a_child(broken), left, me == os.getpid()]))
"""


def test_a_database_is_made_where_its_memory_is_given_back_and_what_failed_is_known() -> None:
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [True, False, [], True]
