"""raptorbt's kernel on the same bars: many sets of one symbol after the other, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.peer import measure_peer

# Longs alone, signals made beforehand as masks, stops and targets as percent of the entry: a batch
# is of one symbol, so that no two positions share cash, a limit or a day's loss. That is less work
# than Openbell does, and the making of the masks is left out of its time.
_CHILD = """
import json, sys, time
import numpy as np, raptorbt
data = np.load(sys.argv[1])
o, h, l, c, bars = data["o"], data["h"], data["l"], data["c"], int(data["bars_a_session"])
n = c.shape[0] // bars * bars
shape = (n // bars, bars, c.shape[1])
O, H, L, C = (a[:n].reshape(shape) for a in (o, h, l, c))
inside = np.zeros(shape, bool); inside[:, 1:65] = True
leave = np.zeros(shape, bool); leave[:, -2] = True
stamps = np.arange(n, dtype=np.int64) * 300 * 10**9
configs = []
for stop in (0.005, 0.01, 0.015, 0.02, 0.03):
    for reward in (1.0, 1.5, 2.0, 3.0):
        config = raptorbt.BacktestConfig(initial_capital=100000.0, fees=0.0, slippage=0.0005)
        config.set_fixed_stop(stop); config.set_risk_reward_target(reward)
        configs.append(config)
seconds, trades, columns = 0.0, 0, 0
for s in range(c.shape[1]):
    series = [np.ascontiguousarray(a[:n, s]) for a in (o, h, l, c)]
    if np.isnan(series[3]).any():
        for a in series:
            known = np.maximum.accumulate(np.where(np.isnan(a), 0, np.arange(n)))
            a[:] = a[known]; a[np.isnan(a)] = 100.0
    body = np.abs(C[:, :, s] - O[:, :, s]) / np.where(H[:, :, s] > L[:, :, s], H[:, :, s] - L[:, :, s], np.inf)
    long = inside[:, :, s] & (C[:, :, s] > H[:, :1, s]) & (body >= 0.5)
    long &= np.cumsum(long, axis=1) == 1
    entries, exits = long.reshape(-1), np.ascontiguousarray(leave[:, :, s]).reshape(-1)
    volume = np.full(n, 1e5)
    began = time.perf_counter()
    items = [raptorbt.BatchSingleItem(str(k), entries, exits, config=x) for k, x in enumerate(configs)]
    found = raptorbt.batch_single_backtest(stamps, *series, volume, items)
    seconds += time.perf_counter() - began
    trades += sum(len(result.trades()) for _, result in found)
    columns += 1
print(json.dumps({"raptorbt": raptorbt.__version__, "sets": len(configs), "bars": n * columns,
    "trades a set": trades // len(configs), "s": round(seconds, 3),
    "million set-bars a second": round(n * columns * len(configs) / seconds / 1e6, 1)}))
"""


def measure_raptorbt(arrays: Path, cache: Path) -> dict[str, Any]:
    """Return raptorbt's figures, or why there are none."""
    return measure_peer("raptorbt", _CHILD, arrays, cache)
