"""Rules section 3: the opening-range breakout, its reasons in order, its stops and targets."""

from __future__ import annotations

from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP
from tests.unit.trading.scenarios.scenario import Scenario as S

STILL = (100, 100, 100, 100)
AT_102 = (102, 102, 102, 102)
AT_98 = (98, 98, 98, 98)
# Days that warm the indicators: every true range is 2, every volume 1,000.
CALM = {"AAA": [(100, 101, 99, 100, 1000)] * 7}
HOLE = None


def calm_day(missing: int) -> dict[str, list[tuple[float, ...] | None]]:
    """Return a calm day whose first bars are missing."""
    return {"AAA": [HOLE] * missing + [(100, 101, 99, 100, 1000)] * (7 - missing)}


def of(bar: tuple[float, ...], volume: float) -> tuple[float, ...]:
    """Return a bar with a volume."""
    return (*bar[:4], volume)


RANGES: tuple[S, ...] = (
    S(
        "the range is the highest high and lowest low of its m bars",
        [RANGE, (100, 103, 98, 100), (100, 104, 100, 104)],
        {"range_minutes": 120},
        fills=("3 entry +16 104", "6 exit -16 104"),
        why=("0 none", "1 none", "2 enter_long"),
    ),
    S("a missing range bar is range_incomplete", [HOLE, UP], why=("1 range_incomplete",), fills=()),
    S(
        "any missing bar of a longer range is range_incomplete",
        [RANGE, HOLE, UP],
        {"range_minutes": 120},
        why=("1 none", "2 range_incomplete"),
        fills=(),
    ),
    S(
        "each session has a range of its own",
        [{"AAA": [RANGE]}, {"AAA": [(50, 51, 49, 50), (50, 52, 50, 52)]}],
        fills=("1/2 entry +33 52", "1/6 exit -33 52"),
        why=("1 no_breakout", "1/1 enter_long"),
    ),
    S("high equal to low is range_flat", [STILL, UP], why=("1 range_flat",), fills=()),
)

BREAKS: tuple[S, ...] = (
    S(
        "a close at the range high is no break",
        [RANGE, (100, 101, 100, 101)],
        why=("1 no_breakout",),
    ),
    S("a close at the range low is no break", [RANGE, (100, 100, 99, 99)], why=("1 no_breakout",)),
    S(
        "a close beyond the range low sells short",
        [RANGE, DOWN],
        fills=("2 entry -20 98", "6 exit +20 98"),
        why=("1 enter_short",),
    ),
    S(
        "a close at the high plus the buffer is no break",
        [RANGE, UP],
        {"breakout_buffer": 1.0},
        why=("1 no_breakout",),
    ),
    S(
        "a close beyond the high plus the buffer is one",
        [RANGE, (100, 102.0001, 100, 102.0001)],
        {"breakout_buffer": 1.0},
        why=("1 enter_long",),
    ),
    S(
        "a close at the low minus the buffer is no break",
        [RANGE, DOWN],
        {"breakout_buffer": 1.0},
        why=("1 no_breakout",),
    ),
    S(
        "range high plus buffer is not passed through r4",
        [RANGE, (100, 101.0001, 100, 101.0001)],
        {"breakout_buffer": 0.00006},
        why=("1 enter_long",),
    ),
    S(
        "a break is a state, not a crossing",
        [RANGE, (102.5, 103, 101.5, 102), (102, 103, 102, 103)],
        {"min_body": 0.5},
        why=("1 weak_body", "2 enter_long"),
    ),
    S("close mode ignores wicks", [RANGE, (100, 101.5, 98.5, 100.5)], why=("1 no_breakout",)),
    S(
        "wick mode breaks with the high",
        [RANGE, (100, 101.5, 100, 100.5)],
        {"breakout_on": "wick"},
        fills=("2 entry +19 100.5", "6 exit -19 100.5"),
    ),
    S(
        "wick mode breaks with the low",
        [RANGE, (100, 100, 98.5, 99.5)],
        {"breakout_on": "wick"},
        fills=("2 entry -20 99.5", "6 exit +20 99.5"),
    ),
    S(
        "a wick that touches the level is no break",
        [RANGE, (100, 101, 99, 100)],
        {"breakout_on": "wick"},
        why=("1 no_breakout",),
    ),
    S(
        "wicks on both sides, equally far from the open, are long",
        [RANGE, (100, 102, 98, 100)],
        {"breakout_on": "wick"},
        why=("1 enter_long",),
    ),
    S(
        "the wick distances are compared after r4",
        [RANGE, (100.2, 101.6, 98.8, 100.2)],
        {"breakout_on": "wick"},
        why=("1 enter_long",),
    ),
    S(
        "the wick further below the open is short",
        [RANGE, (100, 102, 97.9, 100)],
        {"breakout_on": "wick"},
        why=("1 enter_short",),
    ),
    S(
        "the wick further above the open is long",
        [RANGE, (100, 102.1, 98, 100)],
        {"breakout_on": "wick"},
        why=("1 enter_long",),
    ),
    S(
        "short_disabled applies to the side so chosen",
        [RANGE, (100, 102, 97.9, 100), (100, 102.1, 98, 100)],
        {"breakout_on": "wick", "allow_short": False},
        why=("1 short_disabled", "2 enter_long"),
    ),
    S("short_disabled", [RANGE, DOWN], {"allow_short": False}, why=("1 short_disabled",), fills=()),
)

