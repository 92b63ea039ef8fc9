"""Pieces of work done by some threads, whose results are taken as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Lock
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


def side_by_side(
    make_worker: Callable[[Event], Callable[[Work], Iterator[Result]]],
    pieces: Iterable[Work],
    threads: int,
) -> Iterator[Result]:
    """Yield what workers make of the pieces, in any order; one thread works in the caller's own.

    `make_worker` is told the event at which a worker is to leave off. Whoever takes no more
    results, or is interrupted, has no thread left over: each ends with the step it is at. What a
    worker raises is raised here.
    """
    stopped = Event()
    if threads < 2:
        work = make_worker(stopped)
        for piece in pieces:
            yield from work(piece)
        return
    waiting, at = iter(pieces), Lock()
    results: SimpleQueue[Result | None] = SimpleQueue()

    def run() -> None:
        try:
            work = make_worker(stopped)
            while not stopped.is_set():
                with at:
                    piece = next(waiting, None)
                if piece is None:
                    break
                for result in work(piece):
                    results.put(result)
        except BaseException:
            stopped.set()
            raise
        finally:
            results.put(None)

    with ThreadPoolExecutor(threads, thread_name_prefix="sweep") as pool:
        running = [pool.submit(run) for _ in range(threads)]
        try:
            left = threads
            while left:
                result = results.get()
                if result is None:
                    left -= 1
                else:
                    yield result
        finally:
            stopped.set()
        for each in running:
            each.result()
