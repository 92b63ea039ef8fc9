"""A session's bars as consumed beside the final ones, and what the difference changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from trading.engine.tapes.trade_tape import TRADES, TradeRow
from trading.market.bars import NUMBERS
from trading.parity.as_consumed import KeptDecision, decision_text, decisions_of
from trading.parity.findings import Cause, Difference, Kind, OnFinalBars
from trading.reasons import DATA_GATE, ExitReason, Reason
from trading.session.events import BarClosed
from trading.session.state import SessionState

Values = tuple[float, ...]
# A bar's START, microseconds since 1970 UTC, and its symbol.
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What is known of when bars came: those `late`, by START and symbol, came in the session.

    They were not there when they were consumed. Of a bar that was not complete the bar says so.
    """

    late: Collection[Place] = frozenset()


def compare_on_final_bars(
    consumed: Sequence[BarClosed],
    final: Sequence[BarClosed],
    as_consumed: SessionState,
    on_final: SessionState,
    arrivals: Arrivals,
) -> OnFinalBars:
    """Return how bars differ, and with them decisions and trades.

    Both states are the session's on the simulated venue, from the same beginning with the same
    words of an operator, so that nothing but the bars can make them differ.
    """
    symbols = as_consumed.plan.symbols
    bars = list(_bars(consumed, final, symbols, arrivals))
    causes = _Causes(bars)
    decisions = list(_decisions(as_consumed, on_final, causes))
    gates = {(each.symbol, each.us) for each in decisions if each.cause == Cause.GATE}
    trades = _trades(as_consumed, on_final, causes, gates)
    there = sum(value is not None for bar in final for value in bar.close)
    return OnFinalBars(there, (*bars, *decisions, *trades))


def values_of(bar: BarClosed, s: int) -> Values | None:
    """Return a symbol's open, high, low, close and volume, None where it has no bar."""
    found = [getattr(bar, name)[s] for name in NUMBERS]
    return None if any(value is None for value in found) else tuple(found)


def _bars(
    consumed: Sequence[BarClosed],
    final: Sequence[BarClosed],
    symbols: Sequence[str],
    arrivals: Arrivals,
) -> Iterator[Difference]:
    for one, other in zip(consumed, final, strict=True):
        for s, symbol in enumerate(symbols):
            was, now = values_of(one, s), values_of(other, s)
            if was != now:
                is_late = (one.start_us, symbol) in arrivals.late or any(one.late[s : s + 1])
                cause = _class_of(was, is_late)
                yield Difference(Kind.BAR, cause, one.start_us, symbol, _text(was), _text(now))


def _class_of(was: Values | None, is_late: bool) -> Cause:
    if is_late:
        return Cause.LATE
    return Cause.MISSING if was is None else Cause.REVISED


def _text(values: Values | None) -> str:
    return "no bar" if values is None else " ".join(f"{value:g}" for value in values)


class _Causes:
    """Which bar changed something: the symbol's last one that differs, else anybody's."""

    def __init__(self, bars: Sequence[Difference]) -> None:
        self._all = list(bars)
        self._own: dict[str, list[Difference]] = {}
        for bar in bars:
            self._own.setdefault(bar.symbol, []).append(bar)

    def of(self, symbol: str, us: int) -> Cause:
        # Cash, places and the day's loss are one for all symbols.
        for bars in (self._own.get(symbol, []), self._all):
            end = bisect_right(bars, us, key=lambda bar: bar.us)
            if end:
                return bars[end - 1].cause
        # What the gate remembers may change where no bar differs.
        return Cause.GATE


def _decisions(
    as_consumed: SessionState, on_final: SessionState, causes: _Causes
) -> Iterator[Difference]:
    was, now = (_by_place(state) for state in (as_consumed, on_final))
    for us, symbol in sorted(was.keys() | now.keys()):
        one, other = was.get((us, symbol)), now.get((us, symbol))
        if _reason(one) == _reason(other) and _shares(one) == _shares(other):
            continue
        cause = causes.of(symbol, us)
        if Reason.DATA_GATE_LATE.word in (_reason(one), _reason(other)):
            cause = Cause.LATE
        elif _gate_of(one) != _gate_of(other):
            cause = Cause.GATE
        yield Difference(
            Kind.DECISION, cause, us, symbol, decision_text(one, other), decision_text(other, one)
        )


def _by_place(state: SessionState) -> Mapping[Place, KeptDecision]:
    return {(each.us, each.symbol): each for each in decisions_of(state)}


def _reason(decision: KeptDecision | None) -> str:
    return "" if decision is None else decision.reason


def _shares(decision: KeptDecision | None) -> int:
    return 0 if decision is None else decision.quantity


def _gate_of(decision: KeptDecision | None) -> str:
    reason = _reason(decision)
    return reason if reason.startswith(DATA_GATE) else ""


def _trades(
    as_consumed: SessionState,
    on_final: SessionState,
    causes: _Causes,
    gates: Collection[tuple[str, int]],
) -> Iterator[Difference]:
    was, now = (_trades_of(state) for state in (as_consumed, on_final))
    for us, symbol in sorted(was.keys() | now.keys()):
        one, other = was.get((us, symbol), ""), now.get((us, symbol), "")
        if one == other:
            continue
        is_gates = any(name == symbol and when <= us for name, when in gates)
        cause = Cause.GATE if is_gates else causes.of(symbol, _last_us(as_consumed))
        yield Difference(Kind.TRADE, cause, us, symbol, one or "no trade", other or "no trade")


def _last_us(state: SessionState) -> int:
    """Return the START of a session's last bar: a trade may be changed by any before it."""
    return state.equity_points[-1][0] if state.equity_points else 0


def _trades_of(state: SessionState) -> Mapping[Place, str]:
    rows = state.tape.trades[: state.tape.counts[TRADES]].tolist()
    found = {}
    for trade in starmap(TradeRow, rows):
        side = "long" if trade.side > 0 else "short"
        word = ExitReason(int(trade.exit_reason)).word
        found[int(trade.entry_us), state.plan.symbols[int(trade.symbol)]] = (
            f"{side} {int(trade.quantity)} at {trade.entry_price:g}, left at"
            f" {trade.exit_price:g} by {word}, {trade.pnl:+,.2f} USD"
        )
    return found
