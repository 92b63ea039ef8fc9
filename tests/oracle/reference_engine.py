"""A slow and plain implementation of the trading rules, written from their page alone.

Nothing here is imported from `trading`, and nothing is shared with it but the page. Times are
whole microseconds since 1970 UTC. Rows are (symbol, start, open, high, low, close, volume).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas_market_calendars

from tests.oracle.reference_gate import Judged, judge_symbol

MINUTE = 60_000_000

DEFAULTS: dict[str, Any] = {
    "range_minutes": 5,
    "breakout_on": "close",
    "breakout_buffer": 0.0,
    "min_body": 0.5,
    "max_extension": 0.0,
    "allow_short": True,
    "entry_cutoff_minutes": 60,
    "max_entries": 1,
    "stop": "range",
    "stop_atr": 1.5,
    "target": "range",
    "target_multiple": 2.0,
    "trailing": "none",
    "trail_trigger_r": 1.0,
    "trail_plus": 0.0,
    "trail_steps": [],
    "volume_filter": False,
    "volume_threshold": 1.5,
    "flatten_minutes": 5,
    "tick": 0.01,
    "risk_per_trade": 0.01,
    "max_position_pct": 0.2,
    "max_positions": 5,
    "max_orders_per_session": 50,
    "max_daily_loss_pct": 0.03,
    "slippage_bps": 5.0,
    "volatility_factor": 0.0,
    "impact_factor": 0.0,
    "max_participation": 0.1,
    "commission_per_share": 0.0,
    "commission_minimum": 0.0,
    "gate_spike": 0.2,
    "gate_jump": 0.3,
    "gate_gap": 0.4,
    "gate_stale": 6,
    "gate_zero_volume": True,
}

Row = tuple[str, int, float, float, float, float, float]
SessionTimes = tuple[str, int, int]


class Refused(Exception):
    """The rules refuse this input before anything runs."""


@dataclass
class Bar:
    """One closed bar of one symbol."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass
class Result:
    """Everything a run says; `decisions` is keyed by (session, bar number, symbol)."""

    trades: list[dict[str, Any]] = field(default_factory=list)
    fills: list[dict[str, Any]] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    decisions: dict[tuple[str, int, str], str] = field(default_factory=dict)
    dropped: list[tuple[str, int, str, str]] = field(default_factory=list)
    latched_sessions: list[str] = field(default_factory=list)
    gate: dict[str, int] = field(default_factory=dict)


def r4(x: float) -> float:
    """Return x rounded as section 1 says; what is not finite stays so."""
    scaled = x * 10000 + 0.5
    if not math.isfinite(scaled):
        return scaled
    return math.floor(scaled) / 10000


