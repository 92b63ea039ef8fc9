"""What became of a message at Discord."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    LIMITED = "limited"
    FAILED = "failed"
    REFUSED = "refused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome, why, the pause that was asked for, and whether the message may be there."""

    outcome: Outcome
    reason: str = ""
    retry_after_s: float = 0.0
    may_have_arrived: bool = False
