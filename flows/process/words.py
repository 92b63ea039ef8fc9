"""The words by which the end of a run is told apart, here and by the supervisor."""

from __future__ import annotations

from trading.errors import BadInput, OpenbellError

# A person must mend it: the same run would fail again.
BAD_INPUT = "Bad input"
SKIPPED = "Skipped"
# The tag of the deployment whose runs never trade now.
REPLAY_TAG = "replay"


def failure_line(error: OpenbellError) -> str:
    """Return the line of a failed run: what the terminal shows, and whether it is bad input."""
    return f"{BAD_INPUT}: {error}" if isinstance(error, BadInput) else str(error)
