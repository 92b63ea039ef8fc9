"""What the checks look at: the clock of whole files, and some of the rows that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from trading.market.bars import AnyRows, Integers
from trading.market.calendar import (
    Session,
    exchange_timezone,
    from_microseconds,
    sessions_between,
    to_microseconds,
)
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.clock.symbol_clocks import clocks_of_symbols
from trading.market.plausibility.clock.zones import moved
from trading.market.plausibility.sample import Sample, take_sample

DAY = timedelta(days=1)
# Of the times of a file, where it goes on outside sessions.
_FEWEST_OUTSIDE = 0.1


@dataclass(frozen=True)
class Look:
    """Bars of a source under an exchange's calendar.

    `clocks` are those of whole files, `sessions` all that they may touch; `rows` index `symbols`
    and are those that were asked for. `bar_minutes` is the length of the bars that are made of
    them, None where none are.
    """

    name: str
    exchange: str
    sessions: Sequence[Session]
    clocks: tuple[FileClock, ...]
    symbols: tuple[str, ...]
    rows: tuple[AnyRows, ...]
    bar_minutes: int | None = None
    # By both zones: to ask for each session of each symbol anew would take seconds.
    _moved: dict[tuple[str, str], Integers] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def open_us(self) -> Integers:
        """Return the opens of the sessions in microseconds."""
        opens = [to_microseconds(session.open) for session in self.sessions]
        return np.array(opens, dtype=np.int64)

    @cached_property
    def close_us(self) -> Integers:
        """Return their closes."""
        closes = [to_microseconds(session.close) for session in self.sessions]
        return np.array(closes, dtype=np.int64)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Return the zone of the exchange's own clock."""
        return exchange_timezone(self.exchange)

    @cached_property
    def goes_on_outside(self) -> bool:
        """Return whether a file has rows before opens and after closes, and not by exception."""
        for clock in self.clocks if len(self.open_us) else ():
            number = np.searchsorted(self.open_us, clock.starts_us, side="right") - 1
            inside = (number >= 0) & (clock.starts_us < self.close_us[number])
            if inside.any() and inside.mean() < 1 - _FEWEST_OUTSIDE:
                return True
        return False

    @cached_property
    def symbol_clocks(self) -> tuple[FileClock, ...]:
        """Return a clock of each symbol, none where all rows of files run alike."""
        return clocks_of_symbols(self.name, self.clocks, self.symbols, self.rows, hours=self)

    @cached_property
    def sample(self) -> Sample:
        """Return some of the rows inside sessions, with their prices and volumes."""
        return take_sample(self.rows, len(self.symbols), self.open_us, self.close_us)

    def sessions_moved(self, read_in: tzinfo, really: tzinfo) -> Integers:
        """Return by how much rows of sessions move in another zone than they were read in."""
        zones = (str(read_in), str(really))
        if zones not in self._moved:
            self._moved[zones] = moved((self.open_us + self.close_us) // 2, read_in, really)
        return self._moved[zones]

    def listed(self, numbers: Integers) -> str:
        """Return the names of symbols, of many the first."""
        names = [self.symbols[number] for number in numbers.tolist()]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def look_at(
    name: str,
    exchange: str,
    sessions: Sequence[Session],
    symbols: tuple[str, ...],
    rows: AnyRows,
) -> Look:
    """Return what the checks need to look at rows of these sessions, whose clock is right."""
    return Look(name, exchange, sessions, (), symbols, (rows,))


def look_at_files(
    name: str,
    exchange: str,
    clocks: tuple[FileClock, ...],
    symbols: tuple[str, ...],
    rows: tuple[AnyRows, ...],
    bar_minutes: int | None = None,
) -> Look:
    """Return what the checks need to look at a source of this name, and at all its files."""
    filled = [clock.starts_us for clock in clocks if len(clock.starts_us)]
    sessions: list[Session] = []
    if filled:
        first = from_microseconds(min(int(starts[0]) for starts in filled)).date()
        last = from_microseconds(max(int(starts[-1]) for starts in filled)).date()
        sessions = sessions_between(exchange, first - DAY, last + DAY)
    return Look(name, exchange, sessions, clocks, symbols, rows, bar_minutes)
