"""What a user asks of a walk-forward test, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.sweep.record import asked_record
from tasks.sweep.request import SweepRequest, check_sweep
from trading.backtest.performance import Json
from trading.errors import BadInput
from trading.walk_forward.walk import refuse_too_short
from trading.walk_forward.windows import WindowLengths


@dataclass(frozen=True, slots=True)
class WalkRequest:
    """A walk-forward test as asked for: the sweep of each window, and how long windows are.

    Lengths are in sessions. `step` None is as many as are traded; `purge` None as many as the
    indicators of any set look back.
    """

    sweep: SweepRequest
    in_sample: int
    out_of_sample: int
    is_anchored: bool
    step: int | None = None
    purge: int | None = None

    def lengths(self, memory: int) -> WindowLengths:
        """Return the lengths of windows of sets that look back so many sessions."""
        return WindowLengths(
            self.in_sample,
            self.out_of_sample,
            self.out_of_sample if self.step is None else self.step,
            memory if self.purge is None else self.purge,
            self.is_anchored,
        )


def asked_walk(request: WalkRequest) -> dict[str, Json]:
    """Return a request as JSON-ready values: all of it but who runs it and where it goes."""
    return {
        **asked_record(request.sweep),
        "in_sample": request.in_sample,
        "out_of_sample": request.out_of_sample,
        "step": request.step,
        "purge": request.purge,
        "anchored": request.is_anchored,
    }


def check_walk(request: WalkRequest) -> None:
    """Raise BadInput for what cannot be, whatever the bars are."""
    refuse_too_short(request.lengths(0), request.sweep.objective)
    check_sweep(request.sweep)
    if request.sweep.optuna is not None:
        raise BadInput("--optuna chooses over all sessions at once", "Use --random N")


def windows_named(*, anchored: bool, rolling: bool) -> bool:
    """Return whether windows are anchored: they roll unless that is asked for.

    Raises BadInput where both are.
    """
    if anchored and rolling:
        raise BadInput(
            "both --anchored and --rolling are given",
            "Give --rolling to choose on the last sessions only, --anchored to choose on all",
        )
    return anchored
