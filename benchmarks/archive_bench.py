"""python -m benchmarks.archive_bench: an archive of 7,000 symbols, and what is read of it.

Makes an archive of 100 million bars, a month at a time, in the folder of the benchmarks' cache
(2 GB; one that is there is taken again, whatever was stored in it since), and measures in a
process each: the opening range of all symbols on one day, all bars of 40 symbols, a backtest of 10
symbols, a scan of all, and a symbol's month, a day and a month stored again. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from benchmarks.caches import cache_folder
from benchmarks.market import Market, make_market
from blocks.archive.archive import BarArchive
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import FetchedBars
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.market.bars import BarRows
from trading.market.calendar import Session, sessions_between, to_microseconds

SYMBOLS = 7_000
BARS = 100_000_000
FEED = "alpaca:sip"
FIRST = date(2024, 1, 2)
MINUTES = 5
IN_PLAY = {
    "direction": "first_bar", "stop": "daily_atr", "target": "none", "select_top": 20,
    "min_price": 5, "min_daily_atr": 0.5, "min_daily_volume": 1_000_000,
    "leverage": 4, "max_position_pct": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Archive:
    """A made archive: its data folder, its sessions, and a clock that stands after them."""

    data_dir: Path
    sessions: tuple[Session, ...]

    def opened(self, days_later: int = 1) -> BarArchive:
        """Open it as some days after its last session."""
        now = self.sessions[-1].close + timedelta(days=days_later)
        return BarArchive(self.data_dir, MINUTES, ReplayClock(now))

    @property
    def months(self) -> list[list[Session]]:
        """Return the sessions by month."""
        names = sorted({session.date.strftime("%Y-%m") for session in self.sessions})
        return [[s for s in self.sessions if s.date.strftime("%Y-%m") == name] for name in names]


def sessions_of(bars: int) -> tuple[Session, ...]:
    """Return so many sessions that all symbols together have so many bars."""
    found = sessions_between("NYSE", FIRST, FIRST + timedelta(days=20 * 365))
    count = -(-bars // (SYMBOLS * 78))
    return tuple(found[:count])


def fetched_of(market: Market, now_us: int) -> FetchedBars:
    """Return a market as fetched, symbol after symbol."""
    panel = market.panel
    columns = [np.ascontiguousarray(values.T).ravel() for values in panel.prices]
    present = ~np.isnan(columns[3])
    count = len(panel.symbols)
    rows = BarRows(
        np.repeat(np.arange(count), panel.grid.rows)[present],
        np.tile(panel.grid.start_us, count)[present],
        *(values[present] for values in columns),
    )
    nothing = np.zeros(len(rows), dtype=np.int64)
    return FetchedBars(panel.symbols, rows, (FEED,), nothing, nothing + now_us)


def bars_of(sessions: list[Session]) -> FetchedBars:
    """Return made bars of all symbols, fetched when the last session was over."""
    now_us = to_microseconds(sessions[-1].close + timedelta(hours=1))
    return fetched_of(make_market(sessions=sessions, symbols=SYMBOLS), now_us)


def make(archive: Archive) -> None:
    """Store the months that are not there yet; all have the prices of one made market."""
    market: FetchedBars | None = None
    for month in archive.months:
        name = month[0].date.strftime("%Y-%m")
        if (archive.opened().folder / f"{name}.parquet").exists():
            continue
        if market is None:
            longest = max(archive.months, key=len)
            market = bars_of(longest)
        print(
            f"{name}: {archive.opened().upsert(_on_other_days(market, longest, month))}", flush=True
        )


def _on_other_days(
    market: FetchedBars, its_days: list[Session], days: list[Session]
) -> FetchedBars:
    """Return a market's bars as if its days had been others."""
    opens = np.array([to_microseconds(session.open) for session in its_days])
    moved = np.array([to_microseconds(session.open) for session in days])
    day = np.searchsorted(opens, market.rows.start_us, side="right") - 1
    kept = day < len(days)
    rows = market.rows.take(kept)
    start_us = rows.start_us + (moved - opens[: len(days)])[day[kept]]
    fetched_us = np.full(len(rows), to_microseconds(days[-1].close + timedelta(hours=1)))
    return replace(
        market, rows=replace(rows, start_us=start_us), source=market.source[kept],
        fetched_us=fetched_us,
    )  # fmt: skip