BODIES: tuple[S, ...] = (
    S(
        "the body is signed: a falling bar is a weak long",
        [RANGE, (101.5, 102, 101, 101.25)],
        {"min_body": -0.2},
        why=("1 weak_body",),
    ),
    S(
        "a body equal to min_body is enough, even a negative one",
        [RANGE, (101.5, 102, 101, 101.25)],
        {"min_body": -0.25},
        why=("1 enter_long",),
    ),
    S(
        "the body of a short is open minus close",
        [RANGE, (98.5, 99, 98, 98.75), (99, 99, 98, 98)],
        {"min_body": -0.2},
        why=("1 weak_body", "2 enter_short"),
    ),
    S(
        "half a body is not weak at 0.5",
        [RANGE, (101, 102.5, 100.5, 102)],
        {"min_body": 0.5},
        why=("1 enter_long",),
    ),
    S(
        "half a body is weak at 0.51",
        [RANGE, (101, 102.5, 100.5, 102)],
        {"min_body": 0.51},
        why=("1 weak_body",),
    ),
    S(
        "the body is 0 when high equals low",
        [RANGE, AT_102],
        {"min_body": 0.0},
        why=("1 enter_long",),
    ),
    S(
        "a body of 0 is weak above 0",
        [RANGE, AT_102],
        {"min_body": 0.01},
        why=("1 weak_body", "6 after_cutoff"),
    ),
)

EXTENSIONS: tuple[S, ...] = (
    S(
        "an extension at the limit is allowed",
        [RANGE, UP],
        {"max_extension": 0.5},
        why=("1 enter_long",),
    ),
    S(
        "an extension beyond the limit is too_extended",
        [RANGE, (100, 102.0001, 100, 102.0001)],
        {"max_extension": 0.5},
        why=("1 too_extended",),
    ),
    S(
        "a short's extension is measured from the range low",
        [RANGE, (100, 100, 97.9999, 97.9999), AT_98],
        {"max_extension": 0.5},
        why=("1 too_extended", "2 enter_short"),
    ),
    S(
        "the buffer is no part of the extension",
        [RANGE, (100, 102.5, 100, 102.5)],
        {"max_extension": 0.5, "breakout_buffer": 0.5},
        why=("1 too_extended",),
    ),
    S(
        "the extension is of the close even when the wick breaks",
        [RANGE, (100, 105, 100, 101.5)],
        {"max_extension": 0.5, "breakout_on": "wick"},
        why=("1 enter_long",),
    ),
    S("an extension of 0 turns it off", [RANGE, (100, 150, 100, 150)], why=("1 enter_long",)),
)

