"""One simulated session from its seed to its end: a world, and the processes that live in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.process.clock_offset import forget_dates
from blocks.process.failpoints import on_reach
from blocks.strategy_file import load_strategy
from flows.session.request import SessionRequest
from flows.simulation.process import Machine, Process, SimulatedParts
from tasks.session.runtime import RUNTIMES
from tasks.simulation import busy_strategy
from tasks.simulation.alpaca_broker import AlpacaBroker
from tasks.simulation.alpaca_line import AlpacaLine
from tasks.simulation.checks import Fold, Journalled, check_end, check_fold
from tasks.simulation.clock import MachineClock, WorldTime
from tasks.simulation.disk import ProcessDied, SimulatedFile, SimulatedLedger
from tasks.simulation.faults import Fault, Faults, drawing
from tasks.simulation.line import SimulatedLine
from tasks.simulation.outcome import Outcome
from tasks.simulation.prices import PricedBar, walk
from tasks.simulation.provider import SimulatedProvider
from tasks.simulation.quiet import UnthreadedQuestion
from tasks.simulation.story import InvariantBroken, Story
from tasks.simulation.venue_broker import VenueBroker
from tasks.simulation.watch import Limits, Watch
from trading.errors import OpenbellError
from trading.market.calendar import Session, sessions_between, to_microseconds
from trading.plan import RunPlan, make_plan
from trading.session.broker.answers import Answer, Refusal, Refused
from trading.session.events import Event, Intent
from trading.session.messages import Kind
from trading.session.orders import Leg

DAY = date(2025, 6, 10)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
MOST_LIVES = 60
# Deaths are drawn at each of some hundred edges, steps and words once a bar.
SHARE_OF_EDGES = 0.03
# The desk's three seconds, its looks before and after them, and the requests that follow.
MOST_UNPROTECTED_SECONDS = 8.0
# What people read takes half of a session's time and leads to no order.
SHARE_WITH_READERS = 0.1
# As long as the pause after a second refusal for too many requests.
PAUSE_SECONDS = 4.0
# What another try may mend.
PASSING = (Refusal.RETRY, Refusal.HALTED)
MEMORY_DISK = Path("/dev/shm")


class Style(StrEnum):
    """Which kind of broker a session has."""

    MOCK = "mock"
    ALPACA = "alpaca"
    BOTH = "both"

    def of(self, seed: int) -> Style:
        """Return the kind of a seed's session: of both, even seeds have the first."""
        if self is not Style.BOTH:
            return self
        return Style.ALPACA if seed % 2 else Style.MOCK


@lru_cache(maxsize=1)
def strategy() -> ModuleType:
    """Return the strategy of all simulated sessions, as a user's own is loaded."""
    assert busy_strategy.__file__ is not None
    return load_strategy(Path(busy_strategy.__file__))


@lru_cache(maxsize=4)
def session_of(day: date) -> Session:
    """Return the session of a day."""
    return sessions_between("NYSE", day, day)[0]


class Alerts:
    """A notifier that keeps what people are told."""

    def __init__(self, story: Story) -> None:
        self._story = story
        # What somebody has to see to; what is sent of each order says nothing of trouble.
        self.warnings: list[str] = []
        self.errors: list[str] = []
        # A folder of the machine's own choice, which is no part of the story.
        self.folder = Path()

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Keep a message; what is told by the machine's seconds stays out of the story."""
        text = text.replace(str(self.folder), "DATA")
        if kind == Kind.SYSTEM_WARNING:
            self.warnings.append(text)
        elif kind == Kind.SYSTEM_ERROR:
            self.errors.append(text)
        self._story.tell(f"told {kind} {text if kind == 'SYSTEM_ERROR' else ''}".rstrip())


def drawn_settings(seed: int, chosen: frozenset[Fault]) -> dict[str, Any]:
    """Return the settings of a seed's session."""
    drawn = drawing(seed, "settings")
    return {
        "busy_share": drawn.choice([0.3, 0.6, 0.9]),
        "leaving_share": drawn.choice([0.05, 0.2]),
        "max_entries": drawn.choice([1, 3, 10]),
        "max_positions": drawn.choice([1, 2, 4]),
        "max_position_pct": drawn.choice([0.2, 0.5]),
        "risk_per_trade": drawn.choice([0.005, 0.02]),
        "trailing": drawn.choice(["none", "breakeven", "percent"]),
        "trail_pct": 0.005,
        "max_daily_loss_pct": drawn.choice([0.01, 0.5]),
        "flatten_minutes": 20,
        "entry_cutoff_minutes": drawn.choice([30, 90]),
    }


