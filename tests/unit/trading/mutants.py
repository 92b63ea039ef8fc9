"""Mutants of the trading core: each a piece of one function exchanged, and the check that kills it.

A check is the sentence of a scenario, or one of the named checks of `test_mutants`.
"""

from __future__ import annotations

from dataclasses import dataclass

LOOK_AHEAD = "the look-ahead test"
REFERENCE = "the comparison with the reference"
NOT_A_NUMBER = "an equity that is not a number latches"
FOLD = "trades and positions are a fold of the fills"


@dataclass(frozen=True)
class Mutant:
    """A fault: in the tree of a function `old` occurs exactly once and becomes `new`.

    Both are an expression, or statements; see `syntax_tree`. No function is the whole module.
    """

    name: str
    module: str
    function: str
    old: str
    new: str
    killed_by: str


MATCHING: tuple[Mutant, ...] = (
    Mutant(
        "the stop is ignored",
        "engine.matching",
        "touched",
        "(held > 0 and low <= stop) or (held < 0 and high >= stop)",
        "False",
        "the entry bar counts for the stop",
    ),
    Mutant(
        "the target is tested before the stop",
        "engine.matching",
        "touched",
        "(held > 0 and low <= stop) or (held < 0 and high >= stop)",
        "((held > 0 and low <= stop) or (held < 0 and high >= stop))"
        " and not ((held > 0 and high >= target) or (held < 0 and low <= target))",
        "stop wins when both are touched",
    ),
    Mutant(
        "a stop needs a price beyond it",
        "engine.matching",
        "touched",
        "low <= stop",
        "low < stop",
        "a stop fires when the low equals it",
    ),
    Mutant(
        "a short's stop needs a price beyond it",
        "engine.matching",
        "touched",
        "high >= stop",
        "high > stop",
        "a short's stop fires when the high equals it",
    ),
    Mutant(
        "a target needs a price beyond it",
        "engine.matching",
        "touched",
        "high >= target",
        "high > target",
        "a target fills on a touch",
    ),
    Mutant(
        "a gap through the stop fills at the stop",
        "engine.matching",
        "touch",
        "min(opened, stop) if held > 0 else max(opened, stop)",
        "stop",
        "a gap through the stop fills at the open",
    ),
    Mutant(
        "a gap beyond the target fills at the target",
        "engine.matching",
        "touch",
        "max(opened, target) if held > 0 else min(opened, target)",
        "target",
        "a gap beyond the target fills at the open",
    ),
    Mutant(
        "slippage is on the wrong side",
        "engine.matching",
        "slipped",
        "quantity > 0",
        "quantity < 0",
        "slippage makes bought entries dearer and sold exits cheaper",
    ),
    Mutant(
        "targets slip too",
        "engine.matching",
        "touch",
        "fill_exit(book, rules, tape, s, LEG_TARGET, quantity, price, us)",
        """\
price = venue_price(book, rules, s, price, -quantity if held > 0 else quantity, volume)
fill_exit(book, rules, tape, s, LEG_TARGET, quantity, price, us)
""",
        "slippage leaves target fills alone",
    ),
    Mutant(
        "entries fill before exits",
        "engine.matching",
        "match_bar",
        "opened, high, low, _, volume = bar",
        """\
opened, high, low, _, volume = bar
for s in range(len(book.quantity)):
    if book.pending[s] != 0 and not math.isnan(opened[s]):
        fill_entry(book, rules, tape, s, opened[s], volume[s], us)
""",
        "all exits fill before all entries",
    ),
    Mutant(
        "the entry bar does not count",
        "engine.matching",
        "match_bar",
        "leg != LEG_ENTRY",
        "leg != LEG_ENTRY and book.entry_us[s] != us",
        "the entry bar counts for the stop",
    ),
    Mutant(
        "stop and target rest while an exit waits",
        "engine.matching",
        "match_bar",
        "not book.exit_waiting[s]",
        "book.quantity[s] != 0",
        "stop and target of a waiting exit rest whatever other symbols hold",
    ),
    Mutant(
        "a symbol after one that became flat is passed over",
        "engine.matching",
        "match_bar",
        """\
while book.flags[WAITING_EXITS] > 0 and i < book.flags[OPEN_POSITIONS]:
    s = book.held[i]
    if book.exit_waiting[s] and not math.isnan(opened[s]):
        held = book.quantity[s]
        quantity = min(abs(held), participation_cap(rules, volume[s]))
        if quantity >= 1:
            signed = -quantity if held > 0 else quantity
            price = venue_price(book, rules, s, opened[s], signed, volume[s])
            fill_exit(book, rules, tape, s, LEG_EXIT, quantity, price, us)
    i += 1 if book.held[i] == s else 0
""",
        """\
while book.flags[WAITING_EXITS] > 0 and i < book.flags[OPEN_POSITIONS]:
    s = book.held[i]
    if book.exit_waiting[s] and not math.isnan(opened[s]):
        held = book.quantity[s]
        quantity = min(abs(held), participation_cap(rules, volume[s]))
        if quantity >= 1:
            signed = -quantity if held > 0 else quantity
            price = venue_price(book, rules, s, opened[s], signed, volume[s])
            fill_exit(book, rules, tape, s, LEG_EXIT, quantity, price, us)
    i += 1
""",
        REFERENCE,
    ),
    Mutant(
        "positions are walked in the order of their entries",
        "engine.book_changes",
        "hold",
        "i > 0 and book.held[i - 1] > s",
        "i > 0 and book.held[i - 1] > s and (s < 0)",
        REFERENCE,
    ),
    Mutant(
        "the cap rounds up",
        "engine.matching",
        "participation_cap",
        "math.floor",
        "math.ceil",
        "an entry takes at most its share of the bar's volume and the rest is cancelled",
    ),
    Mutant(
        "a stop that finds no volume has not fired",
        "engine.matching",
        "touch",
        "plan_exit(book, s, EXIT_STOP)",
        """\
if quantity >= 1:
    plan_exit(book, s, EXIT_STOP)
""",
        "participation: fired stop with zero cap still cancels the target",
    ),
    Mutant(
        "a target that finds no volume has not fired",
        "engine.matching",
        "touch",
        "plan_exit(book, s, EXIT_TARGET)",
        """\
if quantity >= 1:
    plan_exit(book, s, EXIT_TARGET)
""",
        "participation: touched target with zero cap becomes a slipping market exit",
    ),
    Mutant(
        "commission adds the minimum",
        "engine.matching",
        "commission_of",
        "max(rules.commission_per_share * quantity, rules.commission_minimum)",
        "rules.commission_per_share * quantity + rules.commission_minimum",
        "commission is by the share above the minimum",
    ),
    Mutant(
        "funds are not tested at the fill",
        "engine.matching",
        "fill_entry",
        "min(quantity, math.floor(min(affordable, float(NO_CAP))))",
        "quantity",
        "at the fill the quantity is cut to what equity affords",
    ),
    Mutant(
        "what is left of an entry goes on waiting",
        "engine.matching",
        "fill_entry",
        "cancel_entry(book, s)",
        """\
if book.quantity[s] != 0:
    cancel_entry(book, s)
""",
        "an entry that finds no volume is dropped",
    ),
    Mutant(
        "impact takes the whole order",
        "engine.matching",
        "fill_entry",
        "venue_price(book, rules, s, offered, side * quantity, volume)",
        "venue_price(book, rules, s, offered, ordered, volume)",
        "impact takes the quantity after the participation cap",
    ),
    Mutant(
        "impact is not rooted",
        "engine.matching",
        "slipped",
        "math.sqrt(abs(quantity) / volume)",
        "abs(quantity) / volume",
        "impact is of the quantity over the fill bar's volume",
    ),
    Mutant(
        "impact divides by a volume of zero",
        "engine.matching",
        "slipped",
        "rules.impact_factor > 0 and volume > 0",
        "rules.impact_factor > 0",
        "impact is 0 when the volume is 0",
    ),
    Mutant(
        "fill prices may be zero",
        "engine.matching",
        "slipped",
        "max(r4(price * (1 - slippage)), LOWEST_FILL_PRICE)",
        "r4(price * (1 - slippage))",
        "a fill price is never below 0.0001",
    ),
    Mutant(
        "an assumed close does not slip",
        "engine.matching",
        "assume_close",
        "fill_exit(book, rules, tape, s, LEG_ASSUMED_CLOSE, quantity, price, book.last_us[s])",
        "fill_exit(book, rules, tape, s, LEG_ASSUMED_CLOSE, quantity, book.previous_close[s],"
        " book.last_us[s])",
        "assumed_close is whole and slips and pays commission once",
    ),
    Mutant(
        "an assumed close is called by the reason it began with",
        "engine.matching",
        "assume_close",
        "True",
        "False",
        "a trade is assumed_close if any part was",
    ),
    Mutant(
        "an assumed close takes the last bar's own volatility",
        "engine.matching",
        "assume_close",
        "book.earlier_range",
        "book.previous_range",
        "assumed_close: the last bar is the fill bar, and the one before it gives the volatility",
    ),
)

