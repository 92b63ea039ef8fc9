"""What a user can get wrong in starting the double is one line that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tasks.simulation.alpaca_double.__main__ import EXIT_BAD_INPUT, main
from tasks.simulation.alpaca_double.arguments import make_double, parser, read_flags
from tasks.simulation.alpaca_double.faults import Faults, read_rates
from trading.errors import BadInput

DAY = "2025-06-10"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    start = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
    row = {"symbol": ["AAA"], "ts": [start], "open": [100.0], "high": [101.0], "low": [99.0]}
    path = tmp_path / "bars.parquet"
    pl.DataFrame({**row, "close": [100.0], "volume": [1e6]}).write_parquet(path)
    return path


def words(bars: Path, *more: str) -> list[str]:
    return ["--bars", str(bars), "--symbols", "AAA", "--date", DAY, *more]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--bars", "nowhere.csv"], "nowhere.csv"),
        (["--symbols", ","], "--symbols names none"),
        (["--symbols", "ZZZ"], "ZZZ"),
        (["--date", "June 10"], "is no date"),
        (["--date", "2025-06-14"], "2025-06-14"),
        (["--interval", "7"], "7"),
        (["--speed", "0"], "--speed 0.0"),
        (["--speed", "nan"], "--speed nan"),
        (["--cash", "-1"], "--cash -1.0"),
        (["--open-at", "0.9"], "no parts of a bar"),
        (["--set", "slippage=1"], "no number of the fills"),
        (["--set", "slippage_bps=-1"], "slippage_bps"),
        (["--faults", "lost=2"], "no fault with its rate"),
        (["--faults", "rain=0.1"], "one of lost, unanswered"),
        (["--key", "K"], "--key and --secret go together"),
        (["--halted", "BBB"], "none of --symbols"),
        (["--port", "99999"], "port 99999 cannot be had"),
    ],
)
def test_wrong_words_are_refused_in_one_line(
    more: Sequence[str], said: str, bars: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(bars, *more)) == EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no json\n", "no state of a double"),
        (b'{"terms": "other", "began": "2025-01-01T00:00:00+00:00"}\n', "other bars"),
    ],
)
def test_a_state_that_is_not_this_run_s_is_refused(
    content: bytes, said: str, bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.jsonl"
    state.write_bytes(content)
    assert main(words(bars, "--state", str(state))) == EXIT_BAD_INPUT
    assert said in capsys.readouterr().err


def test_a_request_that_was_cut_off_by_a_kill_was_never_taken(bars: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    order = {"symbol": "AAA", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    first = make_double(parser().parse_args(words(bars, "--state", str(state))))
    first.respond("POST", "/v2/orders", {}, order)
    first.respond("POST", "/v2/orders", {}, order)
    state.write_bytes(state.read_bytes()[:-10])
    again = make_double(parser().parse_args(words(bars, "--state", str(state))))
    assert list(again.model.book.orders) == list(first.model.book.orders)[:1]


def test_the_clock_stands_at_the_open_until_it_is_asked(bars: Path) -> None:
    double = make_double(parser().parse_args(words(bars)))
    double.respond("GET", "/v2/account", {}, None)
    assert double.clock.now() == datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
    double.respond("GET", "/v2/clock", {}, None)
    assert double.clock.began is not None


def test_faults_are_drawn_as_often_as_they_are_asked_for_and_again_with_their_seed() -> None:
    rates = read_rates("lost=0.2,unanswered=0.1")
    drawn = [Faults(rates, 3) for _ in range(2)]
    first, second = ([faults.of_request() for _ in range(2000)] for faults in drawn)
    assert first == second
    assert 300 < first.count("lost") < 500
    assert 130 < first.count("unanswered") < 270
    assert Faults(read_rates("repeated=1"), 1).copies_of_update() == 2
    assert Faults(read_rates("muted=1"), 1).copies_of_update() == 0


def test_an_account_is_as_it_is_said_to_be_and_a_wrong_word_is_one_line() -> None:
    flags = read_flags(["status=ACCOUNT_CLOSED", "may_short=no", "multiplier=1"])
    assert (flags.status, flags.may_short, flags.multiplier) == ("ACCOUNT_CLOSED", False, 1)
    for wrong in ("may_short=perhaps", "multiplier=x", "owner=me"):
        with pytest.raises(BadInput, match="says nothing of an account"):
            read_flags([wrong])
