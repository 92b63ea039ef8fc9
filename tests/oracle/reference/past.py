"""What the engine remembers of one symbol (sections 3, 10 and 13), written from the page alone.

A symbol's past is one object: to forget it is to take a new one, to restore it is to take the old
one back.
"""

from __future__ import annotations

from tests.oracle.reference.bars import Bar

ATR_LENGTH = 14
DAYS = 14


class AverageTrueRange:
    """Wilder's ATR(14): the mean of the first 14 true ranges, then a thirteenth-weighted one."""

    def __init__(self) -> None:
        self.previous_close: float | None = None
        self.first_ranges: list[float] = []
        self.value: float | None = None

    def add(self, bar: Bar) -> None:
        """Take in one present bar."""
        if self.previous_close is not None:
            true_range = max(
                bar.high - bar.low,
                abs(bar.high - self.previous_close),
                abs(bar.low - self.previous_close),
            )
            if self.value is None:
                self.first_ranges.append(true_range)
                if len(self.first_ranges) == ATR_LENGTH:
                    self.value = sum(self.first_ranges) / ATR_LENGTH
            else:
                self.value = (self.value * (ATR_LENGTH - 1) + true_range) / ATR_LENGTH
        self.previous_close = bar.close


class ExponentialAverage:
    """The EMA(n) of closes, seeded with the mean of the first n."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.first_closes: list[float] = []
        self.value: float | None = None

    def add(self, close: float) -> None:
        """Take in one close."""
        if self.value is None:
            self.first_closes.append(close)
            if len(self.first_closes) == self.length:
                self.value = sum(self.first_closes) / self.length
        else:
            self.value = (close - self.value) * (2 / (self.length + 1)) + self.value


class CoarserBars:
    """Bars of T minutes that are made of finer ones, each counted once it is closed."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.average = ExponentialAverage(20)
        self.closed: list[Bar] = []
        self.in_progress: Bar | None = None

    def add(self, bar: Bar) -> None:
        """Take one fine bar into the coarser bar in progress."""
        if self.in_progress is None:
            self.in_progress = Bar(bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume)
        else:
            self.in_progress.take_in(bar)

    def close(self) -> None:
        """Count the coarser bar in progress, where there is one, as closed."""
        if self.in_progress is not None:
            self.closed.append(self.in_progress)
            self.average.add(self.in_progress.close)
            self.in_progress = None

    def is_aligned(self, sign: int) -> bool:
        """Return whether the last closed bar is on the side of an entry, seen from the average."""
        average = self.average.value
        if len(self.closed) < 20 or average is None:
            return False
        return self.closed[-1].close > average if sign > 0 else self.closed[-1].close < average


class Past:
    """Everything that a symbol's accepted bars have left behind."""

    def __init__(self, range_bars: int, daily_from: str = "") -> None:
        self.range_bars = range_bars
        # The first date of a user's file that still counts.
        self.daily_from = daily_from
        self.atr = AverageTrueRange()
        self.bars: list[Bar] = []
        self.coarser = [CoarserBars(15), CoarserBars(60)]
        self.days: list[Bar] = []
        self.opening_volumes: list[float] = []
        self.today: dict[int, Bar] = {}

    def add(self, number: int, bar: Bar) -> None:
        """Take in one accepted bar of the session in progress."""
        self.atr.add(bar)
        self.bars.append(bar)
        for coarser in self.coarser:
            coarser.add(bar)
        self.today[number] = bar

    def pass_time(self, minutes_since_open: int, is_session_end: bool) -> None:
        """Close the coarser bars that end at this time."""
        for coarser in self.coarser:
            if is_session_end or minutes_since_open % coarser.minutes == 0:
                coarser.close()

    def end_session(self) -> None:
        """Keep the day and its opening volume, where there are any."""
        opening = self.opening_volume()
        if opening is not None:
            self.opening_volumes.append(opening)
        if self.today:
            bars = [self.today[number] for number in sorted(self.today)]
            day = Bar(0, bars[0].open, bars[0].high, bars[0].low, bars[0].close, bars[0].volume)
            for bar in bars[1:]:
                day.take_in(bar)
            self.days.append(day)
        self.today = {}

    def opening_volume(self) -> float | None:
        """Return the volume of the session's opening range, None where a bar of it is missing."""
        if any(number not in self.today for number in range(self.range_bars)):
            return None
        return sum(self.today[number].volume for number in range(self.range_bars))

    def relative_opening_volume(self) -> float | None:
        """Return the opening volume over the mean of the last 14 earlier ones."""
        today, earlier = self.opening_volume(), self.opening_volumes[-DAYS:]
        if today is None or len(earlier) < DAYS:
            return None
        mean = sum(earlier) / DAYS
        return today / mean if mean != 0 else None

    def volumes_before(self) -> list[float]:
        """Return the volumes of the twenty bars before the newest, or of as many as there are."""
        return [bar.volume for bar in self.bars[-21:-1]]

    def volume_score(self) -> float:
        """Return what section 13 makes of the newest bar's volume."""
        newest, before = self.bars[-1].volume, self.volumes_before()
        if len(before) < 20 or sum(before) == 0:
            return 0.0
        ratio = newest / (sum(before) / 20)
        if ratio >= 1.5:
            is_rising = newest >= before[-1] >= before[-2]
            return min(100.0, ratio / 1.5 * (100 if is_rising else 50))
        return ratio / 1.5 * 50

    def score(self, sign: int) -> float:
        """Return the score of section 13 for an entry on this side."""
        trend = 50 * sum(coarser.is_aligned(sign) for coarser in self.coarser)
        return (0.4 * trend + 0.3 * self.volume_score()) / 0.7


def daily_atr(days: list[Bar]) -> float | None:
    """Return Wilder's ATR(14) over daily bars, None with fewer than 15."""
    average = AverageTrueRange()
    for day in days:
        average.add(day)
    return average.value


def daily_volume(days: list[Bar]) -> float | None:
    """Return the mean volume of the last 14 daily bars, None with fewer."""
    if len(days) < DAYS:
        return None
    return sum(day.volume for day in days[-DAYS:]) / DAYS