ENGINE: tuple[Mutant, ...] = (
    Mutant(
        "the next bar is peeked at",
        "engine.sessions",
        "read_sessions",
        "bar_of(prices, row)",
        "bar_of(prices, row)._replace(close=prices.close[min(row + 1, end - 1)])",
        LOOK_AHEAD,
    ),
    Mutant(
        "the next bar's volume is peeked at",
        "engine.sessions",
        "read_sessions",
        "bar_of(prices, row)",
        "bar_of(prices, row)._replace(volume=prices.volume[min(row + 1, end - 1)])",
        LOOK_AHEAD,
    ),
    Mutant(
        "the cut-off is off by one bar",
        "engine.sessions",
        "read_sessions",
        "bar >= entry_bars[session]",
        "bar > entry_bars[session]",
        "no decision later than C - cutoff",
    ),
    Mutant(
        "the flatten bar may enter",
        "backtest.stage_arguments",
        "hours_of",
        "flatten_bars - 1",
        "flatten_bars",
        "after_cutoff also from the flatten bar on",
    ),
    Mutant(
        "flattening comes one bar late",
        "engine.settle",
        "settle_sessions",
        "0 <= flatten_bar <= bar",
        "0 <= flatten_bar < bar",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "the latch re-arms",
        "engine.settle",
        "settle_bar",
        """\
if book.flags[LATCHED] == 0 and loses_too_much(book, rules, worth):
    latch(book)
""",
        "book.flags[LATCHED] = 1 if loses_too_much(book, rules, worth) else 0",
        "a latch stays when equity recovers",
    ),
    Mutant(
        "the latch leaves pending entries",
        "engine.settle",
        "leave_everything",
        "cancel_entry(book, s)",
        "",
        "a latch cancels pending entries",
    ),
    Mutant(
        "flattening names the exits of a latch",
        "engine.settle",
        "settle_bar",
        """\
if book.flags[LATCHED] != 0 or book.flags[DRAWDOWN] != 0:
    leave_everything(book, EXIT_LATCH)
if flatten:
    leave_everything(book, EXIT_FLATTEN)
""",
        """\
if flatten:
    leave_everything(book, EXIT_FLATTEN)
if book.flags[LATCHED] != 0 or book.flags[DRAWDOWN] != 0:
    leave_everything(book, EXIT_LATCH)
""",
        "a latch at the flatten bar leaves with the reason latch",
    ),
    Mutant(
        "stops trail in the bar before positions are marked",
        "engine.settle",
        "settle_bar",
        "trail(book, rules, s, prices.high[s], prices.low[s], atr)",
        "trail(book, rules, s, prices.close[s], prices.close[s], atr)",
        "a trailing stop moves by the entry bar's extreme and works from the next bar on",
    ),
    Mutant(
        "max_positions forgets pending entries",
        "engine.decide",
        "decide",
        """\
if book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions:
    reasons[s] = MAX_POSITIONS
elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:
    reasons[s] = ORDER_RATE
else:
    quantity = enter(book, rules, signals, at, s, close[s], worth)
    signals.shares[at, s] = quantity
    if quantity < 1:
        reasons[s] = SIZE_BELOW_ONE
""",
        """\
if book.flags[OPEN_POSITIONS] >= rules.max_positions:
    reasons[s] = MAX_POSITIONS
elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:
    reasons[s] = ORDER_RATE
else:
    quantity = enter(book, rules, signals, at, s, close[s], worth)
    signals.shares[at, s] = quantity
    if quantity < 1:
        reasons[s] = SIZE_BELOW_ONE
""",
        "max_positions counts pending entries",
    ),
    Mutant(
        "what the book leaves a symbol is found out once",
        "engine.decide",
        "decide",
        "scratch.standing_of[0] != book.changes[0]",
        "scratch.standing_of[0] < 0",
        REFERENCE,
    ),
    Mutant(
        "a position that was left is not noticed",
        "engine.book_changes",
        "apply_exit_fill",
        "book.changes[0] += 1",
        "",
        REFERENCE,
    ),
    Mutant(
        "one order too many",
        "engine.decide",
        "decide",
        "book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session",
        "book.flags[ENTRY_ORDERS] > rules.max_orders_per_session",
        "max_orders_per_session counts orders created, dropped ones too",
    ),
    Mutant(
        "max_entries comes after after_cutoff",
        "engine.decide",
        "standing_of",
        "MAX_ENTRIES",
        "MAX_ENTRIES + 1",
        "max_entries comes before after_cutoff",
    ),
    Mutant(
        "position_open gives way to bar_missing",
        "engine.decide",
        "standing_of",
        "POSITION_OPEN",
        "9",
        "position_open comes before bar_missing",
    ),
    Mutant(
        "a latched symbol says position_open",
        "engine.decide",
        "decide",
        "REASON_LATCHED",
        "9",
        "latched comes before position_open and bar_missing",
    ),
    Mutant(
        "the ATR leaves the decision bar out",
        "engine.signals",
        "read_signals",
        """\
if reading.studies.rows > 0:
    update_studies(reading.studies, state, bar, bars_in_session, prices)
if len(signals.atr) > 0:
    for s in range(symbols):
        signals.atr[at, s] = state[reading.rows.atr, s]
let_observe(numbers, reading, state, scratch, bar, prices)
undecided = let_screen(rules, numbers, scratch, signals, at, bar, prices)
for i in range(undecided):
    s = scratch.undecided[i]
    ask(rules, numbers, reading, state, scratch, signals, at, bar, s, prices)
""",
        """\
if len(signals.atr) > 0:
    for s in range(symbols):
        signals.atr[at, s] = state[reading.rows.atr, s]
let_observe(numbers, reading, state, scratch, bar, prices)
undecided = let_screen(rules, numbers, scratch, signals, at, bar, prices)
for i in range(undecided):
    s = scratch.undecided[i]
    ask(rules, numbers, reading, state, scratch, signals, at, bar, s, prices)
if reading.studies.rows > 0:
    update_studies(reading.studies, state, bar, bars_in_session, prices)
""",
        "the ATR includes the decision bar and its gap from the previous close",
    ),
    Mutant(
        "the mean volume takes the current bar in",
        "indicators.volumes",
        "update_mean_volume",
        "state[row, s] = mean",
        "state[row, s] = (mean * (length - 1) + volume) / length",
        "a volume at the threshold passes",
    ),
    Mutant(
        "warm-up sessions do not warm",
        "engine.sessions",
        "read_sessions",
        "warm_session(reading.studies, past, restored[session], verdicts, prices, begin, end, days,"
        " daily, session)",
        "None",
        "14 true ranges, the decision bar's included, are enough",
    ),
    Mutant(
        "the last equity point comes before assumed closes",
        "engine.settle",
        "settle_sessions",
        "equity_out[end - 1] = equity(book)",
        "",
        "the session's last equity point is taken after assumed_close",
    ),
    Mutant(
        "assumed closes are left out",
        "engine.settle",
        "settle_sessions",
        "assume_close(book, rules, tape)",
        "pass",
        "assumed_close books an exit without a further bar at the last close and its START",
    ),
)

