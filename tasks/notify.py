"""Notify: tell people what happened; never delays and never stops an order."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime

# At a session's end people wait for its summary; below the time-out of the step.
FINISH_SECONDS = 10.0


def notify(runtime: SessionRuntime) -> int:
    """Log what happened since the last time and wake the drain; return how many messages.

    The messages are in the outbox, by the projection or here: who sends them is another thread.
    """
    news = runtime.desk.take_news()
    for message in news:
        runtime.notifier.show(message)
    runtime.notifier.keep()
    if runtime.drain is not None:
        runtime.drain.wake()
    return len(news)


def notify_summary(runtime: SessionRuntime) -> None:
    """See the session's messages off, the summary among them, for as long as that may take.

    A replay goes on at once: its sessions are minutes apart in name only.
    """
    if runtime.drain is not None and runtime.pace.is_real_time:
        runtime.drain.finish(FINISH_SECONDS)
