"""What people should hear of a time without protection."""

from __future__ import annotations

from datetime import datetime

from trading.market.calendar import from_microseconds
from trading.session.events import Gap, Unprotected
from trading.session.messages.message import Kind, SystemMessage, system_message

# What is shorter lies between the end of one order and the answer to the next.
TOLD_SECONDS = 1.0
_WORDS = {Gap.LEFT: "they are left at market", Gap.STUCK: "nothing protects them"}
_HINTS = {
    Gap.LEFT: "See at the broker that the exit is filled",
    Gap.STUCK: "Leave them or protect them at the broker by hand; it is tried again at each bar",
}


def gap_message(
    gap: Unprotected, session: str, account: str, now: datetime
) -> SystemMessage | None:
    """Return a warning of a time that is over, an error of one that is not, None of a short one."""
    text = f"{gap.symbol}: {gap.quantity} shares had no resting stop for {gap.seconds:.1f} s"
    when = from_microseconds(gap.us) if gap.us else now
    if gap.became == Gap.OVER:
        if gap.seconds < TOLD_SECONDS:
            return None
        fields = {"title": "A position was without protection"}
        return system_message(
            Kind.SYSTEM_WARNING, text, session, account, when, {**fields, "component": "orders"}
        )
    return system_message(
        Kind.SYSTEM_ERROR,
        f"{text}, and {_WORDS[gap.became]}: {gap.reason}",
        session,
        account,
        when,
        {
            "title": "A position without protection",
            "severity": "error" if gap.became == Gap.LEFT else "critical",
            "component": "orders",
            "action_required": _HINTS[gap.became],
        },
    )
