"""Days that are traded on a file of bars, disturbed in one way or another, and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from blocks.archive.archive import BarArchive
from blocks.exchange.mock_exchange import MockExchange
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.parity.tables import (
    DifferenceRow,
    FillRow,
    ParityRow,
    read_differences,
    read_fills,
)
from blocks.markets.file_market import FileMarket
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import SystemClock
from blocks.process.stop_request import StopRequest
from blocks.providers.fetched_bars import FetchedBars
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.parity.check import ParityRequest, check_parity
from trading.errors import OpenbellError
from trading.market.bars import NUMBERS, BarRows
from trading.market.calendar import Session, sessions_between, to_microseconds
from trading.plan import RunPlan
from trading.session.ports import MarketData

DAY, ACCOUNT = "2025-06-10", "replay"
SYMBOLS = ("AAA", "BBB", "CCC")
MINUTES = 30
SETTINGS = {"range_minutes": 30, "min_body": 0.0, "max_entries": 3, "max_positions": 3}


def session_on(day: str = DAY) -> Session:
    wanted = date.fromisoformat(day)
    return sessions_between("NYSE", wanted, wanted)[0]


def rows_on(day: str = DAY) -> BarRows:
    return simulated_rows(SYMBOLS, [session_on(day)], MINUTES, seed=3)


def without(rows: BarRows, symbol: str, bar: int) -> BarRows:
    gone = (rows.symbol == SYMBOLS.index(symbol)) & (rows.start_us == start_us(bar))
    assert gone.any()
    return rows.take(~gone)


def with_numbers(rows: BarRows, symbol: str, bar: int, **numbers: float) -> BarRows:
    at = (rows.symbol == SYMBOLS.index(symbol)) & (rows.start_us == start_us(bar))
    assert at.any()
    columns = {name: getattr(rows, name).copy() for name in NUMBERS}
    for name, value in numbers.items():
        columns[name][at] = value
    return replace(rows, **columns)


def number(rows: BarRows, symbol: str, bar: int, name: str) -> float:
    at = (rows.symbol == SYMBOLS.index(symbol)) & (rows.start_us == start_us(bar))
    return float(getattr(rows, name)[at][0])


def start_us(bar: int) -> int:
    return to_microseconds(session_on().bar_start(bar, MINUTES))


@dataclass(frozen=True)
class SlippingParts(PlainParts):
    """Parts whose exchange fills worse than the plan says, by so many basis points."""

    slips_bps: float = 0.0

    def exchange(
        self, account: str, plan: RunPlan, stored_symbols: Sequence[str] | None = None
    ) -> MockExchange:
        worse = plan.fills.model_copy(update={"slippage_bps": self.slips_bps})
        return super().exchange(account, replace(plan, fills=worse), stored_symbols)


class FedMarket(FileMarket):
    """The file's bars, as if providers had given them."""

    family = "providers"


class FedParts(PlainParts):
    """Parts whose bars are of providers."""

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        assert self.bars is not None
        return FedMarket(self.bars, plan.symbols, plan.exchange)


class FinalProvider:
    """A provider that has the final bars, or fails as it is told to."""

    def __init__(self, rows: BarRows, failure: OpenbellError | None = None) -> None:
        self.rows = rows
        self.failure = failure
        self.asked = 0

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return fetched(self.rows, datetime.now(UTC))

    def close(self) -> None:
        pass


def fetched(rows: BarRows, when: datetime) -> FetchedBars:
    count = len(rows)
    return FetchedBars(
        SYMBOLS, rows, ("file",), np.zeros(count, dtype=np.int64),
        np.full(count, to_microseconds(when), dtype=np.int64),
    )  # fmt: skip


@dataclass
class Day:
    """A folder in which days are traded and replayed."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))
    slips_bps: float | None = None
    is_fed: bool = False
    symbols: tuple[str, ...] = SYMBOLS

    @property
    def ledger(self) -> DuckDBLedger:
        return DuckDBLedger(self.folder, ACCOUNT)

    def write(self, rows: BarRows) -> Path:
        """Write the bars that the session is to consume."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "bars.parquet"
        names = [SYMBOLS[code] for code in rows.symbol]
        stamps = pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC"))
        numbers = {name: getattr(rows, name) for name in NUMBERS}
        pl.DataFrame({"symbol": names, "ts": stamps, **numbers}).write_parquet(file)
        return file

    def trade(
        self,
        day: str = DAY,
        at_bar: Callable[[int, StopRequest], None] = lambda bar, should_stop: None,
        on_shutdown: str = "flatten",
        speed: float | None = None,
    ) -> int:
        """Trade a day on the bars that were written, on simulated ones where none were."""
        should_stop = StopRequest()
        file = self.folder / "bars.parquet"
        bars = file if file.exists() else None
        parts = (FedParts if self.is_fed else PlainParts)(self.folder, bars)
        if self.slips_bps is not None:
            parts = SlippingParts(self.folder, bars, slips_bps=self.slips_bps)

        def after(session: Session, done: int, count: int) -> None:
            at_bar(done - 1, should_stop)

        request = SessionRequest(
            parts,
            replay=day,
            symbols=self.symbols,
            interval_minutes=MINUTES,
            settings=self.settings,
            on_shutdown=on_shutdown,  # type: ignore[arg-type]
            speed=speed,
        )
        return asyncio.run(run_account(request, should_stop=should_stop, progress=after))

    def archive(self, rows: BarRows, fetched_at: datetime | None = None) -> None:
        """Put bars into the archive as if they had been fetched then, after the close if unsaid."""
        when = fetched_at or session_on().close + timedelta(hours=1)
        BarArchive(self.folder, MINUTES, SystemClock()).upsert(fetched(rows, when))

    def check(self, **asked: Any) -> ParityRow:
        return self.check_all(**asked)[0]

    def check_all(self, provider: FinalProvider | None = None, **asked: Any) -> list[ParityRow]:
        request = ParityRequest(self.folder, ACCOUNT, **asked)
        providers: Any = None if provider is None else lambda exchange, minutes: provider
        return check_parity(request, SystemClock(), providers)

    def differences(self, day: str = DAY) -> list[DifferenceRow]:
        with self.ledger.reading() as connection:
            return read_differences(connection, date.fromisoformat(day))

    def fills(self, day: str = DAY) -> list[FillRow]:
        with self.ledger.reading() as connection:
            return read_fills(connection, date.fromisoformat(day))

    def change(self, sql: str) -> None:
        """Change the ledger behind everybody's back."""
        ledger = self.ledger
        with ledger.changing() as connection:
            connection.execute(sql)

    def alerts(self) -> list[dict[str, Any]]:
        return self.ledger.query("SELECT id, kind, payload FROM outbox WHERE id LIKE '%-parity'")
