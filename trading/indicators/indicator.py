"""An indicator as a strategy names it, and what may be asked for (rules, section 10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trading.errors import BadInput

# Each bar of a window is kept for each symbol.
MOST_BARS = 5_000
MOST_MINUTES = 1_440
MOST_DEVIATIONS = 1_000.0
# Daily values, and opening volumes, are means of so many sessions.
DAYS = 14


class Kind(StrEnum):
    """What is computed; each has its own state."""

    SMA = "sma"
    EMA = "ema"
    RSI = "rsi"
    ATR = "atr"
    MACD = "macd"
    BOLLINGER = "bollinger"
    VWAP = "vwap"
    MEAN_VOLUME = "mean_volume"
    VOLUME_BEFORE = "volume_before"
    CLOSE = "close"
    DAILY = "daily"
    OPENING = "opening"


# What each kind has to say, in the order of its first rows.
VALUES: dict[Kind, tuple[str, ...]] = {
    Kind.MACD: ("line", "signal", "histogram"),
    Kind.BOLLINGER: ("upper", "middle", "lower"),
    Kind.DAILY: ("daily_atr", "daily_close", "daily_volume", "daily_high", "daily_low"),
    Kind.OPENING: ("opening_volume", "relative_opening_volume"),
}
# The shortest lengths, as TA-Lib has them where one bar would be no indicator.
_LEAST: dict[Kind, tuple[int, ...]] = {
    Kind.SMA: (1,),
    Kind.EMA: (1,),
    Kind.RSI: (2,),
    Kind.ATR: (1,),
    Kind.MACD: (2, 2, 1),
    Kind.BOLLINGER: (2,),
    Kind.MEAN_VOLUME: (1,),
    Kind.VOLUME_BEFORE: (0,),
}
# These are of a session or of a day, and not of a series of bars.
_OF_SESSIONS = frozenset({Kind.VWAP, Kind.DAILY, Kind.OPENING})


@dataclass(frozen=True, slots=True)
class Indicator:
    """One value that is computed at every close; equal ones are computed once.

    `lengths` count bars. `minutes` is the length of the bars that it runs over, 0 for the bars
    of the run; for opening volumes it is the length of the opening. `deviations` is the width of
    Bollinger's bands, `value` which of several values is meant.
    """

    kind: Kind
    lengths: tuple[int, ...] = ()
    minutes: int = 0
    value: str = ""
    deviations: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in tuple(Kind):
            raise BadInput(
                f"there is no indicator {self.kind!r}", "trading.indicators lists what there is"
            )
        object.__setattr__(self, "kind", Kind(self.kind))
        least = _LEAST.get(self.kind, ())
        if len(self.lengths) != len(least):
            raise BadInput(f"{self} has {len(self.lengths)} lengths", f"Use {len(least)}")
        for length, shortest in zip(self.lengths, least, strict=True):
            if not _is_whole(length) or not shortest <= length <= MOST_BARS:
                raise BadInput(
                    f"{self} has a length of {length!r}",
                    f"Use a whole number of bars from {shortest} to {MOST_BARS:,}",
                )
        if self.value not in VALUES.get(self.kind, ("",)):
            raise BadInput(
                f"{self} has no value {self.value!r}",
                f"Use one of {', '.join(VALUES.get(self.kind, ('it as it is',)))}",
            )
        self._check_minutes()
        if self.kind is Kind.MACD and self.lengths[0] >= self.lengths[1]:
            raise BadInput(f"{self} has a fast length that is not below its slow one", "Swap them")
        if self.kind is Kind.BOLLINGER and not _is_within(self.deviations, MOST_DEVIATIONS):
            raise BadInput(
                f"{self} has bands of {self.deviations!r} standard deviations",
                f"Use a number above 0, up to {MOST_DEVIATIONS:g}",
            )

    def _check_minutes(self) -> None:
        shortest = 1 if self.kind is Kind.OPENING else 0
        if not _is_whole(self.minutes) or not shortest <= self.minutes <= MOST_MINUTES:
            raise BadInput(
                f"{self} has {self.minutes!r} minutes",
                f"Use a whole number of minutes from 1 to {MOST_MINUTES:,}",
            )
        if self.minutes and self.kind in _OF_SESSIONS - {Kind.OPENING}:
            raise BadInput(
                f"{self} has {self.minutes} minutes", "It has no coarser bars: leave it away"
            )

    @property
    def study(self) -> str:
        """Return what is computed for it and all that are computed with it, as text.

        Minutes of 0 are not named; see `named_study`.
        """
        return named_study(self.kind, self.lengths, self.deviations, self.minutes)

    def __str__(self) -> str:
        if self.kind in (Kind.DAILY, Kind.OPENING):
            return self.value + (f"({self.minutes})" if self.minutes else "")
        return self.study + (f".{self.value}" if self.value else "")


def named_study(kind: Kind, lengths: tuple[int, ...], deviations: float, minutes: int) -> str:
    """Return the text of a study, such as `ema(20)@15`."""
    numbers = [str(length) for length in lengths]
    if kind is Kind.BOLLINGER:
        numbers.append(f"{deviations!r}")
    if kind is Kind.OPENING:
        return f"{kind}({minutes})"
    return (
        str(kind)
        + (f"({', '.join(numbers)})" if numbers else "")
        + (f"@{minutes}" if minutes and kind not in _OF_SESSIONS else "")
    )


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def _is_within(number: object, most: float) -> bool:
    return isinstance(number, int | float) and 0 < number <= most
