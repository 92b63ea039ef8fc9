"""How long and how often what protects a position is waited for and tried."""

from __future__ import annotations

from dataclasses import dataclass

# So often is a stop placed, a position left or an order moved until that is given up.
MOST_TRIES = 3
# A replay's last bar is over soon: an exit that waits for a cancel is to be seen to before that.
LONGEST_LOOK_SECONDS = 15.0
# After so many tries to end an order the wait for the next grows no more: it is 4 s.
_MOST_GROWING = 4


@dataclass(frozen=True, slots=True)
class ProtectionLimits:
    """Seconds of a session's clock, of which `speed` go by in one of the machine's.

    A position may stand without a resting stop of its quantity for `unprotected`. An entry may be
    partly filled for `patience`: the prints of one market order are no reason to cancel its rest.
    Fills that an order's end promises are waited for as long as an unprotected position. After a
    try that came to nothing the next waits for `first_wait`, then for twice as long, and so on.
    Something urgent is looked at every `look`, and an order that was asked about without an answer
    is asked about again after `question`.
    """

    unprotected: float = 3.0
    patience: float = 1.0
    first_wait: float = 0.5
    look: float = 0.25
    question: float = 1.0
    speed: float = 1.0

    def at_speed(self, speed: float) -> ProtectionLimits:
        """Return the same seconds of the machine for a clock that runs so many times as fast.

        A broker's answer takes as long as it takes, whatever the speed of a replay; only looks
        come more often, so that there are many of them in a bar.
        """
        return ProtectionLimits(
            self.unprotected * speed,
            self.patience * speed,
            self.first_wait * speed,
            min(self.look * speed, max(self.look, LONGEST_LOOK_SECONDS)),
            self.question * speed,
            self.speed * speed,
        )

    def wait(self, tries: int) -> float:
        """Return how long the next try waits after so many that came to nothing, seconds."""
        doubled: int = 2 ** (min(max(tries, 1), 8) - 1)
        return self.first_wait * doubled

    def wait_for_end(self, tries: int) -> float:
        """Return the same for the end of an order, seconds.

        What was filled of it may have neither stop nor exit until then, however often it is tried.
        """
        return self.wait(min(tries, _MOST_GROWING))