LATE = [RANGE, STILL, STILL, STILL]
CUTOFFS: tuple[S, ...] = (
    S(
        "a bar END at C - cutoff may decide",
        [*LATE, UP],
        {"entry_cutoff_minutes": 90},
        why=("4 enter_long",),
        fills=("5 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "no decision later than C - cutoff",
        [*LATE, UP],
        {"entry_cutoff_minutes": 91},
        why=("3 no_breakout", "4 after_cutoff"),
        fills=(),
    ),
    S(
        "after_cutoff also from the flatten bar on",
        [*LATE, STILL, UP, AT_102],
        {"entry_cutoff_minutes": 0},
        why=("4 no_breakout", "5 after_cutoff", "6 after_cutoff"),
        fills=(),
    ),
    S(
        "an early flatten bar ends the entries",
        [*LATE, UP],
        {"entry_cutoff_minutes": 0, "flatten_minutes": 90},
        why=("3 no_breakout", "4 after_cutoff"),
        fills=(),
    ),
    S(
        "a cutoff as long as the session forbids all",
        [RANGE, UP],
        {"entry_cutoff_minutes": 390},
        why=("1 after_cutoff",),
    ),
    S(
        "a session without a flatten bar enters nothing",
        [RANGE, UP],
        {"flatten_minutes": 331, "entry_cutoff_minutes": 0},
        why=("1 after_cutoff", "6 after_cutoff"),
        fills=(),
    ),
    S(
        "the flatten bar's END may be exactly C - flatten_minutes",
        [RANGE, UP, AT_102],
        {"flatten_minutes": 30},
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "the flatten bar's END is not later than C - flatten_minutes",
        [RANGE, UP, AT_102],
        {"flatten_minutes": 31},
        fills=("2 entry +19 102", "5 exit -19 102"),
    ),
    S(
        "the bar that ends with the session is never the flatten bar",
        [RANGE, UP, AT_102],
        {"flatten_minutes": 1},
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
)

BACK_AGAIN = [RANGE, UP, (102, 102, 98, 98.5), UP]
ENTRIES: tuple[S, ...] = (
    S(
        "max_entries 0 forbids entries",
        [RANGE, UP],
        {"max_entries": 0},
        why=("1 max_entries",),
        fills=(),
    ),
    S(
        "max_entries counts the symbol's entries of the session",
        BACK_AGAIN,
        {"allow_short": False},
        why=("2 max_entries", "3 max_entries"),
        fills=("2 entry +19 102", "2 stop -19 99"),
    ),
    S(
        "a second entry is a decision of its own",
        BACK_AGAIN,
        {"allow_short": False, "max_entries": 2},
        why=("2 short_disabled", "3 enter_long"),
        fills=("2 entry +19 102", "2 stop -19 99", "4 entry +19 102", "6 exit -19 102"),
        trades=("long 19 102 > 99 stop -57 @2-2", "long 19 102 > 102 flatten 0 @4-6"),
    ),
    S(
        "an entry that fills nothing does not count",
        [RANGE, UP, (102, 102, 102, 102, 0), AT_102],
        {"max_participation": 0.1},
        why=("1 enter_long", "2 enter_long", "3 position_open"),
        fills=("3 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "an entry of which a part fills counts",
        [RANGE, UP, (102, 102, 98, 102, 55), UP],
        {"max_participation": 0.1},
        why=("2 max_entries", "3 max_entries"),
        fills=("2 entry +5 102", "2 stop -5 99"),
    ),
    S(
        "each session counts entries anew",
        [{"AAA": [RANGE, UP, AT_102]}, {"AAA": [RANGE, UP, AT_102]}],
        why=("1 enter_long", "1/1 enter_long"),
    ),
)

PRECEDENCE: tuple[S, ...] = (
    S(
        "position_open comes before bar_missing",
        [RANGE, UP, AT_102, HOLE, AT_102],
        why=("3 position_open",),
    ),
    S(
        "order_pending comes before bar_missing",
        [RANGE, UP, HOLE, AT_102],
        why=("2 order_pending",),
    ),
    S(
        "bar_missing comes before range_incomplete",
        [HOLE, HOLE, UP],
        why=("1 bar_missing", "2 range_incomplete"),
    ),
    S(
        "range_incomplete comes before range_flat",
        [STILL, HOLE, UP],
        {"range_minutes": 120},
        why=("2 range_incomplete",),
    ),
    S(
        "range_flat comes before max_entries",
        [STILL, UP],
        {"max_entries": 0},
        why=("1 range_flat",),
    ),
    S(
        "max_entries comes before after_cutoff",
        [RANGE, UP],
        {"max_entries": 0, "entry_cutoff_minutes": 390},
        why=("1 max_entries",),
    ),
    S(
        "after_cutoff comes before no_breakout",
        [RANGE, STILL],
        {"entry_cutoff_minutes": 390},
        why=("1 after_cutoff",),
    ),
    S(
        "short_disabled comes before weak_body",
        [RANGE, (99.5, 99.6, 98, 98.5)],
        {"allow_short": False, "min_body": 1.0},
        why=("1 short_disabled",),
    ),
    S(
        "weak_body comes before too_extended",
        [RANGE, (100, 103, 100, 102.5)],
        {"min_body": 1.0, "max_extension": 0.1},
        why=("1 weak_body",),
    ),
    S(
        "too_extended comes before indicator_warming_up",
        [RANGE, UP],
        {"max_extension": 0.1, "stop": "atr"},
        why=("1 too_extended",),
    ),
    S(
        "indicator_warming_up comes before stop_not_protective",
        [RANGE, (100, 102, 99, 99)],
        {"breakout_on": "wick", "volume_filter": True},
        why=("1 indicator_warming_up",),
    ),
    S(
        "low_volume comes before stop_not_protective",
        [CALM, CALM, CALM, {"AAA": [of(RANGE, 1000), (100, 102, 99, 99, 1000)]}],
        {"breakout_on": "wick", "volume_filter": True},
        first_traded=3,
        why=("3/1 low_volume",),
    ),
    S(
        "stop_not_protective comes before max_positions",
        {"AAA": [RANGE, UP], "BBB": [RANGE, (100, 102, 99, 99)]},
        {"breakout_on": "wick", "max_positions": 1},
        why=("1 enter_long", "1 BBB stop_not_protective"),
    ),
    S(
        "max_positions comes before order_rate",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP]},
        {"max_positions": 1, "max_orders_per_session": 1},
        why=("1 BBB max_positions",),
    ),
    S(
        "order_rate comes before size_below_one",
        [RANGE, UP],
        {"max_orders_per_session": 0},
        capital=1.0,
        why=("1 order_rate",),
    ),
    S(
        "latched comes before position_open and bar_missing",
        [RANGE, DOWN, AT_98, (98, 100.5, 98, 100.5), HOLE],
        {"max_daily_loss_pct": 0.005},
        why=("3 latched", "4 latched"),
    ),
)

STOPS: tuple[S, ...] = (
    S(
        "a stop at the reference price is not protective",
        [RANGE, (100, 102, 99, 99)],
        {"breakout_on": "wick"},
        why=("1 stop_not_protective",),
    ),
    S(
        "nor is a short's",
        [RANGE, (100, 101, 98, 101)],
        {"breakout_on": "wick"},
        why=("1 stop_not_protective",),
    ),
    S(
        "the stop protects or not after rounding to the tick",
        [(100, 101, 99.1, 100), (100, 102, 99.1, 99.1)],
        {"breakout_on": "wick", "tick": 0.25},
        why=("1 enter_long",),
    ),
    S(
        "a long's stop rounds down and stays away",
        [(100, 101, 99.1, 100), UP, (102, 102, 99.05, 102), (102, 102, 99, 102)],
        {"tick": 0.25},
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
    S(
        "a long's target rounds down, towards it",
        [(100, 101, 99.1, 100), UP, (102, 105.74, 102, 102), (102, 105.75, 102, 102)],
        {"tick": 0.25, "target": "range"},
        fills=("2 entry +19 102", "3 target -19 105.75"),
    ),
    S(
        "a short's stop rounds up and stays away",
        [(100, 100.9, 99, 100), DOWN, (98, 100.95, 98, 98), (98, 101, 98, 98)],
        {"tick": 0.25},
        fills=("2 entry -20 98", "3 stop +20 101"),
    ),
    S(
        "a short's target rounds up, towards it",
        [(100, 100.9, 99, 100), DOWN, (98, 98, 94.26, 98), (98, 98, 94.25, 98)],
        {"tick": 0.25, "target": "range"},
        fills=("2 entry -20 98", "3 target +20 94.25"),
    ),
    S(
        "the tick is never divided by in floats: 0.29 is 29 ticks",
        [(0.3, 0.31, 0.29, 0.3), (0.3, 0.32, 0.3, 0.32), (0.32, 0.32, 0.285, 0.3)],
        fills=("2 entry +3333 0.32", "2 stop -3333 0.29"),
    ),
    S(
        "the target counts from the entry fill, not from the reference price",
        [RANGE, UP, (103, 106.9, 103, 104), (104, 107, 104, 105)],
        {"target": "range"},
        fills=("2 entry +19 103", "3 target -19 107"),
    ),
    S(
        "a short's target lies below its fill",
        [RANGE, DOWN, (97, 97, 93.1, 97), (97, 97, 93, 97)],
        {"target": "range"},
        fills=("2 entry -20 97", "3 target +20 93"),
    ),
    S(
        "without a target a position is held to the flatten time",
        [RANGE, UP, (102, 500, 102, 400)],
        fills=("2 entry +19 102", "6 exit -19 400"),
    ),
    S(
        "stop_atr multiples of ATR(14) lie below a long's reference price",
        [CALM, CALM, {"AAA": [RANGE, UP, (102, 102, 98.5, 102), (102, 102, 98, 102)]}],
        {"stop": "atr", "stop_atr": 2.0},
        first_traded=2,
        fills=("2/2 entry +19 102", "2/3 stop -19 98"),
    ),
    S(
        "and above a short's",
        [CALM, CALM, {"AAA": [RANGE, DOWN, (98, 101.5, 98, 98), (98, 102, 98, 98)]}],
        {"stop": "atr", "stop_atr": 2.0},
        first_traded=2,
        fills=("2/2 entry -20 98", "2/3 stop +20 102"),
    ),
    S(
        "an ATR target counts from the entry fill",
        [CALM, CALM, {"AAA": [RANGE, UP, (103, 105.9, 103, 103), (103, 106, 103, 103)]}],
        {"target": "atr", "target_multiple": 1.5},
        first_traded=2,
        fills=("2/2 entry +19 103", "2/3 target -19 106"),
    ),
    S(
        "the ATR includes the decision bar and its gap from the previous close",
        [CALM, CALM, {"AAA": [RANGE, (114, 116, 114, 116), (116, 116, 113, 115)]}],
        {"stop": "atr", "stop_atr": 1.0},
        first_traded=2,
        fills=("2/2 entry +17 116", "2/2 stop -17 113"),
    ),
    S(
        "the ATR runs across sessions: the night's gap is a true range",
        [
            CALM,
            CALM,
            {"AAA": [(114, 116, 114, 115), (115, 118, 115, 118), (118, 118, 115, 117)]},
        ],
        {"stop": "atr", "stop_atr": 1.0},
        first_traded=2,
        fills=("2/2 entry +16 118", "2/2 stop -16 115"),
    ),
    S(
        "14 true ranges, the decision bar's included, are enough",
        [calm_day(1), CALM, {"AAA": [RANGE, UP]}],
        {"stop": "atr"},
        first_traded=2,
        why=("2/1 enter_long",),
    ),
    S(
        "13 true ranges are warming up",
        [calm_day(2), CALM, {"AAA": [RANGE, UP, (102, 102, 100, 102)]}],
        {"target": "atr"},
        first_traded=2,
        why=("2/1 indicator_warming_up", "2/2 enter_long"),
    ),
)

VOLUMES: tuple[S, ...] = (
    S(
        "a volume at the threshold passes",
        [CALM, CALM, CALM, {"AAA": [of(RANGE, 1000), of(UP, 1500)]}],
        {"volume_filter": True},
        first_traded=3,
        why=("3/1 enter_long",),
    ),
    S(
        "a volume below the threshold is low_volume",
        [CALM, CALM, CALM, {"AAA": [of(RANGE, 1000), of(UP, 1499)]}],
        {"volume_filter": True},
        first_traded=3,
        why=("3/1 low_volume",),
    ),
    S(
        "the mean is of the 20 previous bars and of no earlier one",
        [
            {"AAA": [(100, 101, 99, 100, 1e9)] * 2 + [(100, 101, 99, 100, 1000)] * 5},
            CALM,
            CALM,
            {"AAA": [of(RANGE, 1000), of(UP, 1500)]},
        ],
        {"volume_filter": True},
        first_traded=3,
        why=("3/1 enter_long",),
    ),
    S(
        "19 previous bars are warming up, 20 are not",
        [CALM, CALM, calm_day(3)]
        + [{"AAA": [of(RANGE, 1000), of(UP, 1000), of((102, 102, 100, 102), 1500)]}],
        {"volume_filter": True},
        first_traded=3,
        why=("3/1 indicator_warming_up", "3/2 enter_long"),
    ),
    S(
        "a missing bar is no previous bar",
        [CALM, CALM, CALM, {"AAA": [of(RANGE, 1000), HOLE, of(UP, 1500)]}],
        {"volume_filter": True, "stop": "atr"},
        first_traded=3,
        why=("3/1 bar_missing", "3/2 enter_long"),
    ),
)

TRAILS: tuple[S, ...] = (
    S(
        "break-even triggers at trail_trigger_r times R, not before",
        [RANGE, UP, (102, 104.99, 102, 104), (104, 104, 101, 103)],
        {"trailing": "breakeven"},
        fills=("2 entry +19 102", "6 exit -19 103"),
    ),
    S(
        "the break-even stop lies trail_plus beyond the entry fill",
        [RANGE, UP, (102, 105, 102, 104), (104, 104, 102.4, 103)],
        {"trailing": "breakeven", "trail_plus": 0.5},
        fills=("2 entry +19 102", "3 stop -19 102.5"),
    ),
    S(
        "a short breaks even below its entry fill",
        [RANGE, DOWN, (98, 98, 95, 96), (96, 97.6, 96, 97)],
        {"trailing": "breakeven", "trail_plus": 0.5},
        fills=("2 entry -20 98", "3 stop +20 97.5"),
    ),
    S(
        "a trailing stop never moves against the position",
        [RANGE, UP, (102, 105, 102, 102), (102, 102, 98.5, 100)],
        {"trailing": "breakeven", "trail_plus": -5.0},
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
    S(
        "nor does a short's",
        [RANGE, DOWN, (98, 98, 95, 98), (98, 101.5, 98, 100)],
        {"trailing": "breakeven", "trail_plus": -5.0},
        fills=("2 entry -20 98", "3 stop +20 101"),
    ),
    S(
        "a stepped stop takes the furthest step that was reached",
        [RANGE, UP, (102, 108, 102, 107), (107, 107, 104, 106)],
        {"trailing": "stepped", "trail_steps": [[1, 0], [2, 1]]},
        fills=("2 entry +19 102", "3 stop -19 105"),
    ),
    S(
        "a stepped short mirrors it",
        [RANGE, DOWN, (98, 98, 92, 93), (93, 96, 93, 94)],
        {"trailing": "stepped", "trail_steps": [[1, 0], [2, 1]]},
        fills=("2 entry -20 98", "3 stop +20 95"),
    ),
    S(
        "a step once reached is not given back",
        [RANGE, UP, (102, 108, 102, 107), (107, 107.5, 105.5, 106), (106, 106, 105, 106)],
        {"trailing": "stepped", "trail_steps": [[1, 0], [2, 1]]},
        fills=("2 entry +19 102", "4 stop -19 105"),
    ),
    S(
        "a trailing level is rounded to the tick as a stop",
        [RANGE, UP, (102, 105, 102, 104), (104, 104, 102.05, 103), (103, 103, 102, 103)],
        {"trailing": "breakeven", "trail_plus": 0.1, "tick": 0.25},
        fills=("2 entry +19 102", "4 stop -19 102"),
    ),
    S(
        "R is of the initial stop, not of the moved one",
        [RANGE, UP, (102, 105, 102, 104), (104, 108, 104, 107), (107, 107, 106, 106)],
        {"trailing": "stepped", "trail_steps": [[1, 0.5], [2, 1.5]]},
        fills=("2 entry +19 102", "4 stop -19 106.5"),
    ),
)

DECISIONS: tuple[S, ...] = (
    *RANGES,
    *BREAKS,
    *BODIES,
    *EXTENSIONS,
    *CUTOFFS,
    *ENTRIES,
    *PRECEDENCE,
    *STOPS,
    *VOLUMES,
    *TRAILS,
)