def opening_range(archive: Archive) -> int:
    """Read the first quarter of an hour of all symbols on one day."""
    session = archive.months[len(archive.months) // 2][7]
    return len(archive.opened().frame(None, session.open, session.open + timedelta(minutes=15)))


def whole_day(archive: Archive) -> int:
    """Read all bars of all symbols on one day."""
    session = archive.months[len(archive.months) // 2][7]
    return len(archive.opened().frame(None, session.open, session.close))


def forty_symbols(archive: Archive) -> int:
    """Read all bars of 40 symbols, from all corners of the archive."""
    chosen = [f"SYM{number:03d}" for number in range(7, SYMBOLS, SYMBOLS // 40)][:40]
    first, last = archive.sessions[0].open, archive.sessions[-1].close
    return len(archive.opened().frame(chosen, first, last))


def backtest_of_ten(archive: Archive) -> int:
    """Trade 10 symbols for a month, with the sessions before to warm up."""
    month = archive.months[-1]
    symbols = tuple(f"SYM{number:03d}" for number in range(11, SYMBOLS, SYMBOLS // 10))[:10]
    request = BacktestRequest(
        bars=archive.opened().folder, symbols=symbols, start=month[0].date, end=month[-1].date
    )
    return int(backtest(request).panel.close.size)


def scan_of_all(archive: Archive) -> int:
    """Trade the 20 most active of all symbols each day, over the whole span."""
    request = BacktestRequest(bars=archive.opened().folder, settings=IN_PLAY)
    report = backtest(request)
    return len(report.plan.symbols) * report.panel.grid.rows


def one_day_again(archive: Archive) -> int:
    """Store one day of all symbols once more, fetched later."""
    fetched = bars_of([archive.months[1][5]])
    return _stored_again(archive, fetched)


def one_month_again(archive: Archive) -> int:
    """Store one month of all symbols once more, fetched later."""
    return _stored_again(archive, bars_of(archive.months[2]))


def one_symbol_again(archive: Archive) -> int:
    """Store one month of one symbol once more, as a piece of a fetch is."""
    return _stored_again(archive, bars_of(archive.months[3]).of(["SYM3500"]))


WORKS: tuple[Callable[[Archive], int], ...] = (
    opening_range, whole_day, forty_symbols, backtest_of_ten, scan_of_all,
    one_symbol_again, one_day_again, one_month_again,
)  # fmt: skip


def _stored_again(archive: Archive, fetched: FetchedBars) -> int:
    later_us = to_microseconds(archive.sessions[-1].close + timedelta(days=50))
    fetched = replace(fetched, fetched_us=np.full(len(fetched.rows), later_us))
    _begin()
    stored = archive.opened(100).upsert(fetched)
    return stored.added + stored.revised + stored.unchanged


_begun: dict[str, float] = {}


def _begin() -> None:
    """Count from here: what was made before is no part of the work."""
    Path("/proc/self/clear_refs").write_text("5")
    _begun.update(seconds=time.perf_counter(), cpu=time.process_time(), memory=_most_mb(), **_io())


def _most_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _io() -> dict[str, float]:
    lines = Path("/proc/self/io").read_text().splitlines()
    counts = dict(line.split(": ") for line in lines)
    return {"read": float(counts["rchar"]), "written": float(counts["wchar"])}


def _measured(work: Callable[[Archive], int], archive: Archive, answer: object) -> None:
    _begin()
    bars = work(archive)
    now = _io()
    answer.put(  # type: ignore[attr-defined]
        {
            "work": (work.__doc__ or "").splitlines()[0].rstrip("."),
            "bars": bars,
            "processor s": round(time.process_time() - _begun["cpu"], 2),
            "s": round(time.perf_counter() - _begun["seconds"], 2),
            "MB read": round((now["read"] - _begun["read"]) / 1e6, 1),
            "MB written": round((now["written"] - _begun["written"]) / 1e6, 1),
            "memory before, MB": round(_begun["memory"]),
            "most memory, MB": round(_most_mb()),
        }
    )


def drop_cache(folder: Path) -> None:
    """Let the system forget the archive's files, so that they come from the disk."""
    for file in folder.rglob("*.parquet"):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def main() -> None:
    """Make the archive where it is not there yet, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=BARS, help="how many the archive holds")
    parser.add_argument("--only", default="", help="a part of the name of what is measured")
    args = parser.parse_args()
    archive = Archive(cache_folder() / f"archive-{args.bars}", sessions_of(args.bars))
    make(archive)
    folder = archive.opened().folder
    size = {name: sum(f.stat().st_size for f in folder.glob(name)) for name in ("*.parquet", "*/*")}
    print(
        json.dumps({"months, MB": size["*.parquet"] // 10**6, "openings, MB": size["*/*"] // 10**6})
    )
    spawn = multiprocessing.get_context("spawn")
    for work in WORKS:
        if args.only not in work.__name__:
            continue
        drop_cache(folder)
        answer = spawn.Queue()
        process = spawn.Process(target=_measured, args=(work, archive, answer))
        process.start()
        print(json.dumps(answer.get()), flush=True)
        process.join()


if __name__ == "__main__":
    main()
