"""What could not be fetched is told once, however many symbols it is that could not."""

from __future__ import annotations

from blocks.providers.errors import Unauthorized, UnknownSymbol
from tasks.history.fetch import failure_lines, failure_of

SYMBOLS = [f"T{number:03}" for number in range(84)]


def test_a_failure_of_many_symbols_is_one_line() -> None:
    refused = {symbol: Unauthorized("the keys are refused", "Check them") for symbol in SYMBOLS}
    assert failure_lines(refused) == [
        "T000, T001, T002 and 81 more: the keys are refused. Check them"
    ]
    failure = failure_of(refused)
    assert failure.what == "T000, T001, T002 and 81 more: the keys are refused"
    assert failure.hint == "Check them"


def test_failures_of_some_symbols_are_a_line_each() -> None:
    failures = {
        "AAPL": Unauthorized("the keys are refused", "Check them"),
        "ZZZ": UnknownSymbol("ZZZ is no symbol", "Check its spelling"),
        "MSFT": Unauthorized("the keys are refused", "Check them"),
    }
    assert failure_lines(failures) == [
        "AAPL: the keys are refused. Check them",
        "MSFT: the keys are refused. Check them",
        "ZZZ: ZZZ is no symbol. Check its spelling",
    ]
