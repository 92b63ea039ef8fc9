"""How a file of bars is written is said with the same words to every command that reads one."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from blocks.bars.file_format import BarFileFormat
from flows.commands.account import run
from flows.commands.bars import import_bars
from flows.commands.bars.bar_format import add_bar_format_arguments, bar_format_of
from flows.commands.research import backtest, look_ahead_test
from trading.errors import BadInput

SAID = {
    "--timezone": "America/New_York",
    "--stamp": "end",
    "--time-format": "%d.%m.%Y %H:%M",
    "--columns": "ts,open,high,low,close,-,volume",
    "--symbol": "QXA",
    "--source-interval": "15",
    "--feed": "alpaca:sip",
}


def format_of(*arguments: str) -> BarFileFormat:
    parser = ArgumentParser()
    add_bar_format_arguments(parser)
    return bar_format_of(parser.parse_args(arguments))


def test_every_argument_reaches_the_reader() -> None:
    words = [word for pair in SAID.items() for word in pair]
    assert format_of(*words) == BarFileFormat(
        "America/New_York", "end", {}, 15, "%d.%m.%Y %H:%M",
        ("ts", "open", "high", "low", "close", "-", "volume"), "QXA", "alpaca:sip",
    )  # fmt: skip
    assert format_of("--column", "ts= When").columns == {"ts": "When"}
    assert format_of() == BarFileFormat()


@pytest.mark.parametrize("command", [backtest, import_bars, look_ahead_test, run])
def test_every_command_that_reads_bars_takes_them(command: object) -> None:
    parser = ArgumentParser()
    command.add_arguments(parser)  # type: ignore[attr-defined]
    known = {option for action in parser._actions for option in action.option_strings}
    assert {"--bars", "--column", *SAID} <= known


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--columns", "ts,open,high,low,close"], "volume"),
        (["--columns", "ts,date,time,open,high,low,close,volume"], "ts, or date and time"),
        (["--columns", "date,open,high,low,close,volume"], "ts, or date and time"),
        (["--columns", "ts,open,open,high,low,close,volume"], "open twice"),
        (["--columns", "ts,o,high,low,close,volume"], "'o'"),
        (["--columns", " , "], "no column"),
        (["--columns", SAID["--columns"], "--column", "ts=When"], "one of the two"),
        (["--time-format", "%Y-%m-%d"], "the hour and minute"),
        (["--time-format", "%d %H:%M"], "the year and month"),
        (["--time-format", "%Y-%m-%d %I:%M"], "the hour"),
        (["--time-format", "%Y-%m-%d %Q:%M"], "%Q"),
        (["--time-format", "%Y-%m-%d %H:%M %"], "has %,"),
        (["--time-format", "%Y-%Y-%m-%d %H:%M"], "cannot be read with"),
    ],
)
def test_what_no_file_can_be_like_is_refused_before_one_is_opened(
    arguments: list[str], named: str
) -> None:
    with pytest.raises(BadInput) as caught:
        format_of(*arguments)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
