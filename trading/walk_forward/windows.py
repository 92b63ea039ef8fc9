"""The windows of a walk-forward test: sessions to choose on, and later ones to trade the choice."""

from __future__ import annotations

from dataclasses import dataclass

from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class WindowLengths:
    """How long the parts of each window are, in sessions; raises BadInput for what cannot be.

    Each window begins to trade `step` sessions after the one before it. `purged` are those
    between the sessions to choose on and those to trade, which belong to neither. With
    `is_anchored` all windows choose from the first session on, and `in_sample` is how many the
    first of them has; without it each has the `in_sample` last ones.
    """

    in_sample: int
    out_of_sample: int
    step: int
    purged: int
    is_anchored: bool

    def __post_init__(self) -> None:
        for name, sessions, least in (
            ("in-sample", self.in_sample, 1),
            ("out-of-sample", self.out_of_sample, 1),
            ("step", self.step, 1),
            ("purge", self.purged, 0),
        ):
            if sessions < least:
                raise BadInput(
                    f"{name} {sessions} is no number of sessions",
                    f"Give a whole number from {least} up",
                )
        if self.step < self.out_of_sample:
            raise BadInput(
                f"step {self.step} is shorter than out-of-sample {self.out_of_sample}: sessions"
                " would be traded twice, and do not join into one curve",
                f"Leave step away, or give out-of-sample {self.step}",
            )

    @property
    def of_one(self) -> int:
        """Return how many sessions the first window needs."""
        return self.in_sample + self.purged + self.out_of_sample


@dataclass(frozen=True, slots=True)
class Window:
    """The sessions of one window, by their places in the grid; `number` counts from 1."""

    number: int
    in_sample: range
    out_of_sample: range

    @property
    def purged(self) -> range:
        """Return the sessions between the two parts."""
        return range(self.in_sample.stop, self.out_of_sample.start)


def windows_of(lengths: WindowLengths, sessions: range) -> tuple[Window, ...]:
    """Return the windows over some sessions, in order of time.

    What is traded begins as soon as the first window has all its sessions to choose on, and goes
    on to the last session: the last window may have fewer to trade. Raises BadInput when there
    are fewer sessions than one whole window needs.
    """
    if len(sessions) < lengths.of_one:
        raise BadInput(
            f"there are {len(sessions)} sessions, and one window needs {lengths.of_one}:"
            f" {lengths.in_sample} in-sample, {lengths.purged} purged,"
            f" {lengths.out_of_sample} out-of-sample",
            "Give more bars, an earlier start or shorter windows",
        )
    begins = range(sessions.start + lengths.in_sample + lengths.purged, sessions.stop, lengths.step)
    return tuple(
        Window(
            number, _in_sample(lengths, sessions, begin), _out_of_sample(lengths, sessions, begin)
        )
        for number, begin in enumerate(begins, 1)
    )


def _in_sample(lengths: WindowLengths, sessions: range, begin: int) -> range:
    end = begin - lengths.purged
    return range(sessions.start if lengths.is_anchored else end - lengths.in_sample, end)


def _out_of_sample(lengths: WindowLengths, sessions: range, begin: int) -> range:
    return range(begin, min(begin + lengths.out_of_sample, sessions.stop))
