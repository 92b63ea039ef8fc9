"""How a flow says how it ended: in Prefect's own states, for its page hides all others."""

from __future__ import annotations

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.process.secret_mask import MASK
from flows.process.words import SKIPPED, failure_line
from trading.errors import OpenbellError


def failed(error: OpenbellError) -> State[None]:
    """Return a Failed state with the line that the terminal shows; it says what is bad input."""
    return Failed(message=MASK.text(failure_line(error)))


def skipped(reason: str) -> State[None]:
    """Return a Completed state of a run that had nothing to do."""
    return Completed(message=f"{SKIPPED}: {reason}")
