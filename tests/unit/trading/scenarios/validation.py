"""The rules of section 13, sentence by sentence.

Bars of 15 minutes, 26 a day; before the day that is traded three days lie flat at 100, so that 78
quarters and 21 hours are closed, each with an average of 100. A quarter or an hour above it is
aligned with a long. A ratio of 1 is a volume of 33.3.
"""

from __future__ import annotations

from typing import Any

from tests.unit.trading.scenarios.scenario import Bar, Day, Scenario

S = Scenario

FLAT: Bar = (100, 100.5, 99.5, 100)
DAY: Day = {"AAA": [FLAT] * 26}
OPENING: Bar = (100, 101, 99, 100)
UP: Bar = (100, 102, 100, 102)
DOWN: Bar = (100, 100, 98, 98)
HIGH: Bar = (102, 102, 102, 102)
BOTH_TRENDS = (0.4 * 100 + 0.3 * (1 / 1.5 * 50)) / 0.7
ONE_TREND = (0.4 * 50 + 0.3 * (1 / 1.5 * 50)) / 0.7


def validated(*today: Bar, days: int = 3, **settings: Any) -> dict[str, Any]:
    """Return what a row of validation needs: flat days, then today."""
    return {
        "bars": [*[DAY] * days, {"AAA": list(today)}],
        "settings": {"validation": True, **settings},
        "first_traded": days,
        "interval": 15,
    }


VALIDATION: tuple[S, ...] = (
    S(
        "both time frames above their averages and an ordinary volume pass",
        **validated(OPENING, FLAT, FLAT, UP),
        why=("3/3 enter_long",),
        numbers=(f"3/3 score {BOTH_TRENDS!r}",),
    ),
    S(
        "a coarser bar counts once it is closed",
        **validated(OPENING, UP, HIGH, HIGH),
        why=("3/1 validation_failed", "3/2 validation_failed", "3/3 enter_long"),
        numbers=(f"3/1 score {ONE_TREND!r}", f"3/3 score {BOTH_TRENDS!r}"),
    ),
    S(
        "a short needs closes below their averages",
        **validated(OPENING, FLAT, FLAT, DOWN),
        why=("3/3 enter_short",),
        numbers=(f"3/3 score {BOTH_TRENDS!r}",),
    ),
    S(
        "a close that equals its average is not above it",
        **validated(OPENING, UP, validation_threshold=0.0),
        numbers=(f"3/1 score {ONE_TREND!r}",),
    ),
    S(
        "fewer than twenty closed hours are not aligned",
        **validated(OPENING, FLAT, FLAT, UP, days=2),
        why=("2/3 validation_failed",),
        numbers=(f"2/3 score {ONE_TREND!r}",),
    ),
    S(
        "a score at the threshold passes",
        **validated(OPENING, FLAT, FLAT, UP, validation_threshold=BOTH_TRENDS),
        why=("3/3 enter_long",),
    ),
    S(
        "a score below the threshold fails",
        **validated(OPENING, FLAT, FLAT, UP, validation_threshold=71.5),
        why=("3/3 validation_failed",),
    ),
    S(
        "without validation there is no score",
        **validated(OPENING, FLAT, FLAT, UP, validation=False),
        why=("3/3 enter_long",),
        numbers=("3/3 score none",),
    ),
    S(
        "a reason before validation leaves no score",
        **validated(OPENING, FLAT, FLAT, UP, min_body=1.0, allow_short=False, max_extension=0.1),
        why=("3/3 too_extended",),
        numbers=("3/3 score none",),
    ),
    S(
        "a reason after validation keeps the score",
        **validated(OPENING, FLAT, FLAT, UP, max_orders_per_session=0),
        why=("3/3 order_rate",),
        numbers=(f"3/3 score {BOTH_TRENDS!r}",),
    ),
    S(
        "a volume of one and a half times the mean that rises counts fully",
        **validated(OPENING, FLAT, FLAT, (*UP, 1_500_000)),
        numbers=(f"3/3 score {100.0!r}",),
    ),
    S(
        "a volume below one and a half times the mean counts half",
        **validated(OPENING, FLAT, FLAT, (*UP, 1_499_999)),
        numbers=(f"3/3 score {(0.4 * 100 + 0.3 * (1.499999 / 1.5 * 50)) / 0.7!r}",),
    ),
    S(
        "a volume that does not rise over three bars counts half",
        **validated(OPENING, FLAT, (*FLAT, 999_999), (*UP, 2_000_000)),
        # The bar before is smaller than the one before it.
        numbers=(
            f"3/3 score {(0.4 * 100 + 0.3 * (2e6 / ((19e6 + 999_999) / 20) / 1.5 * 50)) / 0.7!r}",
        ),
    ),
    S(
        "a volume counts no more than a hundred",
        **validated(OPENING, FLAT, FLAT, (*UP, 9_000_000)),
        numbers=(f"3/3 score {100.0!r}",),
    ),
    S(
        "a mean volume of nothing counts nothing",
        [
            *[{"AAA": [(*FLAT, 0)] * 26}] * 3,
            {"AAA": [(*OPENING, 0), (*FLAT, 0), (*FLAT, 0), UP]},
        ],
        {"validation": True, "validation_threshold": 50.0},
        why=("3/3 enter_long",),
        numbers=(f"3/3 score {40 / 0.7!r}",),
        first_traded=3,
        interval=15,
    ),
    S(
        "fewer than twenty bars before count nothing",
        [{"AAA": [OPENING, FLAT, FLAT, (*UP, 9_000_000)]}],
        {"validation": True, "validation_threshold": 0.0},
        why=("0/3 enter_long",),
        numbers=("0/3 score 0",),
        interval=15,
    ),
    S(
        "low volume comes before validation, and validation before the stop",
        **validated(
            OPENING,
            FLAT,
            FLAT,
            UP,
            volume_filter=True,
            volume_threshold=1.0,
            validation_threshold=99.0,
            stop="percent",
        ),
        why=("3/3 validation_failed",),
    ),
    S(
        "a resting entry is validated for its side at the close of the range's last bar",
        **validated(
            (100, 101, 99, 100.5), entry="stop", direction="first_bar", validation_threshold=43.0
        ),
        # The quarter that has just closed is above its average, the hour is not.
        why=("3/0 validation_failed",),
        numbers=(f"3/0 score {ONE_TREND!r}", "3/0 level none"),
    ),
    S(
        "a missing quarter closes nothing, and an hour without its last quarter is closed in time",
        [*[DAY] * 3, {"AAA": [OPENING, HIGH, HIGH, None, HIGH]}],
        {"validation": True, "max_extension": 0.0},
        why=("3/2 validation_failed", "3/3 bar_missing", "3/4 enter_long"),
        first_traded=3,
        interval=15,
    ),
)
