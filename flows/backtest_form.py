"""What the form of the backtest holds, checked so that a slip is the terminal's one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from blocks.bars.file_format import BarFileFormat
from blocks.process.clocks import SystemClock
from blocks.settings.app_settings import AppSettings
from flows.commands.arguments import date_argument, path_argument
from flows.session.asked_in_form import FormValues, asked_in_form
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from trading.errors import BadInput, together
from trading.market.calendar import exchange_named, exchange_timezone, refuse_interval
from trading.parameters import bad_input_of
from trading.plan import strategy_in, wrong_settings
from trading.strategy_choice import FILE

SIMULATED_DAYS = 60
Given = TypeVar("Given")
Checked = TypeVar("Checked")
Own = TypeVar("Own", bound=BaseModel)
Rest = TypeVar("Rest")


def _as_settings(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _or_none(value: Any) -> Any:
    return value or None


Day = Annotated[date | None, BeforeValidator(_or_none)]
Settings = Annotated[dict[str, Any], BeforeValidator(_as_settings)]
Word = Annotated[str | None, BeforeValidator(_or_none)]


class BacktestForm(BaseModel):
    """The form's fields; an empty one is None. Values of settings are judged by the plan."""

    model_config = ConfigDict(extra="forbid")

    bars: Word
    ruleset: Word
    daily_bars: Word
    symbols: tuple[str, ...]
    start: Day
    end: Day
    interval_minutes: int
    capital: float
    exchange: str
    strategy: Settings
    risk: Settings
    fills: Settings
    gate: Settings
    decisions: str
    timezone: Word
    stamp: Annotated[Literal["start", "end"] | None, BeforeValidator(_or_none)]
    columns: dict[str, str]
    source_interval_minutes: int | None
    time_format: Word
    column_order: tuple[str, ...]
    symbol: Word
    feed: Word
    benchmark: Word
    out_of_sample_from: Day
    tear_sheet: bool


def request_of_form(
    values: Mapping[str, Any], out: Path, configured: AppSettings, data_dir: Path
) -> BacktestRequest:
    """Return what a form asks for, of an account's folder.

    Raises BadInput, naming every wrong field, for what cannot be. Where nothing is wrong
    here, the plan says what its settings are.
    """
    wrong: list[BadInput] = []
    given = dict(values)
    for name in ("start", "end", "out_of_sample_from"):
        if isinstance(given.get(name), str) and given[name]:
            given[name] = _checked(wrong, date_argument, given[name])
    form: BacktestForm | None = None
    try:
        form = BacktestForm.model_validate(given)
    except ValidationError as error:
        wrong.append(bad_input_of(error, "parameters"))
    bars = given.get("bars")
    path = _checked(wrong, path_argument, bars) if isinstance(bars, str) and bars else None
    daily = given.get("daily_bars")
    daily_path = _checked(wrong, path_argument, daily) if isinstance(daily, str) and daily else None
    format = None if form is None else _checked(wrong, _format_of, form)
    if form is None or format is None or wrong:
        raise together(wrong + _wrong_settings(given))
    groups = {"risk": form.risk, "fills": form.fills, "gate": form.gate}
    values_of_form = FormValues(
        form.strategy, groups, form.ruleset, form.symbols, form.interval_minutes
    )
    asked = asked_in_form(values_of_form, configured, data_dir).required()
    return BacktestRequest(
        bars=path,
        symbols=asked.symbols,
        start=form.start,
        end=form.end,
        interval_minutes=asked.interval_minutes,
        capital=form.capital,
        exchange=exchange_named(form.exchange),
        settings=asked.settings,
        strategy_module=asked.strategy_module,
        decisions=form.decisions,
        out=out,
        format=format,
        daily_bars=daily_path,
        benchmark=form.benchmark,
        out_of_sample_from=form.out_of_sample_from,
        tear_sheet=form.tear_sheet,
    )


def beside(
    own: type[Own], values: Mapping[str, Any], rest_of: Callable[[dict[str, Any]], Rest]
) -> tuple[Own, Rest]:
    """Return a form's own fields, and what another form makes of the rest of its values.

    Raises BadInput, naming every wrong field of both.
    """
    given = {name: value for name, value in values.items() if name in own.model_fields}
    rest = {name: value for name, value in values.items() if name not in given}
    wrong: list[BadInput] = []
    form = made = None
    try:
        form = own.model_validate(given)
    except ValidationError as error:
        wrong.append(bad_input_of(error, "parameters"))
    try:
        made = rest_of(rest)
    except BadInput as error:
        wrong.append(error)
    if form is None or made is None:
        raise together(wrong)
    return form, made


def refuse_wrong(request: BacktestRequest) -> None:
    """Raise BadInput, naming everything that is wrong, before any step begins."""
    wrong: list[BadInput] = []
    _checked(wrong, refuse_interval, request.interval_minutes)
    _checked(wrong, exchange_timezone, request.exchange)
    _checked(wrong, check_request, request)
    _checked(wrong, plan_of, request)
    if wrong:
        raise together(wrong)


def with_simulated_days(request: BacktestRequest) -> BacktestRequest:
    """Return a request that says over which days bars are simulated: the last, where it says none.

    One of a file of bars stays as it is.
    """
    if request.bars is not None:
        return request
    last = request.end or SystemClock().now().date() - timedelta(days=1)
    return replace(request, start=request.start or last - timedelta(days=SIMULATED_DAYS), end=last)


def _checked(
    wrong: list[BadInput], check: Callable[[Given], Checked], value: Given
) -> Checked | None:
    """Return what a check makes of a value; its complaint goes to the others."""
    try:
        return check(value)
    except BadInput as error:
        wrong.append(error)
        return None


def _format_of(form: BacktestForm) -> BarFileFormat:
    return BarFileFormat(
        timezone=form.timezone,
        stamp=form.stamp,
        columns=form.columns,
        interval_minutes=form.source_interval_minutes,
        time_format=form.time_format,
        column_order=form.column_order,
        symbol=form.symbol,
        feed=form.feed,
    )


def _wrong_settings(given: Mapping[str, Any]) -> list[BadInput]:
    settings: dict[str, Any] = {}
    for name in ("strategy", "risk", "fills", "gate"):
        part = _as_settings(given.get(name))
        settings |= part if isinstance(part, dict) else {}
    if settings.get("strategy") == FILE:
        # What a file of the user's own takes is known where it is read.
        return []
    try:
        return wrong_settings(settings, strategy_in(settings))
    except BadInput as error:
        return [error]