class World:
    """Everything outside of a process, and the one that lives now."""

    def __init__(self, seed: int, chosen: frozenset[Fault], style: Style) -> None:
        self.seed = seed
        drawn = drawing(seed, "world")
        self.session = session_of(DAY)
        interval = drawn.choice([15, 30, 30, 60])
        self.time = WorldTime(self.session.open - timedelta(minutes=2))
        self.story = Story(self.time)
        self.faults = Faults(seed, chosen)
        symbols = SYMBOLS[: drawn.choice([1, 2, 3, 4])]
        module = strategy()
        settings = drawn_settings(seed, chosen)
        self.plan: RunPlan = make_plan(
            symbols, settings, interval_minutes=interval, strategy_module=module
        )
        is_thin = self.faults.strikes(Fault.PARTIAL, 4.0)
        bars = {
            symbol: walk(seed, symbol, self.session, interval, is_thin=is_thin)
            for symbol in symbols
        }
        self.alerts = Alerts(self.story)
        self.clock = MachineClock(
            self.time, self._is_quiet, self._has_news, lambda: self.counts["requests"]
        )
        self.market = SimulatedProvider(bars, self.time, self.faults, self.story)
        self.broker: VenueBroker | AlpacaBroker
        if style is Style.ALPACA:
            self.broker = AlpacaBroker(self.plan, self.session, self.time, self.faults)
            self._trade_through(bars)
        else:
            self.broker = VenueBroker(self.plan, self.session)
        limits = Limits(
            self.plan.risk.max_positions, self.plan.capital * 1.1, MOST_UNPROTECTED_SECONDS
        )
        self.watch = Watch(self.time, self.broker, limits, self._can_act, self._knows_of)
        self.journalled = Journalled()
        self.process: Process | None = None
        self.line: SimulatedLine | AlpacaLine | None = None
        self.counts: dict[str, int] = {"lives": 0, "deaths": 0, "requests": 0, "edges": 0}
        self.heals = drawn.random() < 0.5
        self._on_shutdown = drawn.choice(["hold", "flatten"])
        # By symbol until when its market stands still, microseconds since 1970 UTC.
        self.halted: dict[str, int] = {}
        # By symbol when the broker refused for good to let its position be left.
        self.unleavable: dict[str, int] = {}
        # By symbol until when the broker has asked to be left alone.
        self.put_off: dict[str, int] = {}
        self._has_readers = drawn.random() < SHARE_WITH_READERS
        self._folder = Path()
        self._file: SimulatedFile | None = None
        self._is_worlds_own = False
        self._stolen_at: int | None = None
        self._fold = Fold()
        self._interval = interval
        self._settings = settings
        self._drawn = drawn

    def run(self) -> None:
        """Trade the session, through all its deaths; raises InvariantBroken."""
        memory = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="openbell-simulation-", dir=memory))
        self.alerts.folder = self._folder
        # What this process has heard of the machine's clock before.
        forget_dates()
        self._put_down_what_comes()
        on_reach(self._reached)
        try:
            self._live()
        finally:
            on_reach(None)
            RUNTIMES.clear()
            if self.process is not None:
                self.process.ledger.die()
            if self._file is not None:
                self._file.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _live(self) -> None:
        machine = self._machine()
        for _ in range(MOST_LIVES):
            self.counts["lives"] += 1
            if self._life(machine):
                return
            self.time.pass_seconds(self._drawn.choice([0.5, 5.0, 60.0, 900.0, 5400.0]))
            if self.counts["lives"] > MOST_LIVES // 2:
                self.faults.are_off = True
        raise InvariantBroken("session-ends", f"the session was not over after {MOST_LIVES} lives")

    def _life(self, machine: Machine) -> bool:
        """Return whether the session was closed in this life."""
        ledger = SimulatedLedger(
            self._folder, machine.request.account, self._file, has_readers=self._has_readers
        )
        self._file = ledger.file
        ledger.file.is_full = self._is_full
        ledger.file.committed = self._committed
        process = self.process = Process(machine, ledger)
        self._stolen_at = None
        self._fold = Fold()
        self.story.tell(f"process {self.counts['lives']} begins")
        last_bars_us = to_microseconds(self.session.close - timedelta(minutes=2 * self._interval))
        # Who was dead in the last bars has left nothing in them.
        lived_in_them = self.time.us < last_bars_us
        state = None
        try:
            is_closed = process.live()
            runtime = process.last
            state = runtime.state if runtime is not None else None
            self.story.tell("the session is closed" if is_closed else "the session is left")
            if is_closed and state is not None:
                self.faults.are_off = True
                check_fold(ledger, state)
                check_end(
                    state,
                    self.journalled,
                    self.watch,
                    warnings=self.alerts.warnings,
                    errors=self.alerts.errors,
                    healed=self.heals and lived_in_them,
                )
            return is_closed
        except ProcessDied:
            self.counts["deaths"] += 1
        except OpenbellError as error:
            self.story.tell(f"the process ends: {type(error).__name__}")
        finally:
            RUNTIMES.clear()
            ledger.die()
            self.process = self.line = None
            self.watch.look()
        return False

    def _machine(self) -> Machine:
        module = strategy()
        parts = SimulatedParts(self._folder, is_live=True, line=self._make_line)
        request = SessionRequest(
            parts,
            symbols=self.plan.symbols,
            interval_minutes=self._interval,
            settings=self._settings,
            strategy_module=module,
            on_shutdown=self._on_shutdown,
        )
        question = UnthreadedQuestion(self.time, self.faults, self.story)
        return Machine(
            request,
            self.session,
            self.clock,
            self.market,
            self.alerts,
            self.plan,
            module,
            question,
            self._unforeseen,
        )

    def _make_line(self, plan: RunPlan) -> SimulatedLine | AlpacaLine:
        common = (
            self.time,
            self.faults,
            self.story,
            self.watch.look,
            self._asked,
            self._answered,
            self.halted,
        )
        if isinstance(self.broker, AlpacaBroker):
            self.line = AlpacaLine(self.broker, plan.symbols, *common)
        else:
            self.line = SimulatedLine(self.broker, *common)
        return self.line

    def _trade_through(self, bars: Mapping[str, Sequence[PricedBar]]) -> None:
        """Put down every trade of the market."""
        assert isinstance(self.broker, AlpacaBroker)
        for symbol, of_symbol in bars.items():
            for bar in of_symbol:
                for tick in bar.ticks:
                    trade = partial(self._trade, self.broker, symbol, tick.price)
                    self.time.at(tick.us, trade)

    def _trade(self, broker: AlpacaBroker, symbol: str, price: float) -> None:
        if self.time.us < self.halted.get(symbol, 0):
            return
        before = len(broker.model.book.updates)
        broker.take_price(symbol, price)
        if len(broker.model.book.updates) != before:
            self.watch.look()

    def _knows_of(self, symbol: str) -> bool:
        """Return whether the session knows what is held, of a symbol that may be ordered.

        Before it knows it can protect nothing, and in a market that is halted or where the broker
        has refused the exit for good neither: people are told, and it is asked for again with the
        next bar at the latest. After the close an order would wait for another day, and who is
        told that there were too many requests waits.
        """
        is_over = self.time.us >= to_microseconds(self.session.close)
        if is_over or self.time.us < self.put_off.get(symbol, 0):
            return False
        bar_us = round(self._interval * 60 * 1e6)
        for until in (self.halted.get(symbol), self.unleavable.get(symbol)):
            if until is not None and self.time.us < until + bar_us:
                return False
        runtime = self.process.runtime if self.process is not None else None
        if runtime is None:
            return False
        held = int(runtime.state.book.quantity[runtime.state.index[symbol]])
        return held == self.watch.positions().get(symbol, 0)

    def _asked(self, action: str, intent: Intent) -> None:
        self.counts["requests"] += 1
        self.journalled.require(action, intent)

    def _answered(self, intent: Intent, answer: Answer) -> None:
        is_refused = isinstance(answer, Refused) and answer.refusal not in PASSING
        if intent.leg == Leg.EXIT and is_refused:
            self.unleavable[intent.symbol] = self.time.us
        if isinstance(answer, Refused) and answer.refusal == Refusal.RETRY:
            self.put_off[intent.symbol] = self.time.us + round(PAUSE_SECONDS * 1e6)

    def _unforeseen(self, error: Exception) -> None:
        raise InvariantBroken("no-unforeseen-error", f"{type(error).__name__}: {error}") from error

    def _committed(self, events: Sequence[Event]) -> None:
        if self._stolen_at is not None and events:
            raise InvariantBroken("one-holder", "a process wrote after its lease was taken")
        self.journalled.take(events)
        if events and self.process is not None and self.process.runtime is not None:
            self._fold.take(self.process.ledger, events, self.process.runtime.state)

    def _is_full(self) -> bool:
        return not self._is_worlds_own and self.faults.strikes(Fault.DISK, 0.1)

    def _can_act(self) -> bool:
        return self.process is not None and self.line is not None and not self.line.is_asking

    def _is_quiet(self) -> bool:
        runtime = self.process.runtime if self.process is not None else None
        if runtime is None or self.line is None:
            return True
        return not (runtime.desk.is_urgent or runtime.state.unanswered or self._has_news())

    def _has_news(self) -> bool:
        return self.line is not None and self.line.has_news()

    def _reached(self, edge: str) -> None:
        if self._is_worlds_own:
            return
        self.counts["edges"] += 1
        if self.faults.strikes(Fault.DEATH, SHARE_OF_EDGES):
            self.story.tell(f"the process dies {edge}")
            assert self.process is not None
            self.process.ledger.die()
            raise ProcessDied(edge)

    def _put_down_what_comes(self) -> None:
        happenings: dict[Fault, Callable[[], None]] = {
            Fault.THEFT: self._steal,
            Fault.CLOCK: self._step_clock,
            Fault.WORD: self._say,
            Fault.STOP: self._stop,
            Fault.FOREIGN_ORDER: self._order_of_others,
            Fault.FOREIGN_TRADE: self._trade_of_others,
            Fault.HALT: self._halt,
        }
        for bar in range(self.session.bar_count(self._interval)):
            start_us = to_microseconds(self.session.bar_start(bar, self._interval))
            for kind, happen in happenings.items():
                if self.faults.strikes(kind, 0.5):
                    minutes = self.faults.between(kind, 0.0, self._interval)
                    self.time.at(start_us + round(minutes * 60e6), partial(self._strike, happen))
        if self.heals:
            end = self.session.close - timedelta(minutes=20 + 2 * self._interval)
            self.time.at(to_microseconds(end), self._heal)

    def _heal(self) -> None:
        self.story.tell("no more faults")
        self.faults.are_off = True

    def _strike(self, happen: Callable[[], None]) -> None:
        """Let happen what comes from outside, where a process is there whom it concerns."""
        if self.process is None or self.process.runtime is None or self.faults.are_off:
            return
        self._is_worlds_own = True
        try:
            happen()
        finally:
            self._is_worlds_own = False

    def _steal(self) -> None:
        assert self.process is not None
        self.story.tell("another process takes the lease")
        self.process.ledger.lose_lease()
        self._stolen_at = self.time.us

    def _step_clock(self) -> None:
        seconds = self.faults.choice(Fault.CLOCK, [-90.0, -5.0, 5.0, 60.0, 600.0])
        self.story.tell(f"the clock is set by {seconds:g} s")
        self.clock.offset += timedelta(seconds=seconds)

    def _say(self) -> None:
        assert self.process is not None
        word = self.faults.choice(Fault.WORD, ["halt", "flatten", "resume", "resume"])
        self.story.tell(f"the operator says {word}")
        self.process.ledger.add_command(word, "simulation", self.clock.now())

    def _order_of_others(self) -> None:
        symbol, quantity = self._others(Fault.FOREIGN_ORDER)
        self.story.tell(f"somebody else orders {quantity} {symbol}")
        self.broker.order_of_others(symbol, quantity)

    def _trade_of_others(self) -> None:
        symbol, quantity = self._others(Fault.FOREIGN_TRADE)
        self.story.tell(f"somebody else trades {quantity} {symbol}")
        self.broker.trade_of_others(symbol, quantity)

    def _others(self, kind: Fault) -> tuple[str, int]:
        choose = self.faults.choice
        return choose(kind, list(self.plan.symbols)), choose(kind, [-20, -3, 3, 20])

    def _halt(self) -> None:
        symbol = self.faults.choice(Fault.HALT, list(self.plan.symbols))
        seconds = self.faults.between(Fault.HALT, 10.0, 1800.0)
        self.story.tell(f"{symbol} is halted for {seconds:.0f} s")
        self.halted[symbol] = self.time.us + round(seconds * 1e6)

    def _stop(self) -> None:
        assert self.process is not None
        self.story.tell("the process is told to stop")
        self.process.should_stop.requested = True


def simulate(
    seed: int, chosen: frozenset[Fault] = frozenset(Fault), style: Style = Style.BOTH
) -> Outcome:
    """Return what a seed's session came to."""
    world = World(seed, chosen, style.of(seed))
    broken: InvariantBroken | None = None
    try:
        world.run()
    except InvariantBroken as error:
        broken = error
        world.story.tell(f"BROKEN {error}")
    return Outcome(seed, broken, world.story, world.faults.counts, world.watch.worst, world.counts)
