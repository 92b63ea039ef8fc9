"""Signal: hear what the exchange did in the bar, then let the strategy decide."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime
from trading.session.events import BarClosed


def signal(runtime: SessionRuntime, closed: BarClosed) -> dict[str, str]:
    """Take the consumed bar into the state; return each symbol's decision.

    Taking the same bar twice changes nothing.
    """
    begin = len(runtime.state.decisions)
    runtime.desk.take_bar(closed)
    runtime.differences.tell(runtime.desk.blocked, runtime.notifier)
    runtime.differences.tell_silence(runtime.desk.silence, runtime.clock.now(), runtime.notifier)
    runtime.differences.tell_of_others(runtime.desk.of_others, runtime.notifier)
    return {
        runtime.plan.symbols[int(row.symbol)]: runtime.plan.word_of(int(row.reason))
        for row in runtime.state.decisions[begin:]
    }
