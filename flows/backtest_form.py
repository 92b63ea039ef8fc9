"""What the form of the backtest holds, checked so that a slip is the terminal's one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from blocks.bars.files import BarFileFormat
from flows.commands.arguments import date_argument, path_argument
from tasks.backtest.request import BacktestRequest
from trading.parameters import bad_input_of


def _as_date(value: Any) -> Any:
    return date_argument(value) if isinstance(value, str) and value else value or None


def _as_settings(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


def _or_none(value: Any) -> Any:
    return value or None


Day = Annotated[date | None, BeforeValidator(_as_date)]
Settings = Annotated[dict[str, Any], BeforeValidator(_as_settings)]
Word = Annotated[str | None, BeforeValidator(_or_none)]


class BacktestForm(BaseModel):
    """The form's fields; an empty one is None. Values of settings are judged by the plan."""

    model_config = ConfigDict(extra="forbid")

    bars: Word
    symbols: tuple[str, ...]
    start: Day
    end: Day
    interval_minutes: int
    capital: float
    exchange: str
    strategy: Settings
    risk: Settings
    fills: Settings
    decisions: str
    timezone: Word
    stamp: Annotated[Literal["start", "end"] | None, BeforeValidator(_or_none)]
    columns: dict[str, str]
    source_interval_minutes: int | None


def request_of_form(values: Mapping[str, Any], out: Path) -> BacktestRequest:
    """Return what a form asks for. Raises BadInput, naming the field, for what cannot be."""
    try:
        form = BacktestForm.model_validate(dict(values))
    except ValidationError as error:
        raise bad_input_of(error, "parameters") from error
    return BacktestRequest(
        bars=path_argument(form.bars) if form.bars else None,
        symbols=form.symbols,
        start=form.start,
        end=form.end,
        interval_minutes=form.interval_minutes,
        capital=form.capital,
        exchange=form.exchange,
        settings=form.strategy | form.risk | form.fills,
        decisions=form.decisions,
        out=out,
        format=BarFileFormat(form.timezone, form.stamp, form.columns, form.source_interval_minutes),
    )
