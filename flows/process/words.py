"""The words by which the end of a run is told apart, here and by the supervisor."""

from __future__ import annotations

# A person must mend it: the same run would fail again.
BAD_INPUT = "Bad input"
SKIPPED = "Skipped"
# The tag of the deployment whose runs never trade now.
REPLAY_TAG = "replay"
