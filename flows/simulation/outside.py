"""What comes to a simulated session from outside: others, operators, thieves, a set clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flows.simulation.process import Process
from tasks.simulation.alpaca_broker import AlpacaBroker
from tasks.simulation.clock import MachineClock, WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.story import Story
from tasks.simulation.venue_broker import VenueBroker
from trading.market.calendar import Session, to_microseconds


class Outside:
    """Lets happen what was put down for a moment, where a session is open that it concerns.

    `process` returns the one that lives. `halted` is by symbol until when its market stands still,
    microseconds since 1970 UTC, and `stolen_at` when the process that lives lost its lease. While
    it `is_at_work` nothing of the session's own goes wrong.
    """

    def __init__(
        self,
        symbols: tuple[str, ...],
        time: WorldTime,
        clock: MachineClock,
        faults: Faults,
        story: Story,
        broker: VenueBroker | AlpacaBroker,
        process: Callable[[], Process | None],
    ) -> None:
        self._symbols = symbols
        self._time = time
        self._clock = clock
        self._faults = faults
        self._story = story
        self._broker = broker
        self._process = process
        self.halted: dict[str, int] = {}
        self.stolen_at: int | None = None
        self.is_at_work = False

    def put_down(self, session: Session, interval: int, *, heals: bool) -> None:
        """Put down what comes in a session's bars; with `heals` nothing in the last ones."""
        happenings: dict[Fault, Callable[[Process], None]] = {
            Fault.THEFT: self._steal,
            Fault.CLOCK: self._step_clock,
            Fault.WORD: self._say,
            Fault.STOP: self._stop,
            Fault.FOREIGN_ORDER: self._order_of_others,
            Fault.FOREIGN_TRADE: self._trade_of_others,
            Fault.HALT: self._halt,
        }
        for bar in range(session.bar_count(interval)):
            start_us = to_microseconds(session.bar_start(bar, interval))
            for kind, happen in happenings.items():
                if self._faults.strikes(kind, 0.5):
                    minutes = self._faults.between(kind, 0.0, interval)
                    self._time.at(start_us + round(minutes * 60e6), partial(self._strike, happen))
        if heals:
            end = session.close - timedelta(minutes=20 + 2 * interval)
            self._time.at(to_microseconds(end), self._heal)

    def _heal(self) -> None:
        self._story.tell("no more faults")
        self._faults.are_off = True

    def _strike(self, happen: Callable[[Process], None]) -> None:
        """Let happen what comes from outside, where a process is there whom it concerns."""
        process = self._process()
        if process is None or process.runtime is None or self._faults.are_off:
            return
        self.is_at_work = True
        try:
            happen(process)
        finally:
            self.is_at_work = False

    def _steal(self, process: Process) -> None:
        self._story.tell("another process takes the lease")
        process.ledger.lose_lease()
        self.stolen_at = self._time.us

    def _step_clock(self, process: Process) -> None:
        seconds = self._faults.choice(Fault.CLOCK, [-90.0, -5.0, 5.0, 60.0, 600.0])
        self._story.tell(f"the clock is set by {seconds:g} s")
        self._clock.offset += timedelta(seconds=seconds)

    def _say(self, process: Process) -> None:
        word = self._faults.choice(Fault.WORD, ["halt", "flatten", "resume", "resume"])
        self._story.tell(f"the operator says {word}")
        process.ledger.add_command(word, "simulation", self._clock.now())

    def _order_of_others(self, process: Process) -> None:
        symbol, quantity = self._others(Fault.FOREIGN_ORDER)
        self._story.tell(f"somebody else orders {quantity} {symbol}")
        self._broker.order_of_others(symbol, quantity)

    def _trade_of_others(self, process: Process) -> None:
        symbol, quantity = self._others(Fault.FOREIGN_TRADE)
        self._story.tell(f"somebody else trades {quantity} {symbol}")
        self._broker.trade_of_others(symbol, quantity)

    def _others(self, kind: Fault) -> tuple[str, int]:
        choose = self._faults.choice
        return choose(kind, list(self._symbols)), choose(kind, [-20, -3, 3, 20])

    def _halt(self, process: Process) -> None:
        symbol = self._faults.choice(Fault.HALT, list(self._symbols))
        seconds = self._faults.between(Fault.HALT, 10.0, 1800.0)
        self._story.tell(f"{symbol} is halted for {seconds:.0f} s")
        self.halted[symbol] = self._time.us + round(seconds * 1e6)

    def _stop(self, process: Process) -> None:
        self._story.tell("the process is told to stop")
        process.should_stop.requested = True