PORTFOLIO: tuple[Mutant, ...] = (
    Mutant(
        "an entry's fill is applied twice",
        "engine.book_changes",
        "apply_entry_fill",
        "book.quantity[s] += quantity",
        "book.quantity[s] += 2 * quantity",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "an exit's fill is paid twice",
        "engine.book_changes",
        "apply_exit_fill",
        "book.money[CASH] += quantity * price",
        "book.money[CASH] += 2 * quantity * price",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "an exit takes one share less than it sells",
        "engine.book_changes",
        "apply_exit_fill",
        "book.quantity[s] -= quantity",
        "book.quantity[s] -= max(quantity - 1, 1)",
        FOLD,
    ),
    Mutant(
        "a position's profit forgets the entry's commission",
        "engine.book_changes",
        "apply_entry_fill",
        "book.profit[s] -= commission",
        "",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "commission is not taken at the entry",
        "engine.book_changes",
        "apply_entry_fill",
        "book.money[CASH] -= commission",
        "",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "an entry is marked at an older price",
        "engine.book_changes",
        "apply_entry_fill",
        "book.mark[s] = price",
        "book.mark[s] = book.pending_reference[s]",
        "a fill marks its symbol at the fill price until the close",
    ),
    Mutant(
        "an order counts as an entry",
        "engine.book_changes",
        "plan_entry",
        "book.flags[PENDING_ENTRIES] += 1",
        """\
book.flags[PENDING_ENTRIES] += 1
book.entries[s] += 1
""",
        "an entry that fills nothing does not count",
    ),
    Mutant(
        "entries are counted across sessions",
        "engine.book_changes",
        "begin_session",
        "book.entries[s] = 0",
        "",
        "each session counts entries anew",
    ),
    Mutant(
        "orders are counted across sessions",
        "engine.book_changes",
        "begin_session",
        "book.flags[ENTRY_ORDERS] = 0",
        "",
        "max_orders_per_session begins anew with the session",
    ),
    Mutant(
        "the latch outlives its session",
        "engine.book_changes",
        "begin_session",
        "book.flags[LATCHED] = 0",
        "",
        "a latch ends with its session",
    ),
    Mutant(
        "the baseline stays that of the first session",
        "engine.book_changes",
        "begin_session",
        "book.money[BASELINE] = equity(book)",
        "",
        "the baseline is the equity at the session's start",
    ),
    Mutant(
        "a later reason replaces the first",
        "engine.book_changes",
        "plan_exit",
        """\
if book.quantity[s] != 0 and not book.exit_waiting[s]:
    book.exit_waiting[s] = True
    book.exit_reason[s] = reason
    book.flags[WAITING_EXITS] += 1
""",
        """\
if book.quantity[s] != 0 and book.exit_waiting[s]:
    book.exit_reason[s] = reason
if book.quantity[s] != 0 and not book.exit_waiting[s]:
    book.exit_waiting[s] = True
    book.exit_reason[s] = reason
    book.flags[WAITING_EXITS] += 1
""",
        "a latch gives its reason only to positions that do not wait already",
    ),
    Mutant(
        "a long's target rounds up",
        "engine.targets",
        "target_level",
        "round_down",
        "round_up",
        "a long's target rounds down, towards it",
    ),
    Mutant(
        "the target counts from the reference price",
        "engine.book_changes",
        "apply_entry_fill",
        "book.pending_target[s]",
        "book.pending_target[s] + book.pending_reference[s] - entry_price",
        "the target counts from the entry fill, not from the reference price",
    ),
)

