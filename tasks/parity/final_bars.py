"""The final bars of a session: those that the simulated market, or the archive, has of it now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import polars as pl

from blocks.archive.archive import BarArchive
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.providers.chain import ProviderChain
from blocks.providers.fetched_bars import Provider
from trading.errors import OpenbellError
from trading.market.bars import BarRows
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session, make_grid, to_microseconds
from trading.market.panel_loading import make_panel
from trading.parity.final_bars import Arrivals, Place
from trading.plan import RunPlan
from trading.session.events import BarClosed

# A session of which this is noted is replayed again with the next ones.
NOT_FETCHED = "final bars were not fetched"


_NO_BARS = "the archive has no bars of it to compare with: openbell fetch brings them"


@dataclass(frozen=True)
class FinalBars:
    """A session's final bars, none where nobody has any; `note` says what was in the way."""

    bars: tuple[BarClosed, ...] = ()
    arrivals: Arrivals = field(default_factory=Arrivals)
    note: str = ""


class FinalSource(Protocol):
    """Who has the final bars of a session."""

    def final_bars(
        self, plan: RunPlan, session: Session, consumed: Sequence[BarClosed]
    ) -> FinalBars:
        """Return them in the place of those that were consumed."""
        ...


@dataclass(frozen=True)
class SimulatedSource:
    """The simulated market again, from its seed."""

    seed: int

    def final_bars(
        self, plan: RunPlan, session: Session, consumed: Sequence[BarClosed]
    ) -> FinalBars:
        """Return the bars of the same walk."""
        market = SimulatedMarketData(plan.symbols, plan.exchange, plan.interval_minutes, self.seed)
        rows = market.rows(plan.symbols, session, session.open, session.close)
        return FinalBars(_in_place(rows, plan, session, consumed))


@dataclass(frozen=True)
class ArchiveSource:
    """The archive of bars, the session's asked of the provider anew where there is one.

    What the archive had from the session itself is known to have come in it, if too late.
    """

    archive: BarArchive
    provider: Provider | None = None

    def final_bars(
        self, plan: RunPlan, session: Session, consumed: Sequence[BarClosed]
    ) -> FinalBars:
        """Return the archive's bars; raises StoreUnavailable when a file is damaged."""
        before = self.archive.frame(plan.symbols, session.open, session.close)
        note = self._fetch(plan, session)
        rows = self.archive.rows(plan.symbols, session.open, session.close)
        if not len(rows):
            return FinalBars(note=note or _NO_BARS)
        late = _came_later(before, plan, session, consumed)
        return FinalBars(_in_place(rows, plan, session, consumed), Arrivals(late), note)

    def _fetch(self, plan: RunPlan, session: Session) -> str:
        """Ask for the session's bars; return what went wrong, an empty text where nothing did."""
        if self.provider is None:
            return ""
        try:
            fetched = self.provider.fetch(plan.symbols, session.open, session.close)
        except OpenbellError as error:
            return f"{NOT_FETCHED}: {error.what}"
        self.archive.upsert(fetched)
        failed = ", ".join(fetched.failures)
        return f"{NOT_FETCHED} of {failed}" if failed else ""


def is_of_providers(record: Mapping[str, Any]) -> bool:
    """Return whether a session's bars came from providers, who can be asked again."""
    return str(record.get("source", "")) == ProviderChain.family


def source_of(
    record: Mapping[str, Any],
    archive: BarArchive,
    provider: Provider | None,
    *,
    has_simulated_bars: bool,
) -> FinalSource:
    """Return who has the final bars of a session that was begun with a plan's record."""
    if has_simulated_bars:
        return SimulatedSource(int(record.get("seed", 1)))
    return ArchiveSource(archive, provider)


def _came_later(
    before: pl.DataFrame, plan: RunPlan, session: Session, consumed: Sequence[BarClosed]
) -> frozenset[Place]:
    """Return the bars that were not there when they were consumed, and came in the session."""
    last_us = max((bar.arrived_us for bar in consumed), default=0)
    opened, length_us = to_microseconds(session.open), _length_us(plan)
    by_number = {bar.bar: bar for bar in consumed}
    late = set()
    rows = before.select("symbol", pl.col("ts", "fetched_at").dt.epoch("us")).iter_rows()
    for symbol, ts, fetched_us in rows:
        bar = by_number.get((ts - opened) // length_us)
        if (
            bar is not None
            and bar.close[plan.symbols.index(symbol)] is None
            and bar.arrived_us < fetched_us <= last_us
        ):
            late.add((bar.start_us, symbol))
    return frozenset(late)


def _in_place(
    rows: BarRows, plan: RunPlan, session: Session, consumed: Sequence[BarClosed]
) -> tuple[BarClosed, ...]:
    """Return the consumed bars with the numbers of these rows."""
    panel = make_panel(rows, make_grid([session], plan.interval_minutes), plan.symbols)

    def at(bar: int, name: str) -> list[float | None]:
        values = getattr(panel, name)[bar].tolist()
        return [None if math.isnan(value) else value for value in values]

    return tuple(
        replace(
            bar,
            open=at(bar.bar, "open"),
            high=at(bar.bar, "high"),
            low=at(bar.bar, "low"),
            close=at(bar.bar, "close"),
            volume=at(bar.bar, "volume"),
            # They are whole, and of each symbol one feed's.
            feeds=[],
            feed_changed=[],
            late=[],
        )
        for bar in consumed
    )


def _length_us(plan: RunPlan) -> int:
    return plan.interval_minutes * MICROSECONDS_PER_MINUTE
