"""One simulated session from its seed to its end: a world, and the processes that live in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from blocks.process.clock_offset import forget_dates
from blocks.process.failpoints import on_reach
from flows.session.request import SessionRequest
from flows.simulation.alerts import Alerts
from flows.simulation.drawn import DAY, SYMBOLS, Style, drawn_settings, session_of, strategy
from flows.simulation.outside import Outside
from flows.simulation.process import Machine, Process, SimulatedParts
from tasks.session.runtime import RUNTIMES
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
from trading.market.calendar import to_microseconds
from trading.plan import RunPlan, make_plan
from trading.session.broker.answers import Answer, Refusal, Refused
from trading.session.events import Event, Intent
from trading.session.orders import Leg

MOST_LIVES = 60
# Deaths are drawn at each of some hundred edges, steps and words once a bar.
SHARE_OF_EDGES = 0.03
# The desk's three seconds, its looks before and after them, and the requests that follow.
MOST_UNPROTECTED_SECONDS = 8.0
# What people read takes half of a session's time and leads to no order.
SHARE_WITH_READERS = 0.1
# The desk's longest wait after a request that was refused for the moment, and its look behind it.
PAUSE_SECONDS = 5.0
# What another try may mend.
PASSING = (Refusal.RETRY, Refusal.HALTED)
MEMORY_DISK = Path("/dev/shm")


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
        settings = drawn_settings(seed)
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
        # By symbol when the broker refused for good to let its position be left, and behind which
        # bar.
        self.unleavable: dict[str, tuple[int, int]] = {}
        # By symbol until when the broker has asked to be left alone.
        self.put_off: dict[str, int] = {}
        self._has_readers = drawn.random() < SHARE_WITH_READERS
        self._folder = Path()
        self._file: SimulatedFile | None = None
        self._fold = Fold()
        self._interval = interval
        self._settings = settings
        self._drawn = drawn
        self.outside = Outside(
            self.plan.symbols,
            self.time,
            self.clock,
            self.faults,
            self.story,
            self.broker,
            lambda: self.process,
        )

    def run(self) -> None:
        """Trade the session, through all its deaths; raises InvariantBroken."""
        memory = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="openbell-simulation-", dir=memory))
        self.alerts.folder = self._folder
        # What this process has heard of the machine's clock before.
        forget_dates()
        self.outside.put_down(self.session, self._interval, heals=self.heals)
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
        self.outside.stolen_at = None
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
        question = UnthreadedQuestion(self.time, self.clock, self.faults, self.story)
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
            self.outside.halted,
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
        if self.time.us < self.outside.halted.get(symbol, 0):
            return
        before = len(broker.model.book.updates)
        broker.take_price(symbol, price)
        if len(broker.model.book.updates) != before:
            self.watch.look()

    def _knows_of(self, symbol: str) -> bool:
        """Return whether the session knows what is held, of a symbol that may be ordered.

        Before it knows it can protect nothing, and in a market that is halted or where the broker
        has refused the exit for good neither: people are told, and it is asked for again with the
        next bar, which a slow source brings late, by the length of another at most. After the close
        an order would wait for another day, and who is told that there were too many requests
        waits.
        """
        is_over = self.time.us >= to_microseconds(self.session.close)
        if is_over or self.time.us < self.put_off.get(symbol, 0):
            return False
        runtime = self.process.runtime if self.process is not None else None
        if runtime is None:
            return False
        bar_us = round(self._interval * 60 * 1e6)
        if self.time.us < self.outside.halted.get(symbol, 0) + bar_us:
            return False
        refused_us, bar = self.unleavable.get(symbol, (0, -1))
        is_next_bar_late = bar == runtime.state.last_bar
        if self.time.us < refused_us + bar_us * (2 if is_next_bar_late else 1):
            return False
        held = int(runtime.state.book.quantity[runtime.state.index[symbol]])
        return held == self.watch.positions().get(symbol, 0)

    def _asked(self, action: str, intent: Intent) -> None:
        self.counts["requests"] += 1
        self.journalled.require(action, intent)

    def _answered(self, intent: Intent, answer: Answer) -> None:
        is_refused = isinstance(answer, Refused) and answer.refusal not in PASSING
        if intent.leg == Leg.EXIT and is_refused:
            runtime = self.process.runtime if self.process is not None else None
            last_bar = runtime.state.last_bar if runtime is not None else -1
            self.unleavable[intent.symbol] = self.time.us, last_bar
        if isinstance(answer, Refused) and answer.refusal == Refusal.RETRY:
            self.put_off[intent.symbol] = self.time.us + round(PAUSE_SECONDS * 1e6)

    def _unforeseen(self, error: Exception) -> None:
        raise InvariantBroken("no-unforeseen-error", f"{type(error).__name__}: {error}") from error

    def _committed(self, events: Sequence[Event]) -> None:
        if self.outside.stolen_at is not None and events:
            raise InvariantBroken("one-holder", "a process wrote after its lease was taken")
        self.journalled.take(events)
        if events and self.process is not None and self.process.runtime is not None:
            self._fold.take(self.process.ledger, events, self.process.runtime.state)

    def _is_full(self) -> bool:
        return not self.outside.is_at_work and self.faults.strikes(Fault.DISK, 0.1)

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
        if self.outside.is_at_work:
            return
        self.counts["edges"] += 1
        if self.faults.strikes(Fault.DEATH, SHARE_OF_EDGES):
            self.story.tell(f"the process dies {edge}")
            assert self.process is not None
            self.process.ledger.die()
            raise ProcessDied(edge)


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