REST: tuple[Mutant, ...] = (
    Mutant(
        "equity at the limit does not latch",
        "engine.risk",
        "loses_too_much",
        "worth > limit",
        "worth >= limit",
        "equity at the limit latches and every position leaves",
    ),
    Mutant(
        "an equity that is not a number does not latch",
        "engine.risk",
        "loses_too_much",
        "not (worth > limit and math.isfinite(worth))",
        "worth <= limit",
        NOT_A_NUMBER,
    ),
    Mutant(
        "pending entries reserve nothing",
        "engine.risk",
        "entry_quantity",
        "rules.leverage * worth - gross_exposure(book) - reserved_cost(book)",
        "rules.leverage * worth - gross_exposure(book)",
        "what is reserved can leave nothing",
    ),
    Mutant(
        "sizes round up",
        "engine.risk",
        "entry_quantity",
        "math.floor",
        "math.ceil",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "the proceeds of shorts are spent again",
        "engine.book",
        "gross_exposure",
        "abs(book.quantity[s])",
        "book.quantity[s]",
        "short proceeds are not reused",
    ),
    Mutant(
        "a trailing stop loosens",
        "engine.trailing",
        "move_stop",
        "level > book.stop[s]",
        "level != book.stop[s]",
        "a trailing stop never moves against the position",
    ),
    Mutant(
        "R follows the moved stop",
        "engine.trailing",
        "trail",
        "book.initial_stop",
        "book.stop",
        "R is of the initial stop, not of the moved one",
    ),
    Mutant(
        "a trailing level rounds towards the price",
        "engine.trailing",
        "move_stop",
        "round_down(price, rules.tick_units)",
        "-round_down(-price, rules.tick_units)",
        "a trailing level is rounded to the tick as a stop",
    ),
    Mutant(
        "the break-even trigger is passed, not reached",
        "engine.trailing",
        "trail",
        "move >= rules.trail_trigger_r * risk",
        "move > rules.trail_trigger_r * risk",
        "a trailing stop moves by the entry bar's extreme and works from the next bar on",
    ),
    Mutant(
        "the ATR is seeded with 13 true ranges",
        "strategies.orb",
        "indicators",
        "atr(14)",
        "atr(13)",
        "13 true ranges are warming up",
    ),
    Mutant(
        "the true range forgets the gap",
        "indicators.wilder",
        "update_atr",
        "max(high - low, abs(high - previous), abs(low - previous))",
        "high - low",
        "the ATR includes the decision bar and its gap from the previous close",
    ),
    Mutant(
        "the mean volume is of 19 bars",
        "strategies.orb",
        "indicators",
        "mean_volume(20)",
        "mean_volume(19)",
        "19 previous bars are warming up, 20 are not",
    ),
    Mutant(
        "a touch of the range is a break",
        "strategies.orb",
        "breakout",
        "highest > memory[RANGE_HIGH] + numbers.breakout_buffer",
        "highest >= memory[RANGE_HIGH] + numbers.breakout_buffer",
        "a close at the range high is no break",
    ),
    Mutant(
        "wicks equally far are short",
        "strategies.orb",
        "breakout",
        "whole_units(bar.high - bar.open) >= whole_units(bar.open - bar.low)",
        "whole_units(bar.high - bar.open) > whole_units(bar.open - bar.low)",
        "wicks on both sides, equally far from the open, are long",
    ),
    Mutant(
        "wicks are compared with their float noise",
        "strategies.orb",
        "breakout",
        "whole_units(bar.high - bar.open) >= whole_units(bar.open - bar.low)",
        "bar.high - bar.open >= bar.open - bar.low",
        "the wick distances are compared after r4",
    ),
    Mutant(
        "the level with its buffer is rounded",
        "strategies.orb",
        "breakout",
        "memory[RANGE_HIGH] + numbers.breakout_buffer",
        "whole_units(memory[RANGE_HIGH] + numbers.breakout_buffer) / 10000",
        "range high plus buffer is not passed through r4",
    ),
    Mutant(
        "the body has no sign",
        "strategies.orb",
        "screen",
        "body < numbers.min_body",
        "abs(body) < numbers.min_body",
        "the body is signed: a falling bar is a weak long",
    ),
    Mutant(
        "a body equal to min_body is weak",
        "strategies.orb",
        "screen",
        "body < numbers.min_body",
        "body <= numbers.min_body",
        "half a body is not weak at 0.5",
    ),
    Mutant(
        "the buffer is part of the extension",
        "strategies.orb",
        "screen",
        "close - range_high",
        "close - range_high - numbers.breakout_buffer",
        "the buffer is no part of the extension",
    ),
    Mutant(
        "shorts are disabled before the side is chosen",
        "strategies.orb",
        "breakout",
        "further_up = whole_units(bar.high - bar.open) >= whole_units(bar.open - bar.low)",
        """\
down = down & numbers.allow_short
further_up = whole_units(bar.high - bar.open) >= whole_units(bar.open - bar.low)
""",
        "short_disabled applies to the side so chosen",
    ),
    Mutant(
        "some range bars are enough",
        "strategies.orb",
        "screen",
        "memory[RANGE_BARS] < numbers.range_bars",
        "memory[RANGE_BARS] == 0",
        "any missing bar of a longer range is range_incomplete",
    ),
    Mutant(
        "a long's stop rounds up",
        "strategies.orb",
        "observe",
        "round_down",
        "round_up",
        "a long's stop rounds down and stays away",
    ),
    Mutant(
        "a stop at the reference price protects",
        "engine.signals",
        "let_screen",
        "risk > 0",
        "risk >= 0",
        "a stop at the reference price is not protective",
    ),
    Mutant(
        "low volume includes the threshold",
        "strategies.orb",
        "signal",
        "bar.volume >= numbers.volume_threshold * read.mean_volume",
        "bar.volume > numbers.volume_threshold * read.mean_volume",
        "a volume at the threshold passes",
    ),
    Mutant(
        "r4 cuts off",
        "prices",
        "r4",
        "price_units(price)",
        "math.floor(price * 10000)",
        "stop and target are not tested while an exit waits",
    ),
    Mutant(
        "the tick is divided by in floats",
        "prices",
        "round_down",
        "price_units(price) // units",
        "math.floor(price / (units / 10000))",
        "the tick is never divided by in floats: 0.29 is 29 ticks",
    ),
    Mutant(
        "the first of the same stamp is kept",
        "market.panel_loading",
        "_in_order",
        "last[:-1]",
        "last[1:]",
        REFERENCE,
    ),
    Mutant(
        "duplicates are told after aggregation",
        "market.panel_loading",
        "_in_order",
        "start[1:] != start[:-1]",
        "start[1:] // 300000000 != start[:-1] // 300000000",
        REFERENCE,
    ),
    Mutant(
        "rows of one stamp change places",
        "market.panel_loading",
        "_in_order",
        "(rows.start_us, rows.symbol)",
        "(-np.arange(len(rows)), rows.start_us, rows.symbol)",
        REFERENCE,
    ),
    Mutant(
        "a bar that is there twice is not noticed",
        "market.panel_loading",
        "make_panel.locate",
        "taken[cell]",
        "taken[:len(cell)]",
        "a last duplicate that is invalid does not bring the earlier row back",
    ),
    Mutant(
        "the bar at the close is kept",
        "market.grid_lookup",
        "GridRows.of",
        "1",
        "self._rows.take(unit + 1, mode='clip') >= 0",
        REFERENCE,
    ),
    Mutant(
        "a negative volume is valid",
        "market.grid_cells",
        "are_valid",
        "finite & (bottom > 0) & (low > 0) & (high >= top) & (low <= bottom) & (volume >= 0)",
        "finite & (bottom > 0) & (low > 0) & (high >= top) & (low <= bottom)",
        REFERENCE,
    ),
    Mutant(
        "invalid bars stay where they were placed",
        "market.grid_cells",
        "clear_invalid",
        """\
if invalid:
    for begin, (good, _) in zip(range(0, rows, step), judged, strict=True):
        for table in tables:
            table[begin:begin + step][~good] = np.nan
""",
        """\
if invalid < 0:
    for begin, (good, _) in zip(range(0, rows, step), judged, strict=True):
        for table in tables:
            table[begin:begin + step][~good] = np.nan
""",
        REFERENCE,
    ),
    Mutant(
        "bars are judged before their prices are rounded",
        "market.grid_cells",
        "place.fill",
        "name != 'volume'",
        "name not in ('low', 'volume')",
        REFERENCE,
    ),
    Mutant(
        "the open of a bar is its last row's",
        "market.grid_cells",
        "",
        "values[begin]",
        "_last(values, begin)",
        REFERENCE,
    ),
    Mutant(
        "cut-off and flatten time are exchanged",
        "backtest.stage_arguments",
        "hours_of",
        "strategy.flatten_minutes",
        "strategy.entry_cutoff_minutes",
        "an order waits for the next bar's open",
    ),
)

