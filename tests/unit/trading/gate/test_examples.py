"""The examples of the rules' page for the data gate, as far as their parameters are built."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from tests.oracle.comparison import run_openbell
from tests.oracle.random_markets import Case
from tests.oracle.reference_engine import calendar_sessions
from tests.shared_data import SHARED
from trading.engine.trade_tape import TradeRow
from trading.errors import BadInput
from trading.market.calendar import from_microseconds
from trading.plan import make_plan
from trading.reasons import ExitReason, Reason

FILE = SHARED / "data" / "rules_examples.json"
EXAMPLES: dict[str, dict[str, Any]] = (
    {each["name"]: each for each in json.loads(FILE.read_text()) if each["name"].startswith("9 ")}
    if FILE.exists()
    else {}
)


def microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def case_of(example: dict[str, Any]) -> Case:
    """Return an example as a case; sessions before its start warm up."""
    rows = tuple(
        (symbol, microseconds(ts), *(float(number) for number in numbers))
        for symbol, ts, *numbers in example["bars"]
    )
    first, start = min(row[1] for row in rows), date.fromisoformat(example["start"])
    begin = min(from_microseconds(first).date(), start)
    sessions = calendar_sessions(example["exchange"], begin, date.fromisoformat(example["end"]))
    settings = dict(example["params"])
    return Case(
        0,
        example["exchange"],
        tuple(sessions),
        settings.pop("interval"),
        tuple(example["symbols"]),
        float(settings.pop("capital")),
        sum(name < example["start"] for name, _, _ in sessions),
        settings,
        rows,  # type: ignore[arg-type]
    )


def refuse_later_editions(example: dict[str, Any], case: Case) -> None:
    """Skip an example of parameters, or of a file, that the engine does not know yet."""
    if "daily" in example:
        pytest.skip("it needs a file of daily bars")
    try:
        make_plan(case.symbols, case.settings, interval_minutes=case.interval)
    except BadInput as error:
        if "no such parameter" in str(error):
            pytest.skip(f"its parameters are not built yet: {error.what}")


@pytest.mark.skipif(not EXAMPLES, reason=f"needs {FILE}, which is not part of the project")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_the_page_comes_out_as_it_says(name: str) -> None:
    example = EXAMPLES[name]
    case, expected = case_of(example), example["expect"]
    refuse_later_editions(example, case)
    if "refused" in expected:
        with pytest.raises(BadInput):
            run_openbell(case)
        return
    outcome = run_openbell(case)
    trades = [
        (
            case.symbols[int(row.symbol)],
            "long" if row.side > 0 else "short",
            row.quantity,
            from_microseconds(int(row.entry_us)),
            row.entry_price,
            from_microseconds(int(row.exit_us)),
            row.exit_price,
            ExitReason(int(row.exit_reason)).word,
            pytest.approx(row.pnl, abs=1e-6),
        )
        for row in (TradeRow(*each) for each in outcome.trades.tolist())
    ]
    if "trades" in expected:
        assert trades == [
            (
                trade["symbol"],
                trade["side"],
                trade["quantity"],
                datetime.fromisoformat(trade["entry_time"]),
                trade["entry_price"],
                datetime.fromisoformat(trade["exit_time"]),
                trade["exit_price"],
                trade["exit_reason"],
                trade["pnl"],
            )
            for trade in expected["trades"]
        ]
    decided = {
        (int(us), case.symbols[int(symbol)]): Reason(int(reason)).word
        for us, symbol, reason in outcome.decisions[:, :3]
    }
    for ts, symbol, reason in expected.get("decisions", ()):
        assert decided[microseconds(ts), symbol] == reason, (ts, symbol)
    assert {check: n for check, n in outcome.gate.counts.items() if n} == expected["gate"]
