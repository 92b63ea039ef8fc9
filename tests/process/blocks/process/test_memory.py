"""What lives for months gives back what its start alone needed, and works on as before."""

from __future__ import annotations

import json
import subprocess
import sys

# A database's machinery is run once, its code given back, and run again.
CODE = """
import json
import duckdb
from blocks.process.memory import give_back_memory

def code_mb():
    total, is_code = 0, False
    for line in open("/proc/self/smaps"):
        words = line.split()
        if not words[0].endswith(":"):
            is_code = words[1] == "r-xp" and "_duckdb" in line
        elif is_code and words[0] == "Rss:":
            total += int(words[1])
    return total / 1024

def answer():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS n, 'x' || range AS word"
                           " FROM range(5000)")
        return connection.execute("SELECT sum(n), max(word) FROM t WHERE n % 7 = 0").fetchone()

first = answer()
before = code_mb()
for _ in range(3):
    give_back_memory()
after = code_mb()
print(json.dumps({"same": answer() == first, "before": before, "after": after}))
"""


def test_code_that_only_the_start_ran_is_given_back_and_runs_again_when_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["same"]
    assert 0 <= found["after"] < found["before"] / 4
