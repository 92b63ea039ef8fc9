"""What a check of bars finds, and how grave it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trading.market.plausibility.look import Look

# The words that a check's sentences have gaps for.
Words = Mapping[str, str]


class Severity(StrEnum):
    """Whether bars are refused for a finding, or read with a warning."""

    REFUSED = "refused"
    WARNED = "warned"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table: what is measured, how grave it is, and what is said.

    `measure` returns the words for the gaps of `sentence` and `hint`, None when nothing is wrong.
    """

    name: str
    measure: Callable[[Look], Words | None]
    severity: Severity
    sentence: str
    hint: str
