"""A replayed session in a process of its own, its bars from a file or over the line."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from blocks.archive.archive import BarArchive
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.clocks import ReplayClock, SystemClock
from blocks.providers.bar_stream import BarStream
from blocks.providers.chain import ProviderChain
from blocks.providers.choose import make_live_provider
from blocks.providers.finnhub.rest import FinnhubMarket
from blocks.providers.timely_source import TimelySource
from blocks.providers.yahoo.market import YahooMarket
from blocks.settings.reader import read_settings
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.market.bars import BarRows
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.ports import MarketData

LIMIT_SECONDS = 20
MARKET = httpx.Client(timeout=LIMIT_SECONDS, trust_env=False)
# Less than the silence after which a stream is taken for mute.
STEP = timedelta(seconds=50)


@dataclass(frozen=True)
class YahooParts(PlainParts):
    """Parts whose bars come from Yahoo and go into the archive."""

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        clock = SystemClock()
        archive = BarArchive(self.data_dir, plan.interval_minutes, clock)
        yahoo = YahooMarket(plan.exchange, plan.interval_minutes, clock, wait=lambda seconds: None)
        return ProviderChain([yahoo], plan.interval_minutes, keep=archive.upsert)


@dataclass(frozen=True)
class StreamedParts(PlainParts):
    """Parts as a live session with keys has them, by a clock that the test's server shares.

    `market_url` is where the server is told the time; without it bars are Finnhub's candles.
    """

    opens: datetime = datetime.max
    market_url: str = ""

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        clock = ReplayClock(self.opens - timedelta(minutes=5))
        keep = BarArchive(self.data_dir, plan.interval_minutes, clock).upsert
        exchange, minutes = plan.exchange, plan.interval_minutes
        if not self.market_url:
            key = self.data.finnhub_api_key
            assert key is not None
            candles = FinnhubMarket(key, exchange, minutes, clock)
            return InStep(ProviderChain([candles], minutes, keep), clock, lambda now: None)
        chain = make_live_provider(
            plan.symbols, exchange, minutes, clock, self.data_dir, self.data.access(), keep
        )
        chain.start()
        first = chain._sources[0]
        assert isinstance(first, TimelySource)
        stream = first._source
        assert isinstance(stream, BarStream)
        return InStep(chain, clock, lambda now: self.bring(stream, now))

    def bring(self, stream: BarStream[Any], now: datetime) -> None:
        """Let the server trade up to a time, and return when the stream has seen that."""
        told = MARKET.post(self.market_url, json={"now": now.isoformat()}).json()

        def has_seen() -> bool:
            return (
                stream.trades >= told["trades"]
                and stream.connections >= told["connections"]
                and told["is_connected"] in (None, stream.is_connected)
            )

        with stream.changed:
            assert stream.changed.wait_for(has_seen, LIMIT_SECONDS), f"never seen: {told}"


class InStep:
    """Market data whose clock goes on in small steps, the server's with it."""

    family = ProviderChain.family
    is_simulated = False

    def __init__(
        self, chain: ProviderChain, clock: ReplayClock, bring: Callable[[datetime], None]
    ) -> None:
        self.name = chain.name
        self.feed_of: dict[str, str] = {}
        self.late: frozenset[str] = frozenset()
        self.reasons: dict[str, str] = {}
        self.troubles: dict[str, str] = {}
        self._chain = chain
        self._clock = clock
        self._bring = bring

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        return self._chain.history(symbols, before)

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        while (now := self._clock.now()) < end:
            now = min(max(now + STEP, start), end)
            self._clock._now = now
            self._bring(now)
        try:
            return self._chain.rows(symbols, session, start, end)
        finally:
            self.reasons, self.troubles = self._chain.reasons, self._chain.troubles
            self.feed_of, self.late = self._chain.feed_of, self._chain.late

    def close(self) -> None:
        self._chain.close()


def parts_of(order: dict[str, Any]) -> PlainParts:
    """Return the parts that an order asks for."""
    folder = Path(order["data_dir"])
    match order["source"]:
        case "yahoo":
            return YahooParts(folder)
        case "finnhub" | "alpaca":
            opens = datetime.fromisoformat(order["opens"])
            return StreamedParts(
                folder,
                data=read_settings().required().data,
                opens=opens,
                market_url=order.get("market_url", ""),
            )
    return PlainParts(folder, Path(order["source"]))


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    order: dict[str, Any] = json.load(sys.stdin)
    request = SessionRequest(
        parts=parts_of(order), replay=order["session"],
        symbols=tuple(order["symbols"]), settings=order["settings"],
        interval_minutes=order["interval_minutes"],
    )  # fmt: skip
    closed = asyncio.run(run_account(request))
    journal = DuckDBLedger(request.data_dir, request.account).journal_of(order["session"])
    events = [{"kind": type(row.event).__name__} | asdict(row.event) for row in journal]
    json.dump({"closed": closed, "events": events}, sys.stdout)


if __name__ == "__main__":
    main()
