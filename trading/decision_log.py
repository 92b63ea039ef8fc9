"""The decisions of a run: what the tape holds of each, joined with the bars they were made at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.bars import Floats, Integers
from trading.reasons import STOP_NOT_PROTECTIVE
from trading.tape import DECISION_COLUMNS, DECISIONS, REACHED, Tape

REACHED_COLUMNS = ("stop", "target_offset", "quantity")


@dataclass(frozen=True)
class DecisionLog:
    """Decisions in the order in which they were made.

    `symbol`, `reason`, `range_high`, `range_low` and `atr` (decisions), no `atr` at all when the
    run needed none; `reached` (decisions that came as far as a stop, 3); `at_bar` (bars) how many
    decisions each bar has, `start_us` (bars) their STARTs, `close` (bars, symbols) and `worth`
    (bars) the prices and the equity they saw.
    """

    symbol: NDArray[np.int32]
    reason: NDArray[np.uint8]
    range_high: Floats
    range_low: Floats
    atr: Floats
    reached: Floats
    at_bar: NDArray[np.int32]
    start_us: Integers
    close: Floats
    worth: Floats

    def __len__(self) -> int:
        return len(self.reason)

    @cached_property
    def rows(self) -> Floats:
        """Return one row a decision, columns as DECISION_COLUMNS; NaN for what was not reached."""
        rows = np.empty((len(DECISION_COLUMNS), len(self)), dtype=np.float64)
        for number, name in enumerate(DECISION_COLUMNS):
            rows[number] = self.column(name)
        # Laid out by column, read by row.
        return rows.T

    def column(self, name: str) -> NDArray[Any]:
        """Return one of DECISION_COLUMNS, in the type that it has on the tape."""
        if name in REACHED_COLUMNS:
            missing = 0.0 if name == "quantity" else np.nan
            values = np.full(len(self), missing)
            values[self.reason >= STOP_NOT_PROTECTIVE] = self.reached[
                :, REACHED_COLUMNS.index(name)
            ]
            return values
        made: dict[str, Callable[[], NDArray[Any]]] = {
            "atr": lambda: self.atr if len(self.atr) else np.full(len(self), np.nan),
            "us": lambda: np.repeat(self.start_us, self.at_bar),
            "price": lambda: self.close[self._bar(), self.symbol],
            "equity": lambda: np.repeat(self.worth, self.at_bar),
        }
        return made[name]() if name in made else getattr(self, name)

    def _bar(self) -> Integers:
        return np.repeat(np.arange(len(self.at_bar)), self.at_bar)


def log_of_tapes(
    tapes: list[Tape],
    at_bar: NDArray[np.int32],
    start_us: Integers,
    close: Floats,
    worth: Floats,
) -> DecisionLog:
    """Return the log of decisions on tapes that were filled one after the other."""

    def joined(name: str, count: int) -> NDArray[Any]:
        parts = [getattr(tape, name)[: tape.counts[count]] for tape in tapes]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return DecisionLog(
        joined("symbol", DECISIONS),
        joined("reason", DECISIONS),
        joined("range_high", DECISIONS),
        joined("range_low", DECISIONS),
        joined("atr", DECISIONS),
        joined("reached", REACHED),
        at_bar,
        start_us,
        close,
        worth,
    )


def log_of_rows(rows: Floats) -> DecisionLog:
    """Return the log of decisions given as rows of DECISION_COLUMNS, each its own bar."""
    at = {name: rows[:, number] for number, name in enumerate(DECISION_COLUMNS)}
    symbols = int(at["symbol"].max(initial=0)) + 1
    reached = at["reason"] >= STOP_NOT_PROTECTIVE
    return DecisionLog(
        at["symbol"].astype(np.int32),
        at["reason"].astype(np.uint8),
        at["range_high"],
        at["range_low"],
        at["atr"],
        np.column_stack([at[name][reached] for name in REACHED_COLUMNS]),
        np.ones(len(rows), dtype=np.int32),
        at["us"].astype(np.int64),
        np.repeat(at["price"][:, np.newaxis], symbols, axis=1),
        at["equity"],
    )
