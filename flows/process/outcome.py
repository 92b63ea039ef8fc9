"""How a flow says how it ended: in Prefect's own states, for its page hides all others."""

from __future__ import annotations

import logging

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.process.secret_mask import MASK
from flows.process.words import SKIPPED, failure_line
from trading.errors import OpenbellError

# Prefect says it of each flow that is no coroutine and has failed, with a traceback of its own.
OF_THE_ENGINE = "Engine execution exited with unexpected exception"


def failed(error: OpenbellError) -> State[None]:
    """Return a Failed state with the line that the terminal shows; it says what is bad input.

    The run's log has that line too, and no traceback of how Prefect came to know of it.
    """
    logging.getLogger("prefect.flow_runs").addFilter(_is_no_word_of_the_engine)
    return Failed(message=MASK.text(failure_line(error)))


def skipped(reason: str) -> State[None]:
    """Return a Completed state of a run that had nothing to do."""
    return Completed(message=f"{SKIPPED}: {reason}")


def _is_no_word_of_the_engine(record: logging.LogRecord) -> bool:
    return record.msg != OF_THE_ENGINE
