"""A process of a simulated machine: an account and its session in memory, to be thrown away."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

from blocks.process.stop_request import StopRequest
from flows.session.account.account import Account
from flows.session.account.parts import PlainParts
from flows.session.passing_fault import PassingFaults
from flows.session.request import SessionRequest
from flows.session.run_session import PlainRunner
from flows.session.trade_session import trade_session
from tasks.session.beginning import PlanBook
from tasks.session.long_question import LongQuestion
from tasks.session.runtime import RUNTIMES, SessionRuntime
from tasks.session.shut_down import shut_down
from tasks.simulation.clock import MachineClock
from tasks.simulation.disk import SimulatedLedger
from tasks.simulation.provider import SimulatedProvider
from tasks.simulation.quiet import SilentTelemetry
from tasks.steps import PLAIN
from trading.errors import OpenbellError
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.plan_record import record_of
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import Clock, Notifier

Result = TypeVar("Result")
# Each process would load the same strategy.
LOADED: dict[str, ModuleType] = {}
# Copies and channels lie outside: no order is made of them.
STEPS = replace(
    PLAIN,
    sync=lambda runtime: "no copy",
    notify_summary=lambda runtime: None,
    shut_down=partial(shut_down, keeps_copy=False),
)


def finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of a coroutine that waits for nothing but a simulated clock."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise AssertionError("a simulated session waited for something real")


@dataclass(frozen=True)
class SimulatedParts(PlainParts):
    """The parts of a simulated account: its line to the broker is given by the world."""

    line: Callable[[RunPlan], Exchange] | None = None

    def exchange(
        self, account: str, plan: RunPlan, stored_symbols: Sequence[str] | None = None
    ) -> Exchange:
        """Return a line to the broker."""
        assert self.line is not None
        return self.line(plan)


class SimulatedAccount(Account):
    """An account whose machine has a simulated clock."""

    machine_clock: MachineClock

    def clock(self, session: Session) -> Clock:
        """Return the machine's clock."""
        return self.machine_clock


class SimulatedFaults(PassingFaults):
    """Waits out faults by a simulated clock."""

    def __init__(self, machine: Machine, should_stop: StopRequest) -> None:
        super().__init__(machine.notifier, should_stop)
        self._clock = machine.clock
        self._unforeseen = machine.unforeseen

    def say(self, error: Exception) -> None:
        """Tell people of a fault; one that nobody foresaw is a mistake of the program."""
        if not isinstance(error, OpenbellError):
            self._unforeseen(error)
        super().say(error)

    async def nap(self, seconds: float) -> None:
        """Let the machine's time pass."""
        await self._clock.sleep_seconds(seconds)


@dataclass
class Machine:
    """What every process of a simulated account finds."""

    request: SessionRequest
    session: Session
    clock: MachineClock
    market: SimulatedProvider
    notifier: Notifier
    plan: RunPlan
    strategy_module: ModuleType
    question: LongQuestion
    unforeseen: Callable[[Exception], None]


class NotingRunner(PlainRunner):
    """A plain runner; its steps note which session is open."""

    def __init__(self, process: Process) -> None:
        def warm_up(runtime: SessionRuntime) -> bool:
            process.last = runtime
            return STEPS.warm_up(runtime)

        super().__init__(replace(STEPS, warm_up=warm_up))


class Process:
    """One life: from taking the lease to the session's end, an error, or a death."""

    def __init__(self, machine: Machine, ledger: SimulatedLedger) -> None:
        self.machine = machine
        self.ledger = ledger
        self.should_stop = StopRequest()
        # The session that was opened last.
        self.last: SessionRuntime | None = None

    @property
    def runtime(self) -> SessionRuntime | None:
        """Return the session while it is open."""
        return RUNTIMES.get(self.machine.session.date.isoformat())

    def live(self) -> bool:
        """Trade the session; return whether it was closed, False where it was told to stop."""
        machine, ledger = self.machine, self.ledger
        epoch = ledger.acquire_lease()
        ledger.check_account()
        ledger.mark_simulated(machine.market.is_simulated)
        plans = PlanBook(
            ledger,
            machine.plan,
            machine.market.family,
            machine.strategy_module,
            loaded=LOADED,
        )
        if not ledger.newest_plan():
            ledger.keep_plan(record_of(machine.plan, machine.market.family))
        with ExitStack() as given_back:
            given_back.callback(ledger.give_back_lease, epoch)
            account = SimulatedAccount(
                machine.request,
                self.should_stop,
                plans,
                machine.plan,
                (),
                machine.market,
                machine.notifier,
                machine.request.parts.storage(),
                ledger,
                epoch,
                machine.request.parts.exchange(ledger.account, machine.plan),
                SilentTelemetry(),
                None,
                given_back,
                question=machine.question,
                steady=machine.clock.steady_seconds,
            )
            account.machine_clock = machine.clock
            faults = SimulatedFaults(machine, self.should_stop)
            runner = NotingRunner(self)
            traded = finished(
                trade_session(account, machine.session, machine.clock, runner, faults)
            )
            return traded is not None and traded.is_closed
