"""What the gate found, for people: counted by check, and the first of it line by line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np

from trading.gate.checks import GAP, JUMP, NEW_LEVEL, SPIKE, STALE, ZERO_VOLUME
from trading.gate.verdicts import Bytes, Verdicts
from trading.market.bars import Floats
from trading.market.calendar import from_microseconds, to_microseconds
from trading.market.panel import Panel

# In the order in which they become reasons.
CHECKS = {
    "spike": SPIKE,
    "jump": JUMP,
    "new_level": NEW_LEVEL,
    "gap": GAP,
    "stale": STALE,
    "zero_volume": ZERO_VOLUME,
}
# Those that compare a bar with a close before it.
_COMPARED = JUMP | NEW_LEVEL | GAP | STALE
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A bar, named by its START in microseconds, that met a check; prices in USD.

    `reference` is the close that it was compared with, None where the check needs none.
    """

    us: int
    symbol: str
    check: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    reference: float | None = None

    def as_dict(self) -> dict[str, float | str | None]:
        """Return the finding as JSON has it."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"bar": from_microseconds(named.pop("us")).isoformat(), **named}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Finding:
        """Return the finding that `as_dict` made JSON of."""
        us = to_microseconds(datetime.fromisoformat(content["bar"]))
        return cls(us, **{name: value for name, value in content.items() if name != "bar"})

    @property
    def line(self) -> str:
        """Return the finding as a line of text."""
        prices = (self.open, self.high, self.low, self.close)
        compared = "" if self.reference is None else f", reference {_price(self.reference)}"
        return (
            f"{from_microseconds(self.us):%Y-%m-%d %H:%M} UTC {self.symbol} {self.check}: open,"
            f" high, low, close {' '.join(map(_price, prices))}, volume {self.volume:g}{compared}"
        )


@dataclass(frozen=True)
class GateReport:
    """How many bars met each check, and the first of them, by time and configured symbol."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHECKS, 0))
    findings: tuple[Finding, ...] = ()

    @property
    def others(self) -> int:
        """Return how many findings are counted and not listed."""
        return sum(self.counts.values()) - len(self.findings)

    def as_defects(self) -> dict[str, int]:
        """Return the counts as they stand among the defects."""
        return {f"gate.{check}": count for check, count in self.counts.items()}

    def notes(self) -> tuple[str, ...]:
        """Return a sentence of what was found, none where nothing was."""
        found = [f"{count:,} {check}" for check, count in self.counts.items() if count]
        if not found:
            return ()
        listed = f"The first {len(self.findings)} are" if self.others else "Each is"
        return (f"the data gate: {', '.join(found)}. {listed} listed with the defects",)


def counts_of(found: Bytes) -> dict[str, int]:
    """Return by check how many bars met it, of the bits of any bars."""
    return {name: int(np.count_nonzero(found & bit)) for name, bit in CHECKS.items()}


def report_of(counts: dict[str, int], findings: Iterable[Finding]) -> GateReport:
    """Return a report of counts and of findings in their order, of which the first are listed."""
    return GateReport(counts, tuple(findings)[:MOST_LISTED])


def findings_of_bar(
    found: Sequence[int],
    us: int,
    symbols: Sequence[str],
    bar: Sequence[Sequence[float]],
    references: Sequence[float],
) -> list[Finding]:
    """Return what a bar's symbols met; `bar` is five numbers a symbol, as `Prices` has them.

    `references` are the closes that they were compared with, NaN for none.
    """
    return [
        Finding(
            us,
            symbol,
            name,
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            numbers[4],
            _reference(bit, reference),
        )
        for symbol, bits, numbers, reference in zip(symbols, found, bar, references, strict=True)
        for name, bit in CHECKS.items()
        if bits & bit
    ]


def report_of_panel(verdicts: Verdicts, panel: Panel, accepted: Floats) -> GateReport:
    """Return what was found in a panel; `accepted` are its closes without the rejected bars."""
    told = np.flatnonzero(verdicts.is_told)
    listed: list[Finding] = []
    for row in told:
        if len(listed) >= MOST_LISTED:
            break
        # A row may have nothing but the reasons of a session that is blocked.
        if verdicts.found[row].any():
            listed += _findings_in_row(verdicts.found[row], panel, accepted, int(row))
    return report_of(counts_of(verdicts.found[told]), listed)


def _findings_in_row(found: Bytes, panel: Panel, accepted: Floats, row: int) -> list[Finding]:
    grid = panel.grid
    first = int(grid.first_row[np.searchsorted(grid.first_row, row, side="right") - 1])
    references = [
        _last_close(accepted[:first, s] if found[s] & GAP else accepted[first:row, s])
        if found[s] & _COMPARED
        else math.nan
        for s in range(len(found))
    ]
    bar = np.stack([values[row] for values in panel.prices], axis=1).tolist()
    us = int(grid.start_us[row])
    return findings_of_bar(found.tolist(), us, panel.symbols, bar, references)


def _last_close(closes: Floats) -> float:
    present = np.flatnonzero(~np.isnan(closes))
    return float(closes[present[-1]]) if len(present) else math.nan


def _reference(bit: int, reference: float) -> float | None:
    return reference if bit & _COMPARED and not math.isnan(reference) else None


def _price(price: float) -> str:
    return f"{price:.4f}".rstrip("0").rstrip(".")
