"""The data gate of a live session: the same checks as a backtest's, bar by bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.gate.checks import FORGETS, REJECTED, judge_bar, reason_of
from trading.gate.findings import (
    CHECKS,
    MOST_LISTED,
    Finding,
    GateReport,
    counts_of,
    findings_of_bar,
)
from trading.gate.state import GateState, begin_session, copied, end_session, new_gate
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import Bytes
from trading.market.bars import Prices
from trading.reasons import DATA_GATE_FEED_CHANGED, DATA_GATE_LATE
from trading.session.array_json import prices_of
from trading.session.events import BarClosed


@dataclass(frozen=True)
class JudgedBar:
    """A bar as the gate leaves it; arrays of (symbols).

    `accepted` is the bar without what is rejected, as event and as numbers, `found` has the bits
    of `trading.gate.checks`, `reasons` why nothing is entered, or 0. `gate` is what it then
    remembers.
    """

    event: BarClosed
    accepted: BarClosed
    prices: Prices
    found: Bytes
    reasons: Bytes
    findings: tuple[Finding, ...]
    gate: GateState

    @property
    def begins_anew(self) -> tuple[int, ...]:
        """Return the numbers of the symbols whose past is forgotten before this bar."""
        return tuple(np.flatnonzero(self.found & FORGETS).tolist())


class BarGate:
    """What the gate remembers and has found in one session.

    `earlier_counts` are those of the sessions before, `report` is of this one. `feeds` has by
    symbol the feeds of the session's bars so far.
    """

    def __init__(self, thresholds: GateThresholds, symbols: Sequence[str]) -> None:
        self._thresholds = thresholds
        self._symbols = tuple(symbols)
        self.state = new_gate(len(symbols))
        self.earlier_counts = dict.fromkeys(CHECKS, 0)
        self.report = GateReport()
        self.feeds: dict[str, frozenset[str]] = {}
        self._last: JudgedBar | None = None

    def begin(self) -> None:
        """Begin the session, when what it inherits is there."""
        begin_session(self.state)

    def judge(self, bar: BarClosed) -> JudgedBar:
        """Return what the gate makes of the next bar; nothing is changed by it."""
        if self._last is not None and self._last.event is bar:
            return self._last
        gate = copied(self.state)
        prices = prices_of(bar)
        numbers = np.stack(prices, axis=1).tolist()
        found, reasons, references = [], [], []
        for s, each in enumerate(numbers):
            last, earlier = float(gate.last_close[s]), float(gate.earlier_close[s])
            references.append(earlier if math.isnan(last) else last)
            is_there = not math.isnan(each[3])
            found.append(judge_bar(self._thresholds, gate, s, *each) if is_there else 0)
            reasons.append(reason_of(gate, s, found[s]) or _reason_of_source(bar, s))
        findings = findings_of_bar(found, bar.start_us, self._symbols, numbers, references)
        bits = np.array(found, dtype=np.uint8)
        accepted = _without(bar, bits & REJECTED != 0) if np.any(bits & REJECTED) else bar
        self._last = JudgedBar(
            bar,
            accepted,
            prices_of(accepted),
            bits,
            np.array(reasons, dtype=np.uint8),
            tuple(findings),
            gate,
        )
        return self._last

    def take(self, judged: JudgedBar) -> None:
        """Remember a bar that was judged."""
        self.state = judged.gate
        self._last = None
        counts = counts_of(judged.found)
        self.report = GateReport(
            {check: count + counts[check] for check, count in self.report.counts.items()},
            (*self.report.findings, *judged.findings)[:MOST_LISTED],
        )
        for symbol, feed in zip(self._symbols, judged.event.feeds, strict=False):
            if feed:
                self.feeds[symbol] = self.feeds.get(symbol, frozenset()) | {feed}

    def is_another_feed(self, symbol: str, feed: str) -> bool:
        """Return whether a symbol's bars of this session so far are of other feeds, or of several.

        A feed without a name is not known, and is no other one.
        """
        return bool(feed) and bool(self.feeds.get(symbol, frozenset()) - {feed})

    @property
    def totals(self) -> dict[str, int]:
        """Return the counts of this session and of all before."""
        counts = self.report.counts
        return {check: n + counts[check] for check, n in self.earlier_counts.items()}

    def ended(self) -> GateState:
        """Return the gate as the next session finds it."""
        gate = copied(self.state)
        end_session(self._thresholds, gate)
        return gate

    def left(self) -> dict[str, Any]:
        """Return what the next session takes over, JSON-ready: closes and counts."""
        closes = self.ended().earlier_close.tolist()
        return {
            "earlier_close": [None if math.isnan(close) else close for close in closes],
            "counts": self.totals,
        }

    def take_over(self, content: dict[str, Any]) -> None:
        """Write what `left` returned into a new session's gate; earlier versions left nothing."""
        for s, close in enumerate(content.get("earlier_close", ())):
            self.state.earlier_close[s] = math.nan if close is None else close
        self.earlier_counts |= content.get("counts", {})


def _reason_of_source(bar: BarClosed, s: int) -> int:
    if bar.feed_changed and bar.feed_changed[s]:
        return DATA_GATE_FEED_CHANGED
    return DATA_GATE_LATE if bar.late and bar.late[s] else 0


def _without(bar: BarClosed, is_rejected: NDArray[np.bool_]) -> BarClosed:
    def kept(values: list[float | None]) -> list[float | None]:
        return [None if gone else value for value, gone in zip(values, is_rejected, strict=True)]

    return replace(
        bar,
        open=kept(bar.open),
        high=kept(bar.high),
        low=kept(bar.low),
        close=kept(bar.close),
        volume=kept(bar.volume),
    )
