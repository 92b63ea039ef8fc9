"""vectorbt on the same bars and rules as near as it can, in an environment of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.peer import measure_peer

# The opening range as masks, entries at the next open, stops as percent of the entry: vectorbt
# has no positions limit across columns that share cash by order, no stop at a price, no
# participation and no day-loss latch, so this is less work than Openbell does.
_CHILD = """
import json, sys, time
import numpy as np, pandas as pd, vectorbt as vbt
data = np.load(sys.argv[1])
o, h, l, c, bars = data["o"], data["h"], data["l"], data["c"], int(data["bars_a_session"])
def run():
    began = time.perf_counter()
    n = o.shape[0] // bars * bars
    shape = (n // bars, bars, o.shape[1])
    O, H, L, C = (a[:n].reshape(shape) for a in (o, h, l, c))
    high, low = H[:, :1], L[:, :1]
    body = np.abs(C - O) / np.where(H > L, H - L, np.inf)
    inside = np.zeros(shape, bool); inside[:, 1:65] = True
    long = inside & (C > high) & (body >= 0.5); short = inside & (C < low) & (body >= 0.5)
    first = lambda m: m & (np.cumsum(m, axis=1) == 1)
    long, short = first(long), first(short)
    leave = np.zeros(shape, bool); leave[:, -2] = True
    flat = lambda a: pd.DataFrame(a.reshape(n, -1))
    stop = np.abs(C - np.where(long, low, high)) / C
    pf = vbt.Portfolio.from_signals(
        flat(C), entries=flat(long), exits=flat(leave), short_entries=flat(short),
        short_exits=flat(leave), sl_stop=flat(stop), tp_stop=flat(2 * stop), open=flat(O),
        high=flat(H), low=flat(L), slippage=0.0005, size=100.0, freq="5min",
    )
    trades = int(pf.trades.count().sum())
    return time.perf_counter() - began, trades
first_s, trades = run()
best = min(run()[0] for _ in range(2))
print(json.dumps({"vectorbt": vbt.__version__, "bars": int(c.size), "trades": trades,
    "first run, s": round(first_s, 2), "best, s": round(best, 3),
    "million bars a second": round(c.size / best / 1e6, 2)}))
"""


def measure_vectorbt(arrays: Path, cache: Path) -> dict[str, Any]:
    """Return vectorbt's figures, or why there are none."""
    return measure_peer("vectorbt", _CHILD, arrays, cache)
