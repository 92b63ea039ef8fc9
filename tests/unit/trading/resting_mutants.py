"""Mutants of entries that rest at a level (rules, section 12)."""

from __future__ import annotations

from tests.unit.trading.mutants import Mutant

RESTING_ENTRIES: tuple[Mutant, ...] = (
    Mutant(
        "a resting entry is placed a bar late",
        "strategies.orb",
        "signal",
        "numbers.range_bars - 1",
        "numbers.range_bars",
        "a resting entry is placed at the close of the range's last bar and waits",
    ),
    Mutant(
        "an entry that would rest needs a break",
        "strategies.orb",
        "signal",
        """\
is_long, is_short = went_up, went_down
if not numbers.stop_entry:
    is_long, is_short = breakout(numbers, memory, bar)
    if not (is_long or is_short):
        return no_entry(NO_BREAKOUT)
""",
        """\
is_long, is_short = breakout(numbers, memory, bar)
if not (is_long or is_short):
    return no_entry(NO_BREAKOUT)
""",
        "neither no_breakout nor weak_body apply to a resting entry",
    ),
    Mutant(
        "an entry that would rest needs a body",
        "strategies.orb",
        "signal",
        """\
if not numbers.stop_entry:
    rise = bar.close - bar.open if is_long else bar.open - bar.close
    if (rise / (bar.high - bar.low) if bar.high != bar.low else 0.0) < numbers.min_body:
        return no_entry(WEAK_BODY)
""",
        """\
rise = bar.close - bar.open if is_long else bar.open - bar.close
if (rise / (bar.high - bar.low) if bar.high != bar.low else 0.0) < numbers.min_body:
    return no_entry(WEAK_BODY)
""",
        "neither no_breakout nor weak_body apply to a resting entry",
    ),
    Mutant(
        "what would rest is extended by its level",
        "strategies.orb",
        "signal",
        "bar.close - memory[RANGE_HIGH]",
        "0.0",
        "an order that would rest is too extended by the close",
    ),
    Mutant(
        "the level of a long is rounded down",
        "strategies.orb",
        "level_of",
        "round_up",
        "round_down",
        "the level of a long is rounded up to the tick",
    ),
    Mutant(
        "the level of a short is rounded up",
        "strategies.orb",
        "level_of",
        "round_down",
        "round_up",
        "the level of a short is rounded down to the tick",
    ),
    Mutant(
        "the level heeds no buffer",
        "strategies.orb",
        "level_of",
        "memory[RANGE_HIGH] + numbers.breakout_buffer",
        "memory[RANGE_HIGH]",
        "the level of a long is rounded up to the tick",
    ),
    Mutant(
        "a short's level heeds no buffer",
        "strategies.orb",
        "level_of",
        "memory[RANGE_LOW] - numbers.breakout_buffer",
        "memory[RANGE_LOW]",
        "the level of a short is rounded down to the tick",
    ),
    Mutant(
        "what rests is sized by the close",
        "engine.decide",
        "enter",
        "rules.has_orders and signals.order[at, s] != MARKET",
        "False",
        "the level and not the close is what the size divides by",
    ),
    Mutant(
        "a stop in percent of what rests is counted from the close",
        "strategies.orb",
        "signal",
        "level if numbers.stop_entry else bar.close",
        "bar.close",
        "a stop in percent is counted from the level",
    ),
    Mutant(
        "an order that rests is no pending one",
        "engine.decide",
        "standing_of",
        "book.pending[s] != 0",
        "book.pending[s] != 0 and book.pending_order[s] == MARKET",
        "a resting entry is placed at the close of the range's last bar and waits",
    ),
    Mutant(
        "a bar that opens beyond the level fills at it",
        "engine.matching",
        "match_bar",
        "fills_at_open(book, s, opened[s])",
        "book.pending_order[s] == 0 and opened[s] > 0",
        "a bar that opens at or beyond the level fills at its open, and its target counts",
    ),
    Mutant(
        "what rests fills at the next open like any other",
        "engine.resting",
        "fills_at_open",
        "book.pending_order[s] == MARKET",
        "True",
        "a resting entry is placed at the close of the range's last bar and waits",
    ),
    Mutant(
        "what rests fills in the extreme of the other side",
        "engine.resting",
        "fills_inside",
        "high if waits_above(order, is_long) else low",
        "low if waits_above(order, is_long) else high",
        "a touch of the level fills",
    ),
    Mutant(
        "inside the bar the target is tested too",
        "engine.matching",
        "fill_inside",
        """\
if touched(book.quantity[s], stop, math.nan, high, low) == LEG_STOP:
    touch(book, rules, tape, s, LEG_STOP, stop, volume, us)
""",
        """\
leg = touched(book.quantity[s], stop, book.target[s], high, low)
if leg != LEG_ENTRY:
    touch(book, rules, tape, s, leg, stop, volume, us)
""",
        "the target is not tested in a bar that fills inside",
    ),
    Mutant(
        "the entry inside a bar does not slip",
        "engine.matching",
        "fill_entry",
        "book.pending_order[s] != LIMIT",
        "book.pending_order[s] == 0",
        "both fills inside a bar slip",
    ),
    Mutant(
        "a bar that fills inside is told apart from no other",
        "engine.settle",
        "settle_bar",
        "was_there_from_open(book, s, prices.open[s], us, end_us)",
        "True",
        "a bar that fills inside moves no trailing stop",
    ),
    Mutant(
        "no entry bar trails",
        "engine.settle",
        "settle_bar",
        "was_there_from_open(book, s, prices.open[s], us, end_us)",
        "book.entry_us[s] < us",
        "a bar that opens beyond the level trails like any other",
    ),
    Mutant(
        "no bar of a resting entry is an ordinary entry bar",
        "engine.resting",
        "was_there_from_open",
        "order == MARKET or is_there(order, is_long, book.pending_level[s], opened)",
        "order == MARKET",
        "a bar that opens beyond the level trails like any other",
    ),
    Mutant(
        "what a bar comes to later fills before its open",
        "engine.matching",
        "match_bar",
        "fills_at_open(book, s, opened[s])",
        "fills_at_open(book, s, opened[s]) or fills_inside(book, s, high[s], low[s])",
        "what fills at the open is filled before what the bar reaches later",
    ),
    Mutant(
        "the rest of an entry rests on",
        "engine.matching",
        "fill_entry",
        "cancel_entry(book, s)",
        """\
if book.quantity[s] == 0:
    cancel_entry(book, s)
""",
        "what is left of a resting entry is cancelled at once",
    ),
    Mutant(
        "what rests ends a bar before the cut-off",
        "engine.settle",
        "settle_sessions",
        "bar >= entry_bars[session]",
        "bar + 1 >= entry_bars[session]",
        "a resting entry is cancelled at the first close beyond the cut-off",
    ),
    Mutant(
        "what rests outlives the close that ends it",
        "engine.settle",
        "settle_bar",
        """\
if rules.has_orders:
    cancel_resting(book, gates, after_cutoff)
""",
        "",
        "a resting entry is cancelled at the first close beyond the cut-off",
    ),
    Mutant(
        "what rests keeps its place at a close that cancels it",
        "engine.book_changes",
        "cancel_entry",
        "book.flags[PENDING_ENTRIES] -= 1",
        "book.flags[PENDING_ENTRIES] -= 1 if book.pending_order[s] == MARKET else 0",
        "cancellations come before all decisions: an earlier symbol gets a later one's place",
    ),
    Mutant(
        "the latch leaves what rests",
        "engine.settle",
        "leave_everything",
        "cancel_entry(book, s)",
        """\
if book.pending_order[s] == 0:
    cancel_entry(book, s)
""",
        "the latch cancels resting entries of every symbol",
    ),
)
