"""What the fields of records have in common: money in Decimal, times in UTC, and no field more."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
)


class Record(BaseModel):
    """A row of the books; it is checked when it is made, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(StrEnum):
    """Which way a position earns."""

    LONG = "long"
    SHORT = "short"


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _as_text(moment: datetime) -> str:
    return moment.isoformat()


# USD. JSON has no decimals, and a reader of it wants to reckon: there it is a number.
Money = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
# What was paid or quoted. A strategy's stops and targets are what it says, also below zero.
Price = Annotated[Money, Field(gt=0)]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(_as_text, return_type=str, when_used="json"),
]
Symbol = Annotated[str, Field(min_length=1, max_length=20)]
Ratio = FiniteFloat
