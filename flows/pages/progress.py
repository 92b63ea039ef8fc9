"""A progress bar for long work, shown only to somebody who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def progress_on(
    stream: TextIO, *, wanted: bool
) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that takes (step, done, total), or None when the stream is no terminal."""
    if not wanted or not stream.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    # The time that is left is told by the last quarter of an hour: a step may take a minute.
    with Progress(console=Console(file=stream), transient=True, speed_estimate_period=900) as bar:
        task = bar.add_task("starting", total=None)

        def show(step: str, done: int, total: int) -> None:
            # A step that is told only once has no measure: the bar just moves.
            bar.update(task, description=step, completed=done, total=total if total > 1 else None)

        yield show
