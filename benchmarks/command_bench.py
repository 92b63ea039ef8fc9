"""The whole backtest command on bars on disk, in a process of its own, split into its steps."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
# Runs in a fresh interpreter: imports and peak memory are those of the command. What it imports
# late, because a small run can do without, is imported first here, so that it counts as import:
# a first run tells which modules these are. The kernel's own count of the peak is read: that of
# getrusage is not less than what the process had that started this one.
_CHILD = """
import contextlib, importlib, json, sys, time
began = time.perf_counter()
from tasks import backtest_steps as steps
from tasks.backtest_request import BacktestRequest
from pathlib import Path
for name in json.loads(sys.argv[2]):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
imported = time.perf_counter()
early = set(sys.modules)
marks = []
out = Path(sys.argv[3]) if len(sys.argv) > 3 else None
request = BacktestRequest(bars=Path(sys.argv[1]), capital=1_000_000.0, out=out)
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
page = steps.report_page(report.run())
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
    """Return the command's seconds by step, first and best of three, beside a plain read."""
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder:
        out = f"{folder}/out"
        first = _child(_CHILD, str(path), "[]", out)
        late = json.dumps(first.pop("imported late"))
        runs = [first, *(_child(_CHILD, str(path), late, out) for _ in range(REPEATS))]
    reads = [_child(_POLARS, str(path))["read"] for _ in range(REPEATS)]
    best = min(runs[1:], key=lambda run: run["all but imports"])
    best.pop("imported late")
    shown = min(_child(_CHILD, str(path), late)["all but imports"] for _ in range(REPEATS))
    return {
        "first": _rounded(runs[0]),
        "best": _rounded(best),
        "plain polars read, s": round(min(reads), 3),
        "command less imports / read": round(best["all but imports"] / min(reads), 2),
        "without --out / read": round(shown / min(reads), 2),
    }


def _child(code: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _rounded(run: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) for name, value in run.items()}


def drop_page_cache() -> bool:
    """Forget cached files, so that the next read is cold; False where that is not allowed."""
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1\n")
    except OSError:
        return False
    # The kernel answers at once and frees a little later.
    time.sleep(1)
    return True
