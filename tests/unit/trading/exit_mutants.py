"""Mutants of directions, stops, targets and trailing (rules, section 12)."""

from __future__ import annotations

from tests.unit.trading.mutants import Mutant

EXITS: tuple[Mutant, ...] = (
    Mutant(
        "the direction is asked of nobody",
        "strategies.orb",
        "signal",
        "numbers.first_bar_only and (is_against or not (is_long or is_short))",
        "False",
        "a first bar that closed where it opened leaves neither side",
    ),
    Mutant(
        "a bar without a direction leaves longs",
        "strategies.orb",
        "signal",
        "memory[RANGE_CLOSE] > memory[FIRST_OPEN]",
        "memory[RANGE_CLOSE] >= memory[FIRST_OPEN]",
        "a first bar that closed where it opened leaves neither side",
    ),
    Mutant(
        "a bar without a direction leaves shorts",
        "strategies.orb",
        "signal",
        "memory[RANGE_CLOSE] < memory[FIRST_OPEN]",
        "memory[RANGE_CLOSE] <= memory[FIRST_OPEN]",
        "a first bar that closed where it opened leaves neither side",
    ),
    Mutant(
        "the direction is the first bar's alone",
        "strategies.orb",
        "observe",
        "memory[RANGE_CLOSE] = bar.close",
        "memory[RANGE_CLOSE] = bar.close if bar.number == 0 else memory[RANGE_CLOSE]",
        "the direction is from the open of bar 0 to the close of the range's last bar",
    ),
    Mutant(
        "the direction is the last bar's alone",
        "strategies.orb",
        "observe",
        """\
memory[RANGE_CLOSE] = bar.close
""",
        """\
memory[RANGE_CLOSE] = bar.close
memory[FIRST_OPEN] = bar.open
""",
        "the direction is from the open of bar 0 to the close of the range's last bar",
    ),
    Mutant(
        "the screen judges a body before the direction",
        "strategies.orb",
        "screen",
        "reason >= numbers.undecided_from",
        "reason >= max(numbers.undecided_from, ENTER_LONG)",
        "a side against the direction comes before a weak body",
    ),
    Mutant(
        "a long's stop in percent lies above",
        "strategies.orb",
        "stop_of",
        "1 - numbers.stop_distance",
        "1 + numbers.stop_distance",
        "a stop in percent is that much below the reference price",
    ),
    Mutant(
        "a short's stop in percent lies below",
        "strategies.orb",
        "stop_of",
        "1 + numbers.stop_distance",
        "1 - numbers.stop_distance",
        "a short's stop in percent is that much above",
    ),
    Mutant(
        "a stop is rounded towards the price",
        "strategies.orb",
        "stop_of",
        """\
if is_long:
    return round_down(away, numbers.tick_units)
return round_up(away, numbers.tick_units)
""",
        """\
if is_long:
    return round_up(away, numbers.tick_units)
return round_down(away, numbers.tick_units)
""",
        "a stop in percent is rounded away from the position",
    ),
    Mutant(
        "the day's ATR stands for the bars'",
        "strategies.orb",
        "stop_of",
        "read.atr if numbers.stop == STOP_ATR else read.daily_atr",
        "read.atr",
        "a stop by the daily ATR is that much below the reference price",
    ),
    Mutant(
        "a short's stop by the daily ATR lies below",
        "strategies.orb",
        "stop_of",
        "price + distance",
        "price - distance",
        "a short's stop by the daily ATR is that much above",
    ),
    Mutant(
        "R counts from the reference price",
        "engine.book_changes",
        "apply_entry_fill",
        "target_level(entry_price, book.initial_stop[s], book.pending_target[s], "
        "book.pending_target_kind[s], quantity > 0, units)",
        "target_level(book.pending_reference[s], book.initial_stop[s], "
        "book.pending_target[s], book.pending_target_kind[s], quantity > 0, units)",
        "a target of R is counted from the entry fill and its stop",
    ),
    Mutant(
        "a target of R is one in dollars",
        "engine.targets",
        "target_level",
        "kind == R",
        "False",
        "a target of R is counted from the entry fill and its stop",
    ),
    Mutant(
        "a short's target in percent lies above",
        "engine.targets",
        "target_level",
        "entry_price * (1 - offset)",
        "entry_price * (1 + offset)",
        "a short's target in percent is rounded up",
    ),
    Mutant(
        "a target is rounded away",
        "engine.targets",
        "target_level",
        "round_down(exact, units) if is_long else round_up(exact, units)",
        "round_up(exact, units) if is_long else round_down(exact, units)",
        "a target in percent is rounded towards the position",
    ),
    Mutant(
        "a target by the daily ATR is one by the bars'",
        "strategies.orb",
        "target_of",
        "numbers.target_multiple * read.daily_atr",
        "numbers.target_multiple * read.atr",
        "a target by the daily ATR is that much above the entry fill",
    ),
    Mutant(
        "a daily ATR that is missing warms nothing up",
        "strategies.orb",
        "signal",
        "needs_daily and math.isnan(read.daily_atr)",
        "False",
        "a needed daily ATR that has no value yet is an indicator that warms up",
    ),
    Mutant(
        "best is this bar's own",
        "engine.trailing",
        "follow_best",
        "not best >= high",
        "True",
        "best is the highest high of all bars since the entry, of whatever size the ATR is since",
    ),
    Mutant(
        "a short's best is this bar's own",
        "engine.trailing",
        "follow_best",
        "not best <= low",
        "True",
        "a short's best is the lowest low of all bars since the entry",
    ),
    Mutant(
        "dollars are multiples of the ATR",
        "engine.trailing",
        "follow_best",
        "rules.trailing == BY_ATR",
        "True",
        "a stop trails the highest high since the entry bar by dollars, from the next bar on",
    ),
    Mutant(
        "percents are dollars",
        "engine.trailing",
        "follow_best",
        "rules.trailing == BY_PERCENT",
        "False",
        "a stop trails the highest high in percent",
    ),
    Mutant(
        "a short's percent lies below",
        "engine.trailing",
        "follow_best",
        "best * (1 + rules.trail_pct)",
        "best * (1 - rules.trail_pct)",
        "a short's stop trails the lowest low in percent",
    ),
    Mutant(
        "a short's dollars lie below",
        "engine.trailing",
        "follow_best",
        "best + distance",
        "best - distance",
        "a short's stop trails the lowest low by dollars",
    ),
    Mutant(
        "a stop trails by the ATR of the bar before",
        "engine.signals",
        "read_signals",
        """\
if reading.studies.rows > 0:
    update_studies(reading.studies, state, bar, bars_in_session, prices)
if len(signals.atr) > 0:
    for s in range(symbols):
        signals.atr[at, s] = state[reading.rows.atr, s]
""",
        """\
if len(signals.atr) > 0:
    for s in range(symbols):
        signals.atr[at, s] = state[reading.rows.atr, s]
if reading.studies.rows > 0:
    update_studies(reading.studies, state, bar, bars_in_session, prices)
""",
        "a stop trails by the ATR of this very close",
    ),
    Mutant(
        "a stop that trails loosens",
        "engine.trailing",
        "move_stop",
        "level > book.stop[s]",
        "True",
        "a stop that trails by dollars never moves against the position",
    ),
)
