"""What a session has besides its orders, without files and threads: telemetry and questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from blocks.process.stop_request import StopRequest
from blocks.telemetry.telemetry import BarFigures, SessionTelemetry
from tasks.session.long_question import LEAST_PATIENCE_SECONDS, LOOK_EVERY_SECONDS, LongQuestion
from tasks.simulation.clock import SECOND_US, MachineClock, WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.story import Story
from trading.errors import SourceUnavailable

Answer = TypeVar("Answer")
OUTAGE_SECONDS = 20.0


class SilentTelemetry(SessionTelemetry):
    """Telemetry that measures nothing: it is no part of the money path."""

    def __init__(self) -> None:
        pass

    def close(self) -> None:
        """Write nothing."""

    def release(self) -> None:
        """Hold nothing open."""

    def record_bar(self, figures: BarFigures) -> None:
        """Write nothing."""

    def keep_errors(self) -> None:
        """Write nothing."""


class UnthreadedQuestion(LongQuestion):
    """Asks a source that may take its time by the virtual clock, and tends the session."""

    def __init__(self, time: WorldTime, clock: MachineClock, faults: Faults, story: Story) -> None:
        super().__init__()
        self._time = time
        self._clock = clock
        self._faults = faults
        self._story = story

    def ask(
        self,
        source: str,
        question: Callable[[], Answer],
        let_go: Callable[[], object],
        tend: Callable[[], object],
        should_stop: StopRequest,
        patience_seconds: float,
    ) -> Answer:
        """Return the answer; raises SourceUnavailable when it takes longer than its patience."""
        patience = max(patience_seconds, LEAST_PATIENCE_SECONDS)
        if self._faults.strikes(Fault.SLOW):
            seconds = self._faults.choice(Fault.SLOW, [1.5, 8.0, 90.0, 4000.0])
            self._story.tell(f"source: slow by {seconds:g} s")
            let_go()
            self._tend(min(seconds, patience), tend)
            if seconds > patience:
                raise SourceUnavailable(
                    f"{source} did not answer within {patience:.0f} s", "It is asked again"
                )
        try:
            return question()
        except SourceUnavailable:
            # Its line is tried for a while before that is given up.
            self._tend(OUTAGE_SECONDS, tend)
            raise

    def _tend(self, seconds: float, tend: Callable[[], object]) -> None:
        end_us = self._time.us + round(seconds * SECOND_US)
        while self._time.us < end_us:
            # Set forward or back, the clock of the machine makes no such wait shorter or longer.
            self._clock.sleep_up_to(end_us, LOOK_EVERY_SECONDS)
            tend()
