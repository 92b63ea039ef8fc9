"""The reporter: takes a session's events into its state and says what people should hear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trading.counted import counted, first_of
from trading.engine.book import BASELINE, PEAK
from trading.engine.tapes.trade_tape import FILLS, TRADES
from trading.errors import BadInput
from trading.reasons import Reason
from trading.session.broker.answers import in_words
from trading.session.cold_values import cold_values
from trading.session.events import (
    BarClosed,
    Command,
    Event,
    Fill,
    Intent,
    OrderUpdate,
    SessionClosed,
    Unprotected,
)
from trading.session.messages.message import (
    MOST_NAMED,
    Kind,
    MarketMessage,
    Message,
    RangeLevel,
    RangeMessage,
    SummaryMessage,
    system_message,
)
from trading.session.messages.order_reporter import OrderReporter, Place
from trading.session.protection.gap_message import gap_message
from trading.session.state import SessionState
from trading.strategies.orb import RANGE_BARS, RANGE_HIGH, RANGE_LOW
from trading.strategies.orb_parameters import OrbNumbers


class Reporter:
    """Adds to `messages` in the order of the events; what changed nothing is not reported."""

    def __init__(self, state: SessionState, place: Place) -> None:
        self.messages: list[Message] = []
        self._state = state
        self._place = place
        self._session = state.session.date.isoformat()
        self._orders = OrderReporter(state, place)
        self._warnings = 0
        self._opened: dict[int, float] = {}
        self._closed: dict[int, float] = {}

    def take(self, event: Event) -> None:
        """Apply an event to the state and report what it changed."""
        state = self._state
        match event:
            case Intent():
                is_new = event.client_order_id not in state.orders
                state.apply(event)
                if is_new and event.action == "submit":
                    self.add(self._orders.sent(event))
            case Fill():
                fills, trades = (int(state.tape.counts[n]) for n in (FILLS, TRADES))
                order_price = self._orders.price_of(event.client_order_id)
                state.apply(event)
                if int(state.tape.counts[FILLS]) > fills:
                    self.add(self._orders.filled(event, order_price))
                for number in range(trades, int(state.tape.counts[TRADES])):
                    self.add(self._orders.traded(number))
            case OrderUpdate():
                before = state.orders.get(event.client_order_id)
                refused = self._refused_for_good()
                state.apply(event)
                ended = self._orders.ended(event, before)
                if ended is not None:
                    self.add(ended)
                for text, reason in self._refused_for_good().items() - refused.items():
                    self._warn(text, in_words(reason))
            case BarClosed():
                last, limits = state.last_bar, (state.is_latched, state.is_in_drawdown)
                had_failed = state.mistake is not None
                state.apply(event)
                if state.last_bar > last:
                    self._bar_closed(event)
                    self._tell_limits(*limits)
                if state.mistake is not None and not had_failed:
                    self._strategy_failed(state.mistake)
            case SessionClosed():
                was_closed = state.is_closed
                state.apply(event)
                if not was_closed:
                    self._session_closed(event)
            case Unprotected():
                state.apply(event)
                told = gap_message(event, self._session, self._place.account, self._orders.now())
                if told is not None:
                    self.add(told)
            case Command():
                state.apply(event)
                is_withdrawn = event.command == "withdraw"
                said = f"{event.command} was asked for"
                self._warn(
                    "entries that rest are withdrawn" if is_withdrawn else said, event.reason
                )
            case _:
                state.apply(event)

    def _refused_for_good(self) -> dict[str, str]:
        """Return what the broker does not let be entered any more, with its reason."""
        protection = self._state.protection
        return {
            f"{symbol} is not entered again in this session": why
            for symbol, why in protection.refused_entries.items()
        } | {
            f"{symbol} is not sold short again in this session": why
            for symbol, why in protection.refused_shorts.items()
        }

    def add(self, message: Message) -> None:
        """Report something that no event of the session says."""
        self.messages.append(message)

    def started(self, blocked: dict[str, str], changes: Sequence[str] = ()) -> None:
        """Report that the session is ready to trade, or what keeps symbols from it.

        `changes` are what of its plan is another than in the session before.
        """
        state = self._state
        symbols, minutes = state.plan.symbols, counted(state.plan.interval_minutes, "minute")
        details = [
            f"{counted(len(symbols), 'symbol')}: {first_of(symbols, MOST_NAMED)}",
            f"strategy {state.plan.strategy_name}, bars of {minutes}",
            f"equity {float(state.book.money[BASELINE]):,.2f} USD",
        ]
        details += [f"changed: {change}" for change in changes]
        details += [f"{symbol} is blocked: {difference}" for symbol, difference in blocked.items()]
        if state.halt.is_halted:
            details.append(f"halted: {state.halt.reason}")
        cold = cold_values(state)
        details += cold
        status = "degraded" if blocked or cold or state.halt.is_halted else "healthy"
        self.add(self._market(Kind.MARKET_START, state.session.open, status, details))

    def _bar_closed(self, bar: BarClosed) -> None:
        numbers = self._state.numbers
        if isinstance(numbers, OrbNumbers) and bar.bar < numbers.range_bars:
            for s, (opened, closed) in enumerate(zip(bar.open, bar.close, strict=True)):
                if opened is not None and closed is not None:
                    self._opened.setdefault(s, opened)
                    self._closed[s] = closed
            if bar.bar == numbers.range_bars - 1:
                self.add(
                    RangeMessage(
                        f"{self._session}-orb",
                        Kind.ORB_ESTABLISHED,
                        self._orders.now(),
                        self._levels(),
                        self._place.account,
                    )
                )

    def _tell_limits(self, was_latched: bool, was_in_drawdown: bool) -> None:
        state = self._state
        if state.is_latched and not was_latched:
            self._warn(
                "the day's loss limit is reached",
                "everything is left, and nothing is entered until the next session",
            )
        if state.is_in_drawdown and not was_in_drawdown:
            peak, worth = float(state.book.money[PEAK]), state.equity_points[-1][1]
            self._warn(
                f"equity {worth:,.2f} USD is {100 * state.rules.max_drawdown_pct:g} % or more below"
                f" its highest, {peak:,.2f} USD",
                "the account is halted (drawdown): everything is left, and nothing is entered until"
                " it is resumed",
            )

    def _strategy_failed(self, mistake: BadInput) -> None:
        self.add(
            system_message(
                Kind.SYSTEM_ERROR,
                mistake.what,
                self._session,
                self._place.account,
                self._orders.now(),
                {
                    "title": "The strategy failed: nothing is entered until the next session",
                    "action_required": f"{mistake.hint}; the next session takes the mended file",
                },
            )
        )

    def _levels(self) -> tuple[RangeLevel, ...]:
        numbers = self._state.numbers
        if not isinstance(numbers, OrbNumbers):
            return ()
        found = []
        for s, symbol in enumerate(self._state.plan.symbols):
            memory = self._state.scratch.memory[:, s]
            if memory[RANGE_BARS] < numbers.range_bars:
                found.append(RangeLevel(symbol, None, None, None))
                continue
            high, low = float(memory[RANGE_HIGH]), float(memory[RANGE_LOW])
            body = abs(self._closed[s] - self._opened[s])
            found.append(RangeLevel(symbol, high, low, body / (high - low) if high > low else 0.0))
        return tuple(found)

    def _session_closed(self, event: SessionClosed) -> None:
        state = self._state
        pnl = event.equity - float(state.book.money[BASELINE])
        trades = int(state.tape.counts[TRADES])
        held = [s for s, n in state.index.items() if state.book.quantity[n] != 0]
        details = [f"{counted(trades, 'trade')}, {pnl:+,.2f} USD, equity {event.equity:,.2f} USD"]
        details += [f"{symbol} is still held" for symbol in held]
        status = "degraded" if held else "healthy"
        self.add(self._market(Kind.MARKET_CLOSE, state.session.close, status, details))
        reasons = Counter(Reason(int(row.reason)) for row in state.decisions)
        signals = Counter(
            state.plan.symbols[int(row.symbol)]
            for row in state.decisions
            if row.reason >= Reason.ENTER_LONG
        )
        self.add(
            SummaryMessage(
                f"{self._session}-summary",
                Kind.DAILY_SUMMARY,
                state.session.close,
                self._session,
                event.equity,
                pnl,
                trades,
                self._breakouts(reasons),
                tuple(sorted(signals.items())),
                tuple(
                    (state.plan.word_of(reason), count)
                    for reason, count in sorted(reasons.items())
                    if Reason.SHORT_DISABLED <= reason <= Reason.SIZE_BELOW_ONE
                ),
                self._levels(),
                self._place.provider,
                self._place.account,
            )
        )

    def _breakouts(self, reasons: Counter[Reason]) -> int | None:
        """Return at how many closes the range was broken, None where there is no opening range."""
        if not isinstance(self._state.numbers, OrbNumbers):
            return None
        return sum(count for reason, count in reasons.items() if reason > Reason.NO_BREAKOUT)

    def _market(self, kind: Kind, when: datetime, status: str, details: list[str]) -> MarketMessage:
        return MarketMessage(
            f"{self._session}-{kind.lower()}",
            kind,
            when,
            status,
            self._place.provider,
            tuple(details),
            self._place.account,
        )

    def _warn(self, text: str, reason: str) -> None:
        message = system_message(
            Kind.SYSTEM_WARNING,
            f"{text}: {reason}" if reason else text,
            self._session,
            self._place.account,
            self._orders.now(),
            {"component": "risk"},
        )
        # Numbered, for an operator may halt twice with the same words.
        self._warnings += 1
        self.add(replace(message, id=f"{self._session}-warning-{self._warnings}"))
