"""From a bar's close to the last byte of its last order, at a broker over HTTP.

A replayed session sends its orders to the double of Alpaca, a process of its own, which writes
down when each request was there whole. Usage: python -m benchmarks.orders_bench [--symbols N]
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
from pydantic import SecretStr

from blocks.ledger.ledger import DuckDBLedger
from blocks.settings.broker import BrokerSettings
from blocks.settings.data import DataSettings
from blocks.strategy_file import load_strategy
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.market.calendar import Session, sessions_between

# A short day: 42 bars of five minutes, of which a third enter and a third leave.
DAY = date(2025, 7, 3)
INTERVAL_MINUTES = 5
# Of the machine: enough for the orders of so many symbols on one that is not busy.
SECONDS_A_BAR = {1: 1.0, 10: 1.5, 100: 4.0}
CASH = 1e9
STRATEGY = Path(__file__).with_name("enter_and_leave.py")


def measure_orders(symbols: int) -> dict[str, Any]:
    """Return milliseconds from close to last order over the bars of one session."""
    names = tuple(f"SYM{number:03d}" for number in range(symbols))
    session = sessions_between("NYSE", DAY, DAY)[0]
    speed = INTERVAL_MINUTES * 60 / SECONDS_A_BAR.get(symbols, SECONDS_A_BAR[100])
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder:
        root = Path(folder)
        bars, state = _write_bars(root, names, session), root / "double.jsonl"
        asked = ("--bars", str(bars), "--symbols", ",".join(names), "--date", str(DAY))
        paced = ("--speed", str(speed), "--cash", str(CASH), "--state", str(state))
        double = subprocess.Popen(
            [sys.executable, "-m", "tasks.simulation.alpaca_double", *asked, *paced],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            base_url = double.stdout.readline().strip().partition("=")[2]
            request = _request(root / "data", bars, names, base_url, speed)
            asyncio.run(run_account(request))
            began = DuckDBLedger(root / "data", request.account).meta(f"replay began {DAY}")
        finally:
            double.kill()
            double.wait()
        return {"symbols": symbols} | _latencies(
            state, session, datetime.fromisoformat(began or ""), speed, symbols
        )


def _write_bars(folder: Path, names: tuple[str, ...], session: Session) -> Path:
    starts = [
        session.bar_start(bar, INTERVAL_MINUTES)
        for bar in range(session.bar_count(INTERVAL_MINUTES))
    ]
    rows = [
        (name, start, 100.0, 101.0, 99.0, 100.0 + (number % 2), 1e7)
        for number, start in enumerate(starts)
        for name in names
    ]
    columns = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    path = folder / "bars.parquet"
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(path)
    return path


def _request(
    data_dir: Path, bars: Path, names: tuple[str, ...], base_url: str, speed: float
) -> SessionRequest:
    keys = {"alpaca_api_key": SecretStr("PKBENCH"), "alpaca_secret_key": SecretStr("bench")}
    broker = BrokerSettings(broker_type="alpaca", alpaca_base_url=base_url)
    count = len(names)
    return SessionRequest(
        PlainParts(data_dir, bars, data=DataSettings(**keys), broker=broker),
        replay=str(DAY),
        symbols=names,
        interval_minutes=INTERVAL_MINUTES,
        speed=speed,
        strategy_module=load_strategy(STRATEGY),
        settings={
            "strategy": "enter_and_leave",
            "sizing": "fixed_shares",
            "shares": 10,
            "max_positions": count,
            "max_orders_per_session": count * 100,
            "max_entries": 100,
        },
    )


def _latencies(
    state: Path, session: Session, began: datetime, speed: float, symbols: int
) -> dict[str, Any]:
    first, *lines = (orjson.loads(line) for line in state.read_bytes().splitlines())
    double_began = datetime.fromisoformat(first["began"])
    waited: dict[str, list[float]] = defaultdict(list)
    last: dict[tuple[str, int], tuple[float, int]] = {}
    for line in lines:
        at = (datetime.fromisoformat(line["at"]) - session.open).total_seconds() / speed
        # By the session's own clock, which began at another moment than the double's.
        after = at + (double_began - began).total_seconds()
        bar, waiting = divmod(after, INTERVAL_MINUTES * 60 / speed)
        is_entry = line["method"] == "POST" and line["body"].get("order_class") != "simple"
        key = ("entries" if is_entry else "exits", int(bar))
        if line["method"] == "POST":
            _, count = last.get(key, (0.0, 0))
            last[key] = waiting, count + 1
    for (kind, _), (waiting, count) in last.items():
        if count == symbols:
            waited[kind].append(waiting * 1000)
    return {
        f"{kind}, {name} ms": round(float(np.quantile(waited[kind], share)), 1)
        for kind in ("entries", "exits")
        if waited[kind]
        for name, share in (("p50", 0.5), ("p99", 0.99))
    } | {
        name: number
        for kind in ("entries", "exits")
        for name, number in (
            (f"bars with {kind}", len(waited[kind])),
            # Orders of one of these came in the next bar: the machine was too slow for the pace.
            (f"bars of late {kind}", sum(of == kind for of, _ in last) - len(waited[kind])),
        )
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, action="append")
    for count in parser.parse_args().symbols or list(SECONDS_A_BAR):
        print(datetime.now(UTC).isoformat(timespec="seconds"), measure_orders(count), flush=True)