def tick_down(x: float, tick: float) -> float:
    """Return x rounded down to the tick, in whole units of 0.0001."""
    unit = math.floor(x * 10000 + 0.5)
    grain = math.floor(tick * 10000 + 0.5)
    return (unit // grain) * grain / 10000


def tick_up(x: float, tick: float) -> float:
    """Return x rounded up to the tick, in whole units of 0.0001."""
    unit = math.floor(x * 10000 + 0.5)
    grain = math.floor(tick * 10000 + 0.5)
    whole = unit // grain
    if whole * grain != unit:
        whole += 1
    return whole * grain / 10000


def calendar_sessions(exchange: str, first: date, last: date) -> list[SessionTimes]:
    """Return (date, open, close) of each session, refusing calendars with a break."""
    calendar = pandas_market_calendars.get_calendar(exchange)
    table = calendar.schedule(start_date=first.isoformat(), end_date=last.isoformat())
    if "break_start" in table.columns:
        raise Refused("the calendar has a break inside the session")
    sessions = []
    for day, row in table.iterrows():
        opened = int(row["market_open"].timestamp()) * 1_000_000
        closed = int(row["market_close"].timestamp()) * 1_000_000
        sessions.append((str(day.date()), opened, closed))
    return sessions


def load(
    rows: Iterable[Row], sessions: Sequence[SessionTimes], symbols: Sequence[str], interval: int
) -> tuple[dict[tuple[str, str], dict[int, Bar]], dict[str, int]]:
    """Return bars by (session, symbol) and bar number, and the counts of what was wrong."""
    counts = {"outside_session": 0, "duplicate": 0, "invalid": 0, "zero_volume": 0, "missing": 0}
    unique: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows:
        symbol, start = row[0], row[1]
        home = None
        for name, opened, closed in sessions:
            if opened <= start < closed:
                home = name
                break
        if home is None:
            counts["outside_session"] += 1
            continue
        slot = unique.setdefault((home, symbol), {})
        if start in slot:
            counts["duplicate"] += 1
        slot[start] = row
    smallest_gap = min(
        (
            later - earlier
            for slot in unique.values()
            for earlier, later in zip(sorted(slot), sorted(slot)[1:], strict=False)
        ),
        default=None,
    )
    if smallest_gap is not None and smallest_gap > interval * MINUTE:
        raise Refused("the interval is finer than the source")
    bars: dict[tuple[str, str], dict[int, Bar]] = {}
    for name, opened, closed in sessions:
        count = -((opened - closed) // (interval * MINUTE))
        for symbol in symbols:
            made: dict[int, Bar] = {}
            slot = unique.get((name, symbol), {})
            for start in sorted(slot):
                o, h, low, c = (r4(price) for price in slot[start][2:6])
                volume = slot[start][6]
                if not _valid(o, h, low, c, volume):
                    counts["invalid"] += 1
                    continue
                if volume == 0:
                    counts["zero_volume"] += 1
                number = (start - opened) // (interval * MINUTE)
                if number not in made:
                    made[number] = Bar(opened + number * interval * MINUTE, o, h, low, c, volume)
                else:
                    bar = made[number]
                    bar.high = max(bar.high, h)
                    bar.low = min(bar.low, low)
                    bar.close = c
                    bar.volume = bar.volume + volume
            counts["missing"] += count - len(made)
            bars[name, symbol] = made
    return bars, counts


def _valid(o: float, h: float, low: float, c: float, volume: float) -> bool:
    for price in (o, h, low, c):
        if not math.isfinite(price) or not price > 0:
            return False
    if h < max(o, c) or low > min(o, c):
        return False
    return math.isfinite(volume) and volume >= 0


class AverageTrueRange:
    """Wilder's ATR(14): the mean of the first 14 true ranges, then a thirteenth-weighted one."""

    def __init__(self) -> None:
        self.previous_close: float | None = None
        self.first_ranges: list[float] = []
        self.value: float | None = None

    def add(self, bar: Bar) -> None:
        """Take in one present bar."""
        if self.previous_close is not None:
            true_range = max(
                bar.high - bar.low,
                abs(bar.high - self.previous_close),
                abs(bar.low - self.previous_close),
            )
            if self.value is None:
                self.first_ranges.append(true_range)
                if len(self.first_ranges) == 14:
                    self.value = sum(self.first_ranges) / 14
            else:
                self.value = (self.value * 13 + true_range) / 14
        self.previous_close = bar.close


class Account:
    """Cash, positions and marks."""

    def __init__(self, symbols: Sequence[str], capital: float) -> None:
        self.symbols = list(symbols)
        self.cash = capital
        self.mark: dict[str, float] = {}
        self.positions: dict[str, dict[str, Any]] = {}
        self.pending: dict[str, dict[str, Any]] = {}

    def equity(self) -> float:
        """Return cash plus what the positions are worth, in the configured order."""
        worth = 0.0
        for symbol in self.symbols:
            if symbol in self.positions:
                held = self.positions[symbol]
                worth += held["sign"] * held["left"] * self.mark[symbol]
        return self.cash + worth

    def gross(self) -> float:
        """Return the sum of the positions' absolute worth."""
        total = 0.0
        for symbol in self.symbols:
            if symbol in self.positions:
                total += self.positions[symbol]["left"] * self.mark[symbol]
        return total

    def reserved(self) -> float:
        """Return what the pending entries would cost at their reference prices."""
        total = 0.0
        for symbol in self.symbols:
            if symbol in self.pending:
                order = self.pending[symbol]
                total += order["quantity"] * order["reference"]
        return total

    def buying_power(self) -> float:
        """Return what may still be bought, never below zero."""
        return max(0.0, self.equity() - self.gross() - self.reserved())


class ReferenceEngine:
    """The rules, one session after another, one bar after another."""

    def __init__(
        self,
        symbols: Sequence[str],
        sessions: Sequence[SessionTimes],
        bars: dict[tuple[str, str], dict[int, Bar]],
        interval: int,
        parameters: dict[str, Any],
        capital: float,
        first_traded: int,
    ) -> None:
        unknown = set(parameters) - set(DEFAULTS)
        if unknown:
            raise Refused(f"unknown parameters {sorted(unknown)}")
        self.p = {**DEFAULTS, **parameters}
        self.symbols = list(symbols)
        self.sessions = list(sessions)
        self.bars = bars
        self.interval = interval
        self.first_traded = first_traded
        self.account = Account(symbols, capital)
        self.atr = {symbol: AverageTrueRange() for symbol in symbols}
        self.past_volumes: dict[str, list[float]] = {symbol: [] for symbol in symbols}
        self.kept: dict[str, tuple[AverageTrueRange, list[float]]] = {}
        self.result = Result()
        self.judged = self._judge_all()
        self.range_bars = self.p["range_minutes"] // interval

    def _judge_all(self) -> dict[tuple[str, str], Judged]:
        """Return what the gate makes of every session of every symbol, by (session, symbol)."""
        step = self.interval * MINUTE
        counts = [-((opened - closed) // step) for _, opened, closed in self.sessions]
        judged = {}
        for symbol in self.symbols:
            days = [self.bars[name, symbol] for name, _, _ in self.sessions]
            for (name, _, _), day in zip(
                self.sessions, judge_symbol(days, counts, self.p), strict=True
            ):
                judged[name, symbol] = day
                for met in day.met.values():
                    for check in met:
                        self.result.gate[check] = self.result.gate.get(check, 0) + 1
        return judged

    def _forget(self, name: str, symbol: str, k: int) -> None:
        """Begin a symbol anew where the gate says so; keep what was, for the session's end."""
        if k in self.judged[name, symbol].forgets:
            if symbol not in self.kept:
                self.kept[symbol] = copy.deepcopy((self.atr[symbol], self.past_volumes[symbol]))
            self.atr[symbol] = AverageTrueRange()
            self.past_volumes[symbol] = []

    def _restore(self, name: str) -> None:
        for symbol, kept in self.kept.items():
            if self.judged[name, symbol].restores:
                self.atr[symbol], self.past_volumes[symbol] = kept
        self.kept = {}

    def run(self) -> Result:
        """Return what happens over all sessions."""
        for index, session in enumerate(self.sessions):
            if index < self.first_traded:
                self._warm(session)
            else:
                self._trade(session)
        return self.result

    def _warm(self, session: SessionTimes) -> None:
        for symbol in self.symbols:
            made = self.judged[session[0], symbol].accepted
            for number in sorted(made):
                self._forget(session[0], symbol, number)
                self.atr[symbol].add(made[number])
                self.past_volumes[symbol].append(made[number].volume)
        self._restore(session[0])

    def _trade(self, session: SessionTimes) -> None:
        self.name, self.opened, self.closed = session
        step = self.interval * MINUTE
        self.bar_count = -((self.opened - self.closed) // step)
        self.gate = {symbol: self.judged[self.name, symbol] for symbol in self.symbols}
        self.today = {symbol: self.gate[symbol].accepted for symbol in self.symbols}
        self.latched = False
        self.entries = dict.fromkeys(self.symbols, 0)
        self.orders_created = 0
        self.baseline = self.account.equity()
        self.flatten_bar = None
        for k in range(self.bar_count):
            if self._end(k) <= self.closed - self.p["flatten_minutes"] * MINUTE:
                self.flatten_bar = k
        for k in range(self.bar_count):
            self._step1_waiting_orders(k)
            self._step2_stops_and_targets(k)
            self._step3_marks(k)
            self._step4_trailing(k)
            self._step5_latch()
            self._step6_flatten_and_decide(k)
            self.result.equity.append(self.account.equity())
        for symbol in self.symbols:
            if symbol in self.account.positions:
                self._assume_close(symbol)
        self.account.pending.clear()
        self._restore(self.name)
        if self.bar_count:
            self.result.equity[-1] = self.account.equity()

    def _end(self, k: int) -> int:
        return min(self.opened + (k + 1) * self.interval * MINUTE, self.closed)

    # fills

    def _slipped(self, symbol: str, k: int, price: float, quantity: float, buying: bool) -> float:
        begun = max([number for number in self.gate[symbol].forgets if number <= k], default=0)
        earlier = [number for number in self.today[symbol] if begun <= number < k]
        volatility = 0.0
        if earlier:
            before = self.today[symbol][max(earlier)]
            volatility = self.p["volatility_factor"] * (before.high - before.low) / before.close
        volume = self.today[symbol][k].volume
        impact = 0.0
        if volume > 0:
            impact = self.p["impact_factor"] * math.sqrt(quantity / volume)
        s = self.p["slippage_bps"] / 10000 + volatility + impact
        return r4(price * (1 + s)) if buying else r4(price * (1 - s))

    def _cap(self, symbol: str, k: int) -> float:
        if self.p["max_participation"] == 0:
            return math.inf
        return math.floor(self.p["max_participation"] * self.today[symbol][k].volume)

    def _commission(self, quantity: int) -> float:
        return float(max(self.p["commission_per_share"] * quantity, self.p["commission_minimum"]))

    def _exit_part(self, symbol: str, k: int, quantity: int, price: float, leg: str) -> None:
        """Book one part of an exit at bar k, and the trade when nothing is left."""
        held = self.account.positions[symbol]
        price = max(price, 0.0001)
        fee = self._commission(quantity)
        self.account.cash += held["sign"] * quantity * price
        self.account.cash -= fee
        self.account.mark[symbol] = price
        start = self.opened + k * self.interval * MINUTE
        self.result.fills.append(
            {
                "session": self.name,
                "time": start,
                "symbol": symbol,
                "side": -held["sign"],
                "quantity": quantity,
                "price": price,
                "leg": leg,
                "commission": fee,
            }
        )
        held["left"] -= quantity
        held["fees"] += fee
        held["parts"].append((quantity, price))
        if leg == "assumed_close":
            held["exit_reason"] = "assumed_close"
        if held["left"] == 0:
            self._close_trade(symbol, start)

    def _close_trade(self, symbol: str, exit_time: int) -> None:
        held = self.account.positions.pop(symbol)
        quantity = held["quantity"]
        gained = sum(q * (price - held["entry"]) * held["sign"] for q, price in held["parts"])
        pnl = gained - held["fees"]
        risk = abs(held["entry"] - held["initial_stop"])
        self.result.trades.append(
            {
                "session": self.name,
                "symbol": symbol,
                "side": "long" if held["sign"] > 0 else "short",
                "quantity": quantity,
                "entry_time": held["entry_time"],
                "entry_price": held["entry"],
                "exit_time": exit_time,
                "exit_price": r4(sum(q * price for q, price in held["parts"]) / quantity),
                "exit_reason": held["exit_reason"],
                "pnl": pnl,
                "pnl_pct": pnl / (quantity * held["entry"]),
                "r_multiple": pnl / quantity / risk if risk > 0 else None,
                "initial_stop": held["initial_stop"],
            }
        )

    # the six steps of a bar

    def _step1_waiting_orders(self, k: int) -> None:
        for symbol in self.symbols:
            held = self.account.positions.get(symbol)
            if held is None or held["exit_reason"] is None or k not in self.today[symbol]:
                continue
            quantity = int(min(held["left"], self._cap(symbol, k)))
            if quantity >= 1:
                price = self._slipped(
                    symbol, k, self.today[symbol][k].open, quantity, held["sign"] < 0
                )
                self._exit_part(symbol, k, quantity, price, "exit")
        for symbol in self.symbols:
            if symbol in self.account.pending and k in self.today[symbol]:
                self._fill_entry(symbol, k, self.account.pending.pop(symbol))

    def _fill_entry(self, symbol: str, k: int, order: dict[str, Any]) -> None:
        quantity = int(min(order["quantity"], self._cap(symbol, k)))
        if quantity < 1:
            self.result.dropped.append((self.name, k, symbol, "no_volume"))
            return
        sign = order["sign"]
        price = self._slipped(symbol, k, self.today[symbol][k].open, quantity, sign > 0)
        price = max(price, 0.0001)
        affordable = math.floor((self.account.equity() - self.account.gross()) / price)
        quantity = min(quantity, affordable)
        if quantity < 1:
            self.result.dropped.append((self.name, k, symbol, "insufficient_funds"))
            return
        fee = self._commission(quantity)
        self.account.cash -= sign * quantity * price
        self.account.cash -= fee
        self.account.mark[symbol] = price
        self.entries[symbol] += 1
        distance = order["target_distance"]
        target = None
        if distance is not None:
            rounded = tick_down if sign > 0 else tick_up
            target = rounded(price + sign * distance, self.p["tick"])
        start = self.opened + k * self.interval * MINUTE
        self.account.positions[symbol] = {
            "sign": sign,
            "quantity": quantity,
            "left": quantity,
            "entry": price,
            "entry_time": start,
            "stop": order["stop"],
            "initial_stop": order["stop"],
            "target": target,
            "exit_reason": None,
            "fees": fee,
            "parts": [],
        }
        self.result.fills.append(
            {
                "session": self.name,
                "time": start,
                "symbol": symbol,
                "side": sign,
                "quantity": quantity,
                "price": price,
                "leg": "entry",
                "commission": fee,
            }
        )

    def _step2_stops_and_targets(self, k: int) -> None:
        for symbol in self.symbols:
            held = self.account.positions.get(symbol)
            if held is None or held["exit_reason"] is not None or k not in self.today[symbol]:
                continue
            bar = self.today[symbol][k]
            stop, target = held["stop"], held["target"]
            if held["sign"] > 0:
                stopped = bar.low <= stop
                reached = target is not None and bar.high >= target
                stop_price = min(bar.open, stop)
                target_price = max(bar.open, target) if reached else 0.0
            else:
                stopped = bar.high >= stop
                reached = target is not None and bar.low <= target
                stop_price = max(bar.open, stop)
                target_price = min(bar.open, target) if reached else 0.0
            if not stopped and not reached:
                continue
            leg = "stop" if stopped else "target"
            held["exit_reason"] = leg
            quantity = int(min(held["left"], self._cap(symbol, k)))
            if quantity < 1:
                continue
            if stopped:
                price = self._slipped(symbol, k, stop_price, quantity, held["sign"] < 0)
            else:
                price = r4(target_price)
            self._exit_part(symbol, k, quantity, price, leg)

    def _step3_marks(self, k: int) -> None:
        for symbol in self.symbols:
            if k in self.today[symbol]:
                self.account.mark[symbol] = self.today[symbol][k].close

    def _step4_trailing(self, k: int) -> None:
        for symbol, held in self.account.positions.items():
            if held["exit_reason"] is not None or k not in self.today[symbol]:
                continue
            sign, entry = held["sign"], held["entry"]
            bar = self.today[symbol][k]
            move = bar.high - entry if sign > 0 else entry - bar.low
            risk = abs(entry - held["initial_stop"])
            levels = []
            if self.p["trailing"] == "breakeven" and move >= self.p["trail_trigger_r"] * risk:
                levels.append(entry + sign * self.p["trail_plus"])
            if self.p["trailing"] == "stepped":
                for at_r, stop_r in self.p["trail_steps"]:
                    if move >= at_r * risk:
                        levels.append(entry + sign * (stop_r * risk))
            for level in levels:
                if sign > 0:
                    held["stop"] = max(held["stop"], tick_down(level, self.p["tick"]))
                else:
                    held["stop"] = min(held["stop"], tick_up(level, self.p["tick"]))

    def _step5_latch(self) -> None:
        equity = self.account.equity()
        lost = equity <= self.baseline * (1 - self.p["max_daily_loss_pct"])
        if not self.latched and (lost or not math.isfinite(equity)):
            self.latched = True
            self.result.latched_sessions.append(self.name)
            self._leave_everything("latch")

    def _leave_everything(self, reason: str) -> None:
        self.account.pending.clear()
        for held in self.account.positions.values():
            if held["exit_reason"] is None:
                held["exit_reason"] = reason

    def _step6_flatten_and_decide(self, k: int) -> None:
        if k == self.flatten_bar:
            self._leave_everything("flatten")
        for symbol in self.symbols:
            if self.gate[symbol].met.get(k) in (["spike"], ["jump"]):
                self.account.pending.pop(symbol, None)
        for symbol in self.symbols:
            self._forget(self.name, symbol, k)
            bar = self.today[symbol].get(k)
            if bar is not None:
                self.atr[symbol].add(bar)
            if k >= self.range_bars:
                self.result.decisions[self.name, k, symbol] = self._decide(symbol, k)
            if bar is not None:
                self.past_volumes[symbol].append(bar.volume)

    def _assume_close(self, symbol: str) -> None:
        held = self.account.positions[symbol]
        last = max(self.today[symbol])
        quantity = held["left"]
        price = self._slipped(
            symbol, last, self.today[symbol][last].close, quantity, held["sign"] < 0
        )
        self._exit_part(symbol, last, quantity, price, "assumed_close")

    # the decision

    def _decide(self, symbol: str, k: int) -> str:
        p, account = self.p, self.account
        bar = self.today[symbol].get(k)
        if self.latched:
            return "latched"
        if k in self.gate[symbol].reasons:
            return self.gate[symbol].reasons[k]
        if symbol in account.positions:
            return "position_open"
        if symbol in account.pending:
            return "order_pending"
        if bar is None:
            return "bar_missing"
        if any(number not in self.today[symbol] for number in range(self.range_bars)):
            return "range_incomplete"
        opening = [self.today[symbol][number] for number in range(self.range_bars)]
        range_high = max(each.high for each in opening)
        range_low = min(each.low for each in opening)
        if range_high == range_low:
            return "range_flat"
        if self.entries[symbol] >= p["max_entries"]:
            return "max_entries"
        too_late = self._end(k) > self.closed - p["entry_cutoff_minutes"] * MINUTE
        if too_late or self.flatten_bar is None or k >= self.flatten_bar:
            return "after_cutoff"
        sign = self._side(bar, range_high, range_low)
        if sign == 0:
            return "no_breakout"
        if sign < 0 and not p["allow_short"]:
            return "short_disabled"
        body = 0.0
        if bar.high != bar.low:
            body = sign * (bar.close - bar.open) / (bar.high - bar.low)
        if body < p["min_body"]:
            return "weak_body"
        reference = bar.close
        if p["max_extension"] > 0:
            beyond = reference - range_high if sign > 0 else range_low - reference
            if beyond > p["max_extension"] * (range_high - range_low):
                return "too_extended"
        atr = self.atr[symbol].value
        if "atr" in (p["stop"], p["target"]) and atr is None:
            return "indicator_warming_up"
        before = self.past_volumes[symbol][-20:]
        if p["volume_filter"]:
            if len(before) < 20:
                return "indicator_warming_up"
            if not bar.volume >= p["volume_threshold"] * (sum(before) / 20):
                return "low_volume"
        if p["stop"] == "atr":
            assert atr is not None
            level = reference - sign * (p["stop_atr"] * atr)
        else:
            level = range_low if sign > 0 else range_high
        stop = tick_down(level, p["tick"]) if sign > 0 else tick_up(level, p["tick"])
        risk = reference - stop if sign > 0 else stop - reference
        if risk <= 0:
            return "stop_not_protective"
        if len(account.positions) + len(account.pending) >= p["max_positions"]:
            return "max_positions"
        if self.orders_created >= p["max_orders_per_session"]:
            return "order_rate"
        equity = account.equity()
        size = min(
            p["risk_per_trade"] * equity / risk,
            p["max_position_pct"] * equity / reference,
            account.buying_power() / reference,
        )
        if math.floor(size) < 1:
            return "size_below_one"
        distance = None
        if p["target"] == "range":
            distance = p["target_multiple"] * (range_high - range_low)
        elif p["target"] == "atr":
            assert atr is not None
            distance = p["target_multiple"] * atr
        account.pending[symbol] = {
            "sign": sign,
            "quantity": math.floor(size),
            "reference": reference,
            "stop": stop,
            "target_distance": distance,
        }
        self.orders_created += 1
        return "enter_long" if sign > 0 else "enter_short"

    def _side(self, bar: Bar, range_high: float, range_low: float) -> int:
        up, down = bar.close, bar.close
        if self.p["breakout_on"] == "wick":
            up, down = bar.high, bar.low
        above = up > range_high + self.p["breakout_buffer"]
        below = down < range_low - self.p["breakout_buffer"]
        if above and below:
            return 1 if r4(bar.high - bar.open) >= r4(bar.open - bar.low) else -1
        return 1 if above else -1 if below else 0


def run_reference(
    rows: Iterable[Row],
    sessions: Sequence[SessionTimes],
    symbols: Sequence[str],
    *,
    interval: int = 5,
    capital: float = 10_000.0,
    first_traded: int = 0,
    **parameters: Any,
) -> Result:
    """Return what the rules make of these rows."""
    bars, _ = load(rows, sessions, symbols, interval)
    return ReferenceEngine(
        symbols, sessions, bars, interval, parameters, capital, first_traded
    ).run()
