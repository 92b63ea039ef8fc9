"""The examples beside the rules' page, against Openbell and against the reference."""

from __future__ import annotations

from itertools import starmap

import pytest

from tests.oracle.comparison import numbers_of, run_openbell, run_the_reference
from tests.oracle.random_markets import Case
from tests.oracle.reference.bars import MINUTE, Refused
from tests.oracle.rules_examples import FILE, Said, rules_examples
from trading.engine.tapes.trade_tape import TradeRow
from trading.errors import BadInput
from trading.reasons import ExitReason, Reason

EXAMPLES = rules_examples()
needs_the_examples = pytest.mark.skipif(
    not EXAMPLES, reason=f"needs {FILE}, which is not part of the project"
)


def said_by_the_reference(case: Case) -> Said:
    result = run_the_reference(case)
    opens = {name: opened for name, opened, _ in case.sessions}

    def at(name: str, k: int) -> int:
        return opens[name] + k * case.interval * MINUTE

    return Said(
        result.trades,
        {(at(name, k), symbol): why for (name, k, symbol), why in result.decisions.items()},
        {(at(name, k), symbol): n for (name, k, symbol), n in result.numbers.items()},
        result.gate,
    )


def said_by_openbell(case: Case) -> Said:
    outcome = run_openbell(case)
    sessions = {name: (opened, closed) for name, opened, closed in case.sessions}
    return Said(
        [
            {
                "session": next(
                    name
                    for name, (opened, closed) in sessions.items()
                    if opened <= row.entry_us < closed
                ),
                "symbol": case.symbols[int(row.symbol)],
                "side": "long" if row.side > 0 else "short",
                "quantity": int(row.quantity),
                "entry_time": int(row.entry_us),
                "entry_price": row.entry_price,
                "exit_time": int(row.exit_us),
                "exit_price": row.exit_price,
                "exit_reason": ExitReason(int(row.exit_reason)).word,
                "pnl": row.pnl,
                "r_multiple": row.r_multiple,
            }
            for row in starmap(TradeRow, outcome.trades.tolist())
        ],
        {
            (int(us), case.symbols[int(symbol)]): Reason(int(reason)).word
            for us, symbol, reason in outcome.decisions[:, :3]
        },
        {(us, symbol): dict(numbers) for us, symbol, numbers in numbers_of(case, outcome)},
        {check: n for check, n in outcome.gate.counts.items() if n},
    )


@needs_the_examples
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_reference_makes_of_an_example_what_the_page_does(name: str) -> None:
    example = EXAMPLES[name]
    if example.is_refused:
        with pytest.raises(Refused):
            run_the_reference(example.case)
        return
    assert example.complaints(said_by_the_reference(example.case)) == []


@needs_the_examples
@pytest.mark.parametrize("name", EXAMPLES)
def test_openbell_makes_of_an_example_what_the_page_does(name: str) -> None:
    example = EXAMPLES[name]
    if example.is_refused:
        with pytest.raises(BadInput):
            run_openbell(example.case)
        return
    assert example.complaints(said_by_openbell(example.case)) == []
