"""What a broker objects to, met by the real command at the double: one line each, exits go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from tests.process.replay.test_kill_safety import DAY, SYMBOLS, write_bars
from tests.servers.alpaca_double import AlpacaDouble, alpaca_double
from tests.terminal import flows

pytest.importorskip("alpaca")
SPEED = "1200"
PACE = ("--interval", "30", "--speed", SPEED)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.parquet")


def run(
    double: AlpacaDouble, bars: Path, folder: Path, *symbols: str, **settings: str
) -> tuple[int, str]:
    """Return the exit code of a replayed session at a double, and all that it said."""
    asked = ("--replay", DAY, "--bars", bars, "--symbols", ",".join(symbols), *PACE)
    rules = ("range_minutes=30", "min_body=0", "flatten_minutes=60", "target=none")
    sets = [word for rule in rules for word in ("--set", rule)]
    variables = double.settings() | settings
    ended = flows("run", *asked, *sets, "--data-dir", folder, **variables)
    return ended.returncode, ended.stdout + ended.stderr


def test_wrong_keys_and_pages_end_the_start_in_one_line(bars: Path, tmp_path: Path) -> None:
    with alpaca_double(bars, SYMBOLS[:1], DAY, *PACE) as double:
        for keys in ({"ALPACA_SECRET_KEY": "of-another"}, {"ALPACA_API_KEY": "AKLIVE"}):
            code, said = run(double, bars, tmp_path / "keys", "AAA", **keys)
            assert (code, len(said.strip().splitlines())) == (2, 1), said
            assert "of the paper account" in said
            assert "TRADING_MODE=live" in said
            assert "of-another" not in said
    with alpaca_double(bars, SYMBOLS[:1], DAY, *PACE, "--faults", "page=1") as double:
        code, said = run(double, bars, tmp_path / "page", "AAA")
        assert (code, len(said.strip().splitlines())) == (2, 1), said
        assert "<html>" not in said


def test_what_may_not_be_traded_is_told_with_its_reason_and_the_rest_is_traded(
    bars: Path, tmp_path: Path
) -> None:
    """AAA is not lent, BBB is halted, and of CCC the broker knows nothing; its pages are ill."""
    objections = ("--halted", "BBB", "--not-shortable", "AAA", "--faults", "page=0.03")
    with alpaca_double(bars, ("AAA", "BBB"), DAY, *PACE, *objections) as double:
        _, said = run(double, bars, tmp_path, *SYMBOLS)
    told = said.splitlines()
    assert sum("CCC is not entered: Alpaca paper does not trade CCC" in line for line in told) == 1
    assert sum("lends no AAA to sell short" in line for line in told) == 1
    ledger = DuckDBLedger(tmp_path, "alpaca-paper")
    reasons = ledger.query("SELECT DISTINCT symbol, reason FROM decisions WHERE symbol = 'CCC'")
    assert {row["reason"] for row in reasons} == {"not_tradable"}
    ended = ledger.query(
        "SELECT payload FROM journal WHERE kind = 'order_update' AND payload LIKE '%halted: %'"
    )
    assert ended, "nobody is told why BBB was not entered"
    # No short was sent, and what was bought was sold again.
    trades = ledger.query("SELECT symbol, side, exit_reason FROM trades")
    assert {(trade["symbol"], trade["side"]) for trade in trades} <= {("AAA", "long")}
    assert ledger.query("SELECT symbol FROM positions") == []
