"""How far an account is from the day's loss limit."""

from __future__ import annotations

from blocks.account.day.reading import DayReading
from blocks.live.answers import LatchAnswer


def latch_answer(reading: DayReading, *, is_today: bool = True) -> LatchAnswer | None:
    """Return the distance to the limit of a session; of the next one where it is not today's.

    None before the account's first session.
    """
    begun, equity = reading.begun, reading.equity
    if begun is None or equity is None:
        return None
    baseline = begun.baseline if is_today else equity
    limit = begun.loss_limit_of(baseline)
    if limit is None:
        return LatchAnswer(
            baseline=baseline, limit=None, distance=None, distance_pct=None, is_reached=False,
            sentence="The session's row is of an earlier version and names no limit.",
        )  # fmt: skip
    distance = equity - limit
    is_reached = is_today and reading.is_latched
    part = distance / baseline if baseline else None
    if is_reached:
        said = (
            f"The day's loss limit, {limit:,.2f} USD, was reached: everything is left, and nothing"
            " is entered until the next session."
        )
    elif is_today and begun.is_closed:
        said = f"It ended {distance:,.2f} USD above the limit of the day, {limit:,.2f} USD."
    elif is_today:
        said = (
            f"Equity may fall by {distance:,.2f} USD more until {limit:,.2f} USD, where everything"
            " is left and entries end for the day."
        )
    else:
        said = (
            f"The next session begins with {equity:,.2f} USD and may lose {distance:,.2f} USD"
            " before it ends for the day."
        )
    return LatchAnswer(
        baseline=baseline, limit=limit, distance=distance, distance_pct=part,
        is_reached=is_reached, sentence=said,
    )  # fmt: skip