GATE: tuple[Mutant, ...] = (
    Mutant(
        "a low may be as low as it likes",
        "gate.checks",
        "is_spike",
        "low < thresholds.spike_down * min(opened, close)",
        "False",
        "a spike is missing for the venue: its low meets no stop",
    ),
    Mutant(
        "a jump is rejected however long it holds",
        "gate.checks",
        "judge_bar",
        "not is_near(thresholds.jump, close, before)",
        "True",
        "a jump that holds is a new level, and an exit is never forbidden",
    ),
    Mutant(
        "the level of a jump outlives the bar after it",
        "gate.checks",
        "judge_bar",
        "before = gate.jump_close[s]\ngate.jump_close[s] = math.nan",
        "before = gate.jump_close[s]",
        "a new level needs the bar before it to have jumped",
    ),
    Mutant(
        "a price is stale one bar too late",
        "gate.checks",
        "judge_bar",
        "gate.stale_run[s] >= thresholds.stale",
        "gate.stale_run[s] > thresholds.stale",
        "a price that stands still is stale from the g-th bar on, and until it moves",
    ),
    Mutant(
        "a gap forbids its own bar alone",
        "gate.checks",
        "reason_of",
        "gate.is_gap[s]",
        "found & 8",
        "a gap forbids entries to the session's end, its bar and missing ones included",
    ),
    Mutant(
        "the past is the first session's for ever",
        "gate.state",
        "end_session",
        "not math.isnan(last)",
        "not math.isnan(last) and math.isnan(gate.earlier_close[s])",
        "the session after a gap is tested against the gap's own last close",
    ),
    Mutant(
        "an entry waits through a rejected bar",
        "engine.settle",
        "cancel_rejected",
        "found[s] & REJECTED != 0",
        "False",
        "an entry that waits is cancelled at the close where its symbol's bar is rejected",
    ),
)

MUTANTS: tuple[Mutant, ...] = (*MATCHING, *ENGINE, *PORTFOLIO, *REST, *GATE)
