"""The form of the backtest asks for what the terminal does, and complains in the same words."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blocks.bars.file_format import BarFileFormat
from blocks.settings.app_settings import AppSettings
from flows import backtest_form
from flows.__main__ import main
from tasks.backtest.request import BacktestRequest, plan_of
from trading.errors import BadInput
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.strategies.orb_parameters import OrbParameters

OUT = Path("results")
FORM: dict[str, Any] = {
    "bars": "bars.csv", "daily_bars": None, "ruleset": None, "symbols": ["AAPL"],
    "start": "2025-06-04", "end": None,
    "interval_minutes": 5, "capital": 10_000.0, "exchange": "NYSE", "strategy": OrbParameters(),
    "risk": RiskParameters(), "fills": FillParameters(), "gate": GateParameters(),
    "decisions": "changes", "timezone": None, "stamp": None, "columns": {},
    "source_interval_minutes": None, "time_format": None, "column_order": [], "symbol": None,
    "feed": None, "benchmark": None, "out_of_sample_from": None, "tear_sheet": False,
}  # fmt: skip


GROUPS = ("strategy", "risk", "fills", "gate")


def request_of_form(
    form: dict[str, Any], out: Path, data_dir: Path = Path("data")
) -> BacktestRequest:
    return backtest_form.request_of_form(form, out, AppSettings(), data_dir)


def test_how_a_file_is_written_can_be_said_in_the_form() -> None:
    said = {"timezone": "America/New_York", "stamp": "end", "columns": {"ts": "Datetime"}}
    said |= {"source_interval_minutes": 5, "time_format": "%d.%m.%Y %H:%M", "symbol": "QXA"}
    said |= {"feed": "alpaca:sip"}
    request = request_of_form({**FORM, **said}, OUT)
    columns = {"ts": "Datetime"}
    assert request.format == BarFileFormat(
        "America/New_York", "end", columns, 5, "%d.%m.%Y %H:%M", symbol="QXA", feed="alpaca:sip"
    )
    assert request.start == date(2025, 6, 4)


def test_daily_bars_are_named_in_the_form_as_at_the_terminal() -> None:
    request = request_of_form({**FORM, "daily_bars": "~/daily.csv"}, OUT)
    assert request.daily_bars == Path.home() / "daily.csv"
    assert request_of_form({**FORM, "daily_bars": ""}, OUT).daily_bars is None
    with pytest.raises(BadInput):
        request_of_form({**FORM, "daily_bars": "~nobody-there/daily.csv"}, OUT)


def test_fields_that_are_left_empty_count_as_not_given() -> None:
    request = request_of_form({**FORM, "bars": "", "start": "", "timezone": "", "stamp": ""}, OUT)
    assert (request.bars, request.start, request.format) == (None, None, BarFileFormat())


def test_settings_come_from_models_as_well_as_from_what_the_server_stores() -> None:
    stored = {name: FORM[name].model_dump(mode="json") for name in GROUPS}
    one, other = (plan_of(request_of_form({**FORM, **form}, OUT)) for form in (stored, {}))
    assert one == other


@pytest.mark.parametrize(
    ("slip", "arguments"),
    [
        ({"strategy": {"rnge": 5}}, ["--set", "rnge=5"]),
        ({"risk": {"max_positions": 0}}, ["--set", "max_positions=0"]),
        ({"start": "06/07/2025"}, ["--start", "06/07/2025"]),
        ({"timezone": "Mars/X"}, ["--timezone", "Mars/X"]),
        ({"source_interval_minutes": 0}, ["--source-interval", "0"]),
        ({"time_format": "%Y-%m-%d"}, ["--time-format", "%Y-%m-%d"]),
        ({"time_format": "%Q %H:%M"}, ["--time-format", "%Q %H:%M"]),
        ({"column_order": ["ts", "last"]}, ["--columns", "ts,last"]),
        ({"symbol": "A B;"}, ["--symbol", "A B;"]),
    ],
)
def test_a_slip_is_told_in_the_words_of_the_terminal(
    slip: dict[str, Any], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput) as caught:
        plan_of(request_of_form({**FORM, **slip}, OUT))
    assert main(["backtest", "--bars", "bars.csv", *arguments]) == 2
    # What Prefect logs in a thread of another test's may stand beside it.
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "error: " in line] == [f"error: {caught.value}"]


def test_every_wrong_field_is_named_at_once() -> None:
    slips = {
        "interval_minutes": "five",
        "start": "06/07/2025",
        "decisions": None,
        "strategy": {"rnge": 5, "tick": "x", "min_body": 7},
        "risk": {"max_positions": 0, "risk_per_trade": 7},
        "fills": {"slippage_bps": -1},
        "surprise": 1,
    }
    with pytest.raises(BadInput) as caught:
        request_of_form({**FORM, **slips}, OUT)
    said = str(caught.value)
    for name in ("interval_minutes", "06/07/2025", "decisions", "rnge", "tick", "min_body",
                 "max_positions", "risk_per_trade", "slippage_bps", "surprise"):  # fmt: skip
        assert name in said, name


def test_every_wrong_setting_of_a_plan_is_named_at_once() -> None:
    slips = {"symbols": ["A", "B", "A", "B"], "capital": -5.0, "risk": {"max_positions": 0}}
    with pytest.raises(BadInput) as caught:
        plan_of(request_of_form({**FORM, **slips, "strategy": {"rnge": 5, "tick": -1}}, OUT))
    said = str(caught.value)
    for words in ("symbol A", "symbol B", "capital -5", "max_positions", "rnge", "tick"):
        assert words in said, words


@pytest.mark.parametrize("word", ["nyse", "NYSE"])
def test_an_exchange_is_taken_in_any_case(word: str) -> None:
    assert request_of_form({**FORM, "exchange": word}, OUT).exchange == "NYSE"


def test_every_wrong_field_is_named_before_a_step_begins() -> None:
    slips = {"start": "2025-06-10", "end": "2025-06-02", "interval_minutes": 7, "capital": -5.0}
    slips |= {"exchange": "MOON", "decisions": "some", "risk": {"max_positions": 0}}
    with pytest.raises(BadInput) as caught:
        backtest_form.refuse_wrong(request_of_form({**FORM, **slips}, OUT))
    said = str(caught.value)
    for name in ("end 2025-06-02", "interval 7", "capital", "MOON", "decisions", "max_positions"):
        assert name in said, name
    assert "\n" not in said
    backtest_form.refuse_wrong(request_of_form(FORM, OUT))
