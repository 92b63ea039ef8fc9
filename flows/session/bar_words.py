"""What a bar decided, sent and filled, in words for its run's log."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.session.runtime import SessionRuntime
from trading.session.messages.message import Kind

_SAID_OF = {
    Kind.ORDER_SENT: "sent",
    Kind.ORDER_FILLED: "filled",
    Kind.ORDER_CANCELLED: "ended",
    Kind.TRADE_CLOSED: "traded",
}


# By session how many messages stand in the log of a bar's run, as RUNTIMES: what is heard between
# two bars stands in the log of the second.
_LOGGED: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class BarWords:
    """How much a session had decided before a bar, and how much of what it told is in a log."""

    decisions: int
    messages: int

    @classmethod
    def before(cls, runtime: SessionRuntime) -> BarWords:
        """Return where a session stands before a bar."""
        told = len(runtime.desk.reporter.messages)
        return cls(len(runtime.state.decisions), min(_LOGGED.get(runtime.name, told), told))

    def since(self, runtime: SessionRuntime) -> list[str]:
        """Return what came since, a line each."""
        decided = [
            f"{runtime.plan.symbols[int(row.symbol)]}: {runtime.plan.label_of(int(row.reason))}"
            for row in runtime.state.decisions[self.decisions :]
        ]
        lines = [f"decided: {'; '.join(decided) or 'nothing yet'}"]
        for message in runtime.desk.reporter.messages[self.messages :]:
            word = _SAID_OF.get(message.event_type, "told")
            lines.append(f"{word}: {message.text}")
        _LOGGED[runtime.name] = len(runtime.desk.reporter.messages)
        lines.append(f"equity {runtime.state.equity():,.2f} USD")
        return lines
