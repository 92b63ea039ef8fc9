"""Work that threads share: all of it is done once, and none of them outlives who asked for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from trading.sweep.side_by_side import side_by_side


def doubling(stopped: Event) -> Callable[[int], Iterator[int]]:
    """Return work that gives each number twice."""

    def work(number: int) -> Iterator[int]:
        yield number
        yield number

    return work


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_piece_is_done_once(threads: int) -> None:
    before = threading.active_count()
    found = sorted(side_by_side(doubling, range(20), threads))
    assert found == sorted([*range(20), *range(20)])
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_worker_raises_is_raised_and_ends_the_others(threads: int) -> None:
    def failing(stopped: Event) -> Callable[[int], Iterator[int]]:
        def work(number: int) -> Iterator[int]:
            if number == 3:
                raise ZeroDivisionError("of the third")
            yield number

        return work

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="of the third"):
        list(side_by_side(failing, range(1_000_000_000), threads))
    assert threading.active_count() == before


def test_an_interrupted_caller_has_no_thread_left() -> None:
    before = threading.active_count()
    results = side_by_side(doubling, range(1_000_000_000), 2)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert threading.active_count() == before
