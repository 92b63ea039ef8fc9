"""The decisions of a run in parts, so that what is made of them never fills the memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from trading.engine.decision_log import DecisionLog
from trading.engine.decision_tape import RANGES
from trading.reasons import SIZE_BELOW_ONE, STOP_NOT_PROTECTIVE

# Columns of so many rows stay in the processor's cache, and are worth a row group of their own.
DECISIONS_AT_A_TIME = 131_072


def parts_of(log: DecisionLog, decisions: int = DECISIONS_AT_A_TIME) -> Iterator[DecisionLog]:
    """Yield the log's bars as logs of their own, one after the other; at least one.

    A part ends with the bar in which the decisions so far reach the next multiple of so many.
    Nothing is copied.
    """
    tape = log.tape
    first = np.concatenate(([0], np.cumsum(tape.at_bar, dtype=np.int64)))
    cuts = np.searchsorted(first, np.arange(decisions, len(log), decisions)).tolist()
    stop_end = size_end = 0
    for begin, end in pairwise((0, *dict.fromkeys((*cuts, len(tape.at_bar))))):
        bars, made = slice(begin, end), slice(int(first[begin]), int(first[end]))
        reason = tape.reason[bars]
        stops = slice(stop_end, stop_end + int(np.count_nonzero(reason >= STOP_NOT_PROTECTIVE)))
        sizes = slice(size_end, size_end + int(np.count_nonzero(reason >= SIZE_BELOW_ONE)))
        stop_end, size_end = stops.stop, sizes.stop
        counts = (
            tape.counts[RANGES],
            made.stop - made.start,
            stops.stop - stops.start,
            sizes.stop - sizes.start,
        )
        yield DecisionLog(
            tape._replace(
                counts=np.array(counts, dtype=np.int64),
                reason=reason,
                at_bar=tape.at_bar[bars],
                range_row=tape.range_row[bars],
                atr=tape.atr[made],
                stop=tape.stop[stops],
                offset=tape.offset[stops],
                shares=tape.shares[sizes],
            ),
            log.start_us[bars],
            log.close[bars],
            log.worth[bars],
        )
