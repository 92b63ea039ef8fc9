"""A slow and plain implementation of the trading rules, written from their page alone.

Nothing here is imported from `trading`, and nothing is shared with it but the page. Rows, bars and
times are those of `bars`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from tests.oracle.reference.account import Account, Order, Position, Result, trade_of
from tests.oracle.reference.bars import (
    MINUTE,
    Bar,
    DailyRow,
    Row,
    SessionTimes,
    calendar_sessions,
    load,
    load_days,
    r4,
)
from tests.oracle.reference.gate import Judged, judge_symbol
from tests.oracle.reference.orb import OpeningRangeBreakout
from tests.oracle.reference.parameters import checked_parameters
from tests.oracle.reference.past import Past, daily_atr, daily_volume
from tests.oracle.reference.selection import Candidate, judged
from tests.oracle.reference.strategy import Strategy, Wanted

# What forbids entries at a bar and leaves an order that rests.
LEAVES_A_RESTING_ORDER = ("data_gate:stale", "data_gate:zero_volume")


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
        file_days: dict[str, dict[str, Bar]] | None = None,
        strategy: Strategy | None = None,
    ) -> None:
        self.p = checked_parameters(parameters, interval)
        self.strategy: Strategy = strategy or OpeningRangeBreakout()
        self.symbols = list(symbols)
        self.sessions = list(sessions)
        self.bars = bars
        self.interval = interval
        self.first_traded = first_traded
        self.file_days = file_days
        self.range_bars = self.p["range_minutes"] // interval
        self.account = Account(symbols, capital, self.p["leverage"])
        self.past = {symbol: Past(self.range_bars) for symbol in symbols}
        self.kept: dict[str, Past] = {}
        self.peak = capital
        self.is_halted = False
        self.result = Result()
        self.judged = self._judge_all()

    def _judge_all(self) -> dict[tuple[str, str], Judged]:
        """Return what the gate makes of every session of every symbol, by (session, symbol)."""
        step = self.interval * MINUTE
        counts = [-((opened - closed) // step) for _, opened, closed in self.sessions]
        verdicts = {}
        for symbol in self.symbols:
            days = [self.bars[name, symbol] for name, _, _ in self.sessions]
            for (name, _, _), day in zip(
                self.sessions, judge_symbol(days, counts, self.p), strict=True
            ):
                verdicts[name, symbol] = day
                for met in day.met.values():
                    for check in met:
                        self.result.gate[check] = self.result.gate.get(check, 0) + 1
        return verdicts

    def run(self) -> Result:
        """Return what happens over all sessions."""
        for index, session in enumerate(self.sessions):
            self.begin(session)
            for k in range(self.bar_count):
                if index < self.first_traded:
                    self.remember(k)
                else:
                    self._trade_bar(k)
            if index >= self.first_traded:
                self._close_the_books()
            self.end_session()
        return self.result

    def begin(self, session: SessionTimes) -> None:
        """Begin a session; the account stays as it is."""
        self.name, self.opened, self.closed = session
        step = self.interval * MINUTE
        self.bar_count = -((self.opened - self.closed) // step)
        self.gate = {symbol: self.judged[self.name, symbol] for symbol in self.symbols}
        self.today = {symbol: self.gate[symbol].accepted for symbol in self.symbols}
        self.is_latched = False
        self.entries = dict.fromkeys(self.symbols, 0)
        self.orders_created = 0
        self.baseline = self.account.equity()
        self.unselected: dict[str, str] = {}
        self.relative_volumes: dict[str, float | None] = dict.fromkeys(self.symbols)
        self.flatten_bar = None
        for k in range(self.bar_count):
            if self._end(k) <= self.closed - self.p["flatten_minutes"] * MINUTE:
                self.flatten_bar = k

    def _end(self, k: int) -> int:
        return min(self.opened + (k + 1) * self.interval * MINUTE, self.closed)

    def _trade_bar(self, k: int) -> None:
        self._step1_waiting_orders(k)
        self._step2_stops_and_targets(k)
        self._step2a_entries_inside(k)
        self._step3_marks(k)
        self.remember(k)
        self._step4_trailing(k)
        self._step5_latch_and_drawdown()
        self._step6_decide(k)
        self.result.equity.append(self.account.equity())

    def _close_the_books(self) -> None:
        for symbol in self.symbols:
            if symbol in self.account.positions:
                self._assume_close(symbol)
        self.account.pending.clear()
        if self.bar_count:
            self.result.equity[-1] = self.account.equity()
            self.peak = max(self.peak, self.result.equity[-1])

    # what is remembered of the bars

    def remember(self, k: int) -> None:
        """Take bar k into every symbol's past, begun anew where the gate says so."""
        end = self._end(k)
        for symbol in self.symbols:
            if k in self.gate[symbol].forgets:
                self._forget(symbol, k)
            if k in self.today[symbol]:
                self.past[symbol].add(k, self.today[symbol][k])
            self.past[symbol].pass_time((end - self.opened) // MINUTE, end == self.closed)

    def _forget(self, symbol: str, k: int) -> None:
        """Begin a symbol anew; keep what was, for the session's end."""
        if symbol not in self.kept:
            self.kept[symbol] = copy.deepcopy(self.past[symbol])
        # Of a file the rows before the session are forgotten; its own too where a level is new.
        is_new_level = "new_level" in self.gate[symbol].met[k]
        counts_from = self.name + "+" if is_new_level else self.name
        self.past[symbol] = Past(
            self.range_bars, daily_from=max(counts_from, self.past[symbol].daily_from)
        )

    def end_session(self) -> None:
        """Restore what the gate says was no error, and end the day of every past."""
        for symbol, kept in self.kept.items():
            if self.gate[symbol].restores:
                self.past[symbol] = kept
        self.kept = {}
        for symbol in self.symbols:
            self.past[symbol].pass_time(0, is_session_end=True)
            self.past[symbol].end_session()

    def days(self, symbol: str) -> list[Bar]:
        """Return the daily bars that count in this session, oldest first."""
        past = self.past[symbol]
        if self.file_days is None:
            return past.days
        file = self.file_days[symbol]
        return [file[day] for day in sorted(file) if past.daily_from <= day < self.name]

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

    def _commission(self, quantity: int, price: float, buying: bool) -> float:
        """Return commission and, of what sells, the fees."""
        p = self.p
        paid = float(max(p["commission_per_share"] * quantity, p["commission_minimum"]))
        if not buying:
            paid += p["sec_fee_per_million"] * (quantity * price) / 1_000_000 + min(
                p["taf_per_share"] * quantity, p["taf_maximum"]
            )
        return paid

    def _book(
        self, symbol: str, k: int, sign: int, quantity: int, price: float, leg: str
    ) -> tuple[int, float]:
        """Book a fill; return the START of its bar and what it cost."""
        paid = self._commission(quantity, price, sign > 0)
        self.account.cash -= sign * quantity * price
        self.account.cash -= paid
        self.account.mark[symbol] = price
        start = self.opened + k * self.interval * MINUTE
        self.result.fills.append(
            {
                "session": self.name,
                "time": start,
                "symbol": symbol,
                "side": sign,
                "quantity": quantity,
                "price": price,
                "leg": leg,
                "commission": paid,
            }
        )
        return start, paid

    def _exit_part(self, symbol: str, k: int, quantity: int, price: float, leg: str) -> None:
        """Book one part of an exit at bar k, and the trade when nothing is left."""
        held = self.account.positions[symbol]
        price = max(price, 0.0001)
        start, paid = self._book(symbol, k, -held.sign, quantity, price, leg)
        held.left -= quantity
        held.fees += paid
        held.parts.append((quantity, price))
        if leg == "assumed_close":
            held.exit_reason = "assumed_close"
        if held.left == 0:
            del self.account.positions[symbol]
            self.result.trades.append(trade_of(self.name, symbol, held, start))

    def _fill_entry(self, symbol: str, k: int, at: float, is_inside: bool) -> None:
        """Fill a symbol's entry order at a price, or drop it."""
        order = self.account.pending.pop(symbol)
        sign = order.wanted.sign
        quantity = int(min(order.quantity, self._cap(symbol, k)))
        if quantity < 1:
            self.result.dropped.append((self.name, k, symbol, "no_volume"))
            return
        price = at
        if order.wanted.order != "limit":
            price = max(self._slipped(symbol, k, at, quantity, sign > 0), 0.0001)
        account = self.account
        room = self.p["leverage"] * account.equity() - account.gross()
        quantity = min(quantity, math.floor(room / price))
        if quantity < 1:
            self.result.dropped.append((self.name, k, symbol, "insufficient_funds"))
            return
        start, paid = self._book(symbol, k, sign, quantity, price, "entry")
        self.entries[symbol] += 1
        account.positions[symbol] = Position(
            sign=sign,
            quantity=quantity,
            left=quantity,
            entry=price,
            entry_time=start,
            initial_stop=order.wanted.stop,
            stop=order.wanted.stop,
            target=order.wanted.target_of(price, self.p["tick"]),
            fees=paid,
            is_filled_inside=is_inside,
        )

    def _assume_close(self, symbol: str) -> None:
        held = self.account.positions[symbol]
        last = max(self.today[symbol])
        close = self.today[symbol][last].close
        price = self._slipped(symbol, last, close, held.left, held.sign < 0)
        self._exit_part(symbol, last, held.left, price, "assumed_close")

    # the steps of a bar

    def _step1_waiting_orders(self, k: int) -> None:
        for symbol in self.symbols:
            held = self.account.positions.get(symbol)
            if held is None or held.exit_reason is None or k not in self.today[symbol]:
                continue
            quantity = int(min(held.left, self._cap(symbol, k)))
            if quantity >= 1:
                opened = self.today[symbol][k].open
                price = self._slipped(symbol, k, opened, quantity, held.sign < 0)
                self._exit_part(symbol, k, quantity, price, "exit")
        for symbol in self.symbols:
            order = self.account.pending.get(symbol)
            if order is None or k not in self.today[symbol]:
                continue
            opened = self.today[symbol][k].open
            if order.wanted.level is None or order.wanted.is_reached(opened):
                self._fill_entry(symbol, k, opened, is_inside=False)

    def _step2_stops_and_targets(self, k: int) -> None:
        for symbol in self.symbols:
            held = self.account.positions.get(symbol)
            if held is None or held.exit_reason is not None or k not in self.today[symbol]:
                continue
            bar = self.today[symbol][k]
            stop, target = held.stop, held.target
            if held.sign > 0:
                stopped = bar.low <= stop
                reached = target is not None and bar.high >= target
                stop_price = min(bar.open, stop)
                target_price = max(bar.open, target) if target is not None else 0.0
            else:
                stopped = bar.high >= stop
                reached = target is not None and bar.low <= target
                stop_price = max(bar.open, stop)
                target_price = min(bar.open, target) if target is not None else 0.0
            if stopped:
                self._fire(symbol, k, "stop", stop_price)
            elif reached:
                self._fire(symbol, k, "target", target_price)

    def _fire(self, symbol: str, k: int, leg: str, at: float) -> None:
        """Fill what a stop or target may take of this bar; the rest is a waiting exit."""
        held = self.account.positions[symbol]
        held.exit_reason = leg
        quantity = int(min(held.left, self._cap(symbol, k)))
        if quantity < 1:
            return
        price = r4(at)
        if leg == "stop":
            price = self._slipped(symbol, k, at, quantity, held.sign < 0)
        self._exit_part(symbol, k, quantity, price, leg)

    def _step2a_entries_inside(self, k: int) -> None:
        for symbol in self.symbols:
            order = self.account.pending.get(symbol)
            if order is None or order.wanted.level is None or k not in self.today[symbol]:
                continue
            bar = self.today[symbol][k]
            if not order.wanted.is_reached(bar.high if order.wanted.waits_above() else bar.low):
                continue
            self._fill_entry(symbol, k, order.wanted.level, is_inside=True)
            held = self.account.positions.get(symbol)
            if held is None:
                continue
            # Where in the bar it was bought nobody knows: its worst price may have come after.
            stopped = bar.low <= held.stop if held.sign > 0 else bar.high >= held.stop
            if stopped:
                self._fire(symbol, k, "stop", held.stop)

    def _step3_marks(self, k: int) -> None:
        for symbol in self.symbols:
            if k in self.today[symbol]:
                self.account.mark[symbol] = self.today[symbol][k].close

    def _step4_trailing(self, k: int) -> None:
        start = self.opened + k * self.interval * MINUTE
        for symbol, held in self.account.positions.items():
            if held.exit_reason is not None or k not in self.today[symbol]:
                continue
            if held.is_filled_inside and held.entry_time == start:
                continue
            bar, sign = self.today[symbol][k], held.sign
            extreme = bar.high if sign > 0 else bar.low
            if held.best is None or sign * extreme > sign * held.best:
                held.best = extreme
            for level in self._trailing_levels(symbol, held, sign * (extreme - held.entry)):
                held.trail_to(level, self.p["tick"])

    def _trailing_levels(self, symbol: str, held: Position, move: float) -> list[float]:
        p, kind, sign = self.p, self.p["trailing"], held.sign
        best, atr = held.best, self.past[symbol].atr.value
        assert best is not None
        if kind == "breakeven" and move >= p["trail_trigger_r"] * held.risk():
            return [held.entry + sign * p["trail_plus"]]
        if kind == "stepped":
            return [
                held.entry + sign * (stop_r * held.risk())
                for at_r, stop_r in p["trail_steps"]
                if move >= at_r * held.risk()
            ]
        if kind == "atr" and atr is not None:
            return [best - sign * (p["trail_atr"] * atr)]
        if kind == "dollars":
            return [best - sign * p["trail_dollars"]]
        if kind == "percent":
            return [best * (1 - sign * p["trail_pct"])]
        return []

    def _step5_latch_and_drawdown(self) -> None:
        equity = self.account.equity()
        lost = equity <= self.baseline * (1 - self.p["max_daily_loss_pct"])
        if not self.is_latched and (lost or not math.isfinite(equity)):
            self.is_latched = True
            self.result.latched_sessions.append(self.name)
            self.account.leave_everything("latch")
        drawdown = self.p["max_drawdown_pct"]
        if drawdown > 0 and not self.is_halted and equity <= (1 - drawdown) * self.peak:
            self.is_halted = True
            self.result.halted_in = self.name
            self.account.leave_everything("latch")

    def _step6_decide(self, k: int) -> None:
        if k == self.flatten_bar:
            self.account.leave_everything("flatten")
        for symbol, held in self.account.positions.items():
            bar = self.today[symbol].get(k)
            if bar is None or held.exit_reason is not None:
                continue
            if self.strategy.leaves(self, symbol, bar, held.sign):
                held.exit_reason = "signal"
        for symbol in list(self.account.pending):
            if self._is_cancelled(symbol, k):
                del self.account.pending[symbol]
        if k == self.range_bars - 1:
            self._select(k)
        if k >= self.strategy.first_decision(self):
            for symbol in self.symbols:
                self._numbers: dict[str, float] = {}
                self.result.decisions[self.name, k, symbol] = self._decide(symbol, k)
                self.result.numbers[self.name, k, symbol] = self._numbers

    def _is_cancelled(self, symbol: str, k: int) -> bool:
        """Return whether an entry may no longer wait after this close."""
        order = self.account.pending[symbol]
        if order.wanted.level is None:
            return self.gate[symbol].met.get(k) in (["spike"], ["jump"])
        order.closes_left -= 1
        if order.closes_left == 0:
            return True
        early = self._early_reason(symbol, k)
        if early is not None and early not in LEAVES_A_RESTING_ORDER:
            return True
        return self._is_too_late(k)

    def _is_too_late(self, k: int) -> bool:
        after_cutoff = self._end(k) > self.closed - self.p["entry_cutoff_minutes"] * MINUTE
        return after_cutoff or self.flatten_bar is None or k >= self.flatten_bar

    def opening(self, symbol: str) -> list[Bar] | None:
        """Return the bars of a symbol's opening range, None where one is missing."""
        bars = [self.today[symbol].get(number) for number in range(self.range_bars)]
        present = [bar for bar in bars if bar is not None]
        return present if len(present) == self.range_bars else None

    def _select(self, k: int) -> None:
        candidates = []
        for symbol in self.symbols:
            first, opening = self.today[symbol].get(0), self.opening(symbol)
            relative = self.past[symbol].relative_opening_volume()
            self.relative_volumes[symbol] = relative
            is_flat = opening is not None and (
                max(bar.high for bar in opening) == min(bar.low for bar in opening)
            )
            candidates.append(
                Candidate(
                    symbol,
                    first.open if first is not None else None,
                    daily_atr(self.days(symbol)),
                    daily_volume(self.days(symbol)),
                    relative,
                    opening is not None and not is_flat,
                )
            )
        self.unselected = judged(candidates, self.p)

    # the decision

    def _early_reason(self, symbol: str, k: int) -> str | None:
        """Return the reason that comes before `position_open`, if any applies."""
        if self.is_halted:
            return "halted"
        if self.is_latched:
            return "latched"
        return self.gate[symbol].reasons.get(k)

    def _decide(self, symbol: str, k: int) -> str:
        early = self._early_reason(symbol, k)
        if early is not None:
            return early
        if symbol in self.account.positions:
            return "position_open"
        if symbol in self.account.pending:
            return "order_pending"
        bar = self.today[symbol].get(k)
        if bar is None:
            return "bar_missing"
        wanted = self.strategy.wanted(self, symbol, k, bar)
        return wanted if isinstance(wanted, str) else self._place(symbol, bar, wanted)

    def spent(self, symbol: str, k: int) -> str | None:
        """Return why a symbol enters no more today, if it does not."""
        if self.entries[symbol] >= self.p["max_entries"]:
            return "max_entries"
        return "after_cutoff" if self._is_too_late(k) else None

    def show(self, name: str, number: float) -> None:
        """Let the decision in hand show a number."""
        self._numbers[name] = number

    def _place(self, symbol: str, bar: Bar, wanted: Wanted) -> str:
        """Return the reason of an entry on this side, its order created where nothing forbids."""
        p, account, sign = self.p, self.account, wanted.sign
        if p["validation"]:
            score = self.past[symbol].score(sign)
            self.show("score", score)
            if score < p["validation_threshold"]:
                return "validation_failed"
        reference = bar.close
        if wanted.level is not None:
            reference = wanted.level
            self.show("level", wanted.level)
        risk = reference - wanted.stop if sign > 0 else wanted.stop - reference
        if not risk > 0:
            return "stop_not_protective"
        if len(account.positions) + len(account.pending) >= p["max_positions"]:
            return "max_positions"
        if self.orders_created >= p["max_orders_per_session"]:
            return "order_rate"
        quantity = self._quantity(reference, risk) if reference > 0 else 0
        if quantity < 1:
            return "size_below_one"
        closes_left = wanted.lifetime_bars or math.inf
        account.pending[symbol] = Order(quantity, reference, wanted, closes_left)
        self.orders_created += 1
        return "enter_long" if sign > 0 else "enter_short"

    def _quantity(self, reference: float, risk: float) -> int:
        p, equity = self.p, self.account.equity()
        if p["sizing"] == "fixed_shares":
            wanted = p["shares"]
        elif p["sizing"] == "fixed_risk":
            wanted = p["risk_usd"] / risk
        else:
            wanted = p["risk_per_trade"] * equity / risk
        limits = [
            wanted,
            p["max_position_pct"] * equity / reference,
            self.account.buying_power() / reference,
        ]
        if p["max_shares"] > 0:
            limits.append(p["max_shares"])
        return math.floor(min(limits))


def run_reference(
    rows: Iterable[Row],
    sessions: Sequence[SessionTimes],
    symbols: Sequence[str],
    *,
    interval: int = 5,
    capital: float = 10_000.0,
    first_traded: int = 0,
    daily: Sequence[DailyRow] | None = None,
    exchange: str = "NYSE",
    **parameters: Any,
) -> Result:
    """Return what the rules make of these rows, and of a file's days where there is one."""
    bars, _ = load(rows, sessions, symbols, interval)
    file_days = days_of_file(daily, exchange, symbols)
    return ReferenceEngine(
        symbols, sessions, bars, interval, parameters, capital, first_traded, file_days
    ).run()


def days_of_file(
    daily: Sequence[DailyRow] | None, exchange: str, symbols: Sequence[str]
) -> dict[str, dict[str, Bar]] | None:
    """Return the days of a file's rows by symbol and date, None where there is no file."""
    if not daily:
        return None if daily is None else {symbol: {} for symbol in symbols}
    dates = sorted(row[1] for row in daily)
    first, last = date.fromisoformat(dates[0]), date.fromisoformat(dates[-1])
    known = {name for name, _, _ in calendar_sessions(exchange, first, last)}
    days, _ = load_days(daily, known, symbols)
    return days
