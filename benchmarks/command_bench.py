"""The whole backtest command on bars on disk, in a process of its own, split into its steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
# Runs in a fresh interpreter: imports and peak memory are those of the command. What it imports
# late, because a small run can do without, is imported first here, so that it counts as import:
# a first run tells which modules these are. The calendar is asked in every run, also in the first.
# The kernel's own count of the peak is read: that of getrusage is not less than what the process
# had that started this one.
_CHILD = """
import contextlib, importlib, json, sys, time
began = time.perf_counter()
import pandas_market_calendars
from blocks.report.page import report_page
from tasks.backtest import run as steps
from tasks.backtest.request import BacktestRequest
from pathlib import Path
for name in json.loads(sys.argv[2]):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
imported = time.perf_counter()
early = set(sys.modules)
marks = []
out = Path(sys.argv[3]) if sys.argv[3] else None
request = BacktestRequest(
    bars=Path(sys.argv[1]), capital=1_000_000.0, out=out, read_again=sys.argv[4] == "read again"
)
report = steps.backtest(request, lambda step, done, total: marks.append((step, time.perf_counter())))
end = time.perf_counter()
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
starts = {}
for step, moment in marks:
    starts.setdefault(step, moment)
names = list(starts)
spans = {}
for name, following in zip(names, names[1:] + [None]):
    spans[name] = (starts[following] if following else end) - starts[name]
page = report_page(report.run())
drawn = time.perf_counter() - end
print(json.dumps({
    "import": imported - began,
    **spans,
    "all but imports": end - imported,
    "of that report.html, alone": drawn,
    "trades": report.summary.trades,
    "peak memory, MB": peak,
    "imported late": sorted(set(sys.modules) - early),
}))
"""
_POLARS = """
import json, sys, time
import polars
began = time.perf_counter()
frame = polars.read_parquet(sys.argv[1])
print(json.dumps({"read": time.perf_counter() - began, "rows": frame.height}))
"""
REPEATS = 3


def measure_command(path: Path) -> dict[str, Any]:
    """Return the command's seconds by step, beside a plain read: the first run, and the best of
    REPEATS that read the file again and of as many that take the bars kept by the first.
    """
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder:

        def run(late: str, out: str, how: str) -> dict[str, Any]:
            # A cache of its own: the first run finds neither machine code nor bars there.
            return _child(_CHILD, str(path), late, out, how, cache=f"{folder}/cache")

        out = f"{folder}/out"
        first = run("[]", out, "")
        late = json.dumps(first["imported late"])
        reads: list[float] = []
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        # By turns: the speed of many machines changes from one minute to the next.
        for _ in range(REPEATS):
            reads.append(_child(_POLARS, str(path))["read"])
            for how in ("read again", "kept"):
                for where in (out, ""):
                    found.setdefault((how, where), []).append(run(late, where, how))
    best = {
        kind: min(runs, key=lambda run: float(run["all but imports"]))
        for kind, runs in found.items()
    }
    read = min(reads)
    return {
        "first": _rounded(first),
        "read again": _rounded(best["read again", out]),
        "kept": _rounded(best["kept", out]),
        "plain polars read, s": round(read, 3),
        "command less imports / read": {
            f"{how}{' --out' if where else ''}": round(run["all but imports"] / read, 2)
            for (how, where), run in best.items()
        },
    }


def _child(code: str, *arguments: str, cache: str | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        env={**os.environ, "XDG_CACHE_HOME": cache} if cache else None,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _rounded(run: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) for name, value in run.items() if name != "imported late"}


def drop_page_cache() -> bool:
    """Forget cached files, so that the next read is cold; False where that is not allowed."""
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1\n")
    except OSError:
        return False
    # The kernel answers at once and frees a little later.
    time.sleep(1)
    return True
