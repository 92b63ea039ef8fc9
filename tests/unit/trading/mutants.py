"""Mutants of the trading core: each a text of one source replaced, and the check that kills it.

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
    """A fault: `old` occurs exactly once in the module and becomes `new`."""

    name: str
    module: str
    old: str
    new: str
    killed_by: str


MATCHING: tuple[Mutant, ...] = (
    Mutant(
        "the stop is ignored",
        "engine.matching",
        "if (held > 0 and low <= stop) or (held < 0 and high >= stop):",
        "if False:",
        "the entry bar counts for the stop",
    ),
    Mutant(
        "the target is tested before the stop",
        "engine.matching",
        "if (held > 0 and low <= stop) or (held < 0 and high >= stop):",
        "if ((held > 0 and low <= stop) or (held < 0 and high >= stop)) and not ("
        "(held > 0 and high >= target) or (held < 0 and low <= target)):",
        "stop wins when both are touched",
    ),
    Mutant(
        "a stop needs a price beyond it",
        "engine.matching",
        "(held > 0 and low <= stop)",
        "(held > 0 and low < stop)",
        "a stop fires when the low equals it",
    ),
    Mutant(
        "a short's stop needs a price beyond it",
        "engine.matching",
        "(held < 0 and high >= stop)",
        "(held < 0 and high > stop)",
        "a short's stop fires when the high equals it",
    ),
    Mutant(
        "a target needs a price beyond it",
        "engine.matching",
        "(held > 0 and high >= target)",
        "(held > 0 and high > target)",
        "a target fills on a touch",
    ),
    Mutant(
        "a gap through the stop fills at the stop",
        "engine.matching",
        "worse = min(opened, stop) if held > 0 else max(opened, stop)",
        "worse = stop",
        "a gap through the stop fills at the open",
    ),
    Mutant(
        "a gap beyond the target fills at the target",
        "engine.matching",
        "price = max(opened, target) if held > 0 else min(opened, target)",
        "price = target",
        "a gap beyond the target fills at the open",
    ),
    Mutant(
        "slippage is on the wrong side",
        "engine.matching",
        "    if quantity > 0:\n        return max(r4(",
        "    if quantity < 0:\n        return max(r4(",
        "slippage makes bought entries dearer and sold exits cheaper",
    ),
    Mutant(
        "targets slip too",
        "engine.matching",
        "            fill_exit(book, rules, tape, s, LEG_TARGET, quantity, price, us)",
        "            price = venue_price("
        "book, rules, s, price, -quantity if held > 0 else quantity, volume)\n"
        "            fill_exit(book, rules, tape, s, LEG_TARGET, quantity, price, us)",
        "slippage leaves target fills alone",
    ),
    Mutant(
        "entries fill before exits",
        "engine.matching",
        "    i = 0\n    while book.flags[WAITING_EXITS] > 0",
        "    for s in range(len(book.quantity)):\n"
        "        if book.pending[s] != 0 and not math.isnan(opened[s]):\n"
        "            fill_entry(book, rules, tape, s, opened[s], volume[s], us)\n"
        "    i = 0\n    while book.flags[WAITING_EXITS] > 0",
        "all exits fill before all entries",
    ),
    Mutant(
        "the entry bar does not count",
        "engine.matching",
        "if leg != LEG_ENTRY:",
        "if leg != LEG_ENTRY and book.entry_us[s] != us:",
        "the entry bar counts for the stop",
    ),
    Mutant(
        "stop and target rest while an exit waits",
        "engine.matching",
        "        if not book.exit_waiting[s]:\n            leg",
        "        if book.quantity[s] != 0:\n            leg",
        "stop and target of a waiting exit rest whatever other symbols hold",
    ),
    Mutant(
        "a symbol after one that became flat is passed over",
        "engine.matching",
        "        # A symbol that became flat is off the list, and the next one is in its place.\n"
        "        i += 1 if book.held[i] == s else 0",
        "        i += 1",
        REFERENCE,
    ),
    Mutant(
        "positions are walked in the order of their entries",
        "engine.book_changes",
        "while i > 0 and book.held[i - 1] > s:",
        "while i > 0 and book.held[i - 1] > s and s < 0:",
        REFERENCE,
    ),
    Mutant(
        "the cap rounds up",
        "engine.matching",
        "return math.floor(min(rules.max_participation * volume, float(NO_CAP)))",
        "return math.ceil(min(rules.max_participation * volume, float(NO_CAP)))",
        "an entry takes at most its share of the bar's volume and the rest is cancelled",
    ),
    Mutant(
        "a stop that finds no volume has not fired",
        "engine.matching",
        "        plan_exit(book, s, EXIT_STOP)\n",
        "        if quantity >= 1:\n            plan_exit(book, s, EXIT_STOP)\n",
        "participation: fired stop with zero cap still cancels the target",
    ),
    Mutant(
        "a target that finds no volume has not fired",
        "engine.matching",
        "        plan_exit(book, s, EXIT_TARGET)\n",
        "        if quantity >= 1:\n            plan_exit(book, s, EXIT_TARGET)\n",
        "participation: touched target with zero cap becomes a slipping market exit",
    ),
    Mutant(
        "commission adds the minimum",
        "engine.matching",
        "return max(rules.commission_per_share * quantity, rules.commission_minimum)",
        "return rules.commission_per_share * quantity + rules.commission_minimum",
        "commission is by the share above the minimum",
    ),
    Mutant(
        "funds are not tested at the fill",
        "engine.matching",
        "quantity = min(quantity, math.floor(min(affordable, float(NO_CAP))))",
        "quantity = quantity",
        "at the fill the quantity is cut to what equity affords",
    ),
    Mutant(
        "what is left of an entry goes on waiting",
        "engine.matching",
        "    cancel_entry(book, s)\n\n\ndef touched(",
        "    if book.quantity[s] != 0:\n        cancel_entry(book, s)\n\n\ndef touched(",
        "an entry that finds no volume is dropped",
    ),
    Mutant(
        "impact takes the whole order",
        "engine.matching",
        "price = venue_price(book, rules, s, opened, side * quantity, volume)",
        "price = venue_price(book, rules, s, opened, ordered, volume)",
        "impact takes the quantity after the participation cap",
    ),
    Mutant(
        "impact is not rooted",
        "engine.matching",
        "math.sqrt(abs(quantity) / volume)",
        "(abs(quantity) / volume)",
        "impact is of the quantity over the fill bar's volume",
    ),
    Mutant(
        "impact divides by a volume of zero",
        "engine.matching",
        "if rules.impact_factor > 0 and volume > 0:",
        "if rules.impact_factor > 0:",
        "impact is 0 when the volume is 0",
    ),
    Mutant(
        "fill prices may be zero",
        "engine.matching",
        "return max(r4(price * (1 - slippage)), LOWEST_FILL_PRICE)",
        "return r4(price * (1 - slippage))",
        "a fill price is never below 0.0001",
    ),
    Mutant(
        "an assumed close does not slip",
        "engine.matching",
        "                price = slipped(\n",
        "                price = book.previous_close[s] + 0 * slipped(\n",
        "assumed_close is whole and slips and pays commission once",
    ),
    Mutant(
        "an assumed close is called by the reason it began with",
        "engine.matching",
        "book.assumed[s] = True",
        "book.assumed[s] = False",
        "a trade is assumed_close if any part was",
    ),
    Mutant(
        "an assumed close takes the last bar's own volatility",
        "engine.matching",
        "book.earlier_range[s],",
        "book.previous_range[s],",
        "assumed_close: the last bar is the fill bar, and the one before it gives the volatility",
    ),
)

ENGINE: tuple[Mutant, ...] = (
    Mutant(
        "the next bar is peeked at",
        "engine.signals",
        "                close[row],\n                volume[row],\n            )\n",
        "                close[min(row + 1, end - 1)],\n                volume[row],\n"
        "            )\n",
        LOOK_AHEAD,
    ),
    Mutant(
        "the next bar's volume is peeked at",
        "engine.signals",
        "                close[row],\n                volume[row],\n            )\n",
        "                close[row],\n                volume[min(row + 1, end - 1)],\n"
        "            )\n",
        LOOK_AHEAD,
    ),
    Mutant(
        "the cut-off is off by one bar",
        "engine.signals",
        "bar >= entry_bars[session],",
        "bar > entry_bars[session],",
        "no decision later than C - cutoff",
    ),
    Mutant(
        "the flatten bar may enter",
        "backtest.stage_arguments",
        "np.minimum(entry_bars, flatten_bars - 1),",
        "np.minimum(entry_bars, flatten_bars),",
        "after_cutoff also from the flatten bar on",
    ),
    Mutant(
        "flattening comes one bar late",
        "engine.settle",
        "0 <= flatten_bar <= bar,",
        "0 <= flatten_bar < bar,",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "the latch re-arms",
        "engine.settle",
        "    if book.flags[LATCHED] == 0 and loses_too_much(book, rules, worth):\n"
        "        latch(book)\n",
        "    book.flags[LATCHED] = 1 if loses_too_much(book, rules, worth) else 0\n",
        "a latch stays when equity recovers",
    ),
    Mutant(
        "the latch leaves pending entries",
        "engine.settle",
        "            cancel_entry(book, s)\n",
        "",
        "a latch cancels pending entries",
    ),
    Mutant(
        "flattening names the exits of a latch",
        "engine.settle",
        "    if book.flags[LATCHED] != 0:\n        leave_everything(book, EXIT_LATCH)\n"
        "    if flatten:\n        leave_everything(book, EXIT_FLATTEN)\n",
        "    if flatten:\n        leave_everything(book, EXIT_FLATTEN)\n"
        "    if book.flags[LATCHED] != 0:\n        leave_everything(book, EXIT_LATCH)\n",
        "a latch at the flatten bar leaves with the reason latch",
    ),
    Mutant(
        "stops trail in the bar before positions are marked",
        "engine.settle",
        "                trail(book, rules, s, high[s], low[s])",
        "                trail(book, rules, s, close[s], close[s])",
        "a trailing stop moves by the entry bar's extreme and works from the next bar on",
    ),
    Mutant(
        "max_positions forgets pending entries",
        "engine.decide",
        "if book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions:",
        "if book.flags[OPEN_POSITIONS] >= rules.max_positions:",
        "max_positions counts pending entries",
    ),
    Mutant(
        "what the book leaves a symbol is found out once",
        "engine.decide",
        "if scratch.standing_of[0] != book.changes[0]:",
        "if scratch.standing_of[0] < 0:",
        REFERENCE,
    ),
    Mutant(
        "a position that was left is not noticed",
        "engine.book_changes",
        "    book.changes[0] += 1\n    if book.quantity[s] > 0:\n",
        "    if book.quantity[s] > 0:\n",
        REFERENCE,
    ),
    Mutant(
        "one order too many",
        "engine.decide",
        "elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:",
        "elif book.flags[ENTRY_ORDERS] > rules.max_orders_per_session:",
        "max_orders_per_session counts orders created, dropped ones too",
    ),
    Mutant(
        "max_entries comes after after_cutoff",
        "engine.decide",
        "MAX_ENTRIES if book.entries[s]",
        "MAX_ENTRIES + 1 if book.entries[s]",
        "max_entries comes before after_cutoff",
    ),
    Mutant(
        "position_open gives way to bar_missing",
        "engine.decide",
        "POSITION_OPEN if book.quantity[s] != 0",
        "9 if book.quantity[s] != 0",
        "position_open comes before bar_missing",
    ),
    Mutant(
        "a latched symbol says position_open",
        "engine.decide",
        "np.uint8(REASON_LATCHED if",
        "np.uint8(9 if",
        "latched comes before position_open and bar_missing",
    ),
    Mutant(
        "the ATR leaves the decision bar out",
        "engine.signals",
        "                update_atr(indicators, s, high[s], low[s], close[s])\n            signals",
        # Each bar's true range is taken in at the next bar.
        "                late = globals().setdefault('late', {})\n"
        "                if (id(indicators), s) in late:\n"
        "                    update_atr(*late[id(indicators), s])\n"
        "                late[id(indicators), s] = (indicators, s, high[s], low[s], close[s])\n"
        "            signals",
        "the ATR includes the decision bar and its gap from the previous close",
    ),
    Mutant(
        "the mean volume takes the current bar in",
        "engine.signals",
        "volume_mean = mean_volume(indicators, s)",
        "volume_mean = (mean_volume(indicators, s) * 19 + volume[s]) / 20",
        "a volume at the threshold passes",
    ),
    Mutant(
        "warm-up sessions do not warm",
        "engine.signals",
        "if session < first_traded:\n            if rules.needs_indicators:",
        "if session < first_traded:\n            if False:",
        "14 true ranges, the decision bar's included, are enough",
    ),
    Mutant(
        "the last equity point comes before assumed closes",
        "engine.settle",
        "            equity_out[end - 1] = equity(book)\n",
        "",
        "the session's last equity point is taken after assumed_close",
    ),
    Mutant(
        "assumed closes are left out",
        "engine.settle",
        "            assume_close(book, rules, tape)\n",
        "            pass\n",
        "assumed_close books an exit without a further bar at the last close and its START",
    ),
)

PORTFOLIO: tuple[Mutant, ...] = (
    Mutant(
        "an entry's fill is applied twice",
        "engine.book_changes",
        "    book.quantity[s] += quantity\n    book.entry_quantity[s] += abs(quantity)",
        "    book.quantity[s] += 2 * quantity\n    book.entry_quantity[s] += abs(quantity)",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "an exit's fill is paid twice",
        "engine.book_changes",
        "book.money[CASH] += quantity * price",
        "book.money[CASH] += 2 * quantity * price",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "an exit takes one share less than it sells",
        "engine.book_changes",
        "        book.quantity[s] -= quantity\n",
        "        book.quantity[s] -= max(quantity - 1, 1)\n",
        FOLD,
    ),
    Mutant(
        "a position's profit forgets the entry's commission",
        "engine.book_changes",
        "    book.profit[s] -= commission\n",
        "",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "commission is not taken at the entry",
        "engine.book_changes",
        "    book.money[CASH] -= quantity * price\n    book.money[CASH] -= commission\n"
        "    book.mark[s] = price\n    book.initial_stop",
        "    book.money[CASH] -= quantity * price\n    book.mark[s] = price\n    book.initial_stop",
        "commission is the minimum when the shares cost less, and equity includes it at once",
    ),
    Mutant(
        "an entry is marked at an older price",
        "engine.book_changes",
        "    book.mark[s] = price\n    book.initial_stop",
        "    book.mark[s] = book.pending_reference[s]\n    book.initial_stop",
        "a fill marks its symbol at the fill price until the close",
    ),
    Mutant(
        "an order counts as an entry",
        "engine.book_changes",
        "    book.flags[PENDING_ENTRIES] += 1\n",
        "    book.flags[PENDING_ENTRIES] += 1\n    book.entries[s] += 1\n",
        "an entry that fills nothing does not count",
    ),
    Mutant(
        "entries are counted across sessions",
        "engine.book_changes",
        "        book.entries[s] = 0\n",
        "",
        "each session counts entries anew",
    ),
    Mutant(
        "orders are counted across sessions",
        "engine.book_changes",
        "    book.flags[ENTRY_ORDERS] = 0\n",
        "",
        "max_orders_per_session begins anew with the session",
    ),
    Mutant(
        "the latch outlives its session",
        "engine.book_changes",
        "    book.flags[LATCHED] = 0\n",
        "",
        "a latch ends with its session",
    ),
    Mutant(
        "the baseline stays that of the first session",
        "engine.book_changes",
        "    book.money[BASELINE] = equity(book)\n",
        "",
        "the baseline is the equity at the session's start",
    ),
    Mutant(
        "a later reason replaces the first",
        "engine.book_changes",
        "    if book.quantity[s] != 0 and not book.exit_waiting[s]:\n"
        "        book.exit_waiting[s] = True\n",
        "    if book.quantity[s] != 0 and book.exit_waiting[s]:\n"
        "        book.exit_reason[s] = reason\n"
        "    if book.quantity[s] != 0 and not book.exit_waiting[s]:\n"
        "        book.exit_waiting[s] = True\n",
        "a latch gives its reason only to positions that do not wait already",
    ),
    Mutant(
        "a long's target rounds up",
        "engine.book_changes",
        "book.target[s] = round_down(entry_price + offset, units)",
        "book.target[s] = round_up(entry_price + offset, units)",
        "a long's target rounds down, towards it",
    ),
    Mutant(
        "the target counts from the reference price",
        "engine.book_changes",
        "round_down(entry_price + offset, units)",
        "round_down(book.pending_reference[s] + offset, units)",
        "the target counts from the entry fill, not from the reference price",
    ),
)

REST: tuple[Mutant, ...] = (
    Mutant(
        "equity at the limit does not latch",
        "engine.risk",
        "worth > limit and",
        "worth >= limit and",
        "equity at the limit latches and every position leaves",
    ),
    Mutant(
        "an equity that is not a number does not latch",
        "engine.risk",
        "return not (worth > limit and math.isfinite(worth))",
        "return worth <= limit",
        NOT_A_NUMBER,
    ),
    Mutant(
        "pending entries reserve nothing",
        "engine.risk",
        " - reserved_cost(book)",
        "",
        "what is reserved can leave nothing",
    ),
    Mutant(
        "sizes round up",
        "engine.risk",
        "return math.floor(min(shares, MOST_SHARES))",
        "return math.ceil(min(shares, MOST_SHARES))",
        "an order waits for the next bar's open",
    ),
    Mutant(
        "the proceeds of shorts are spent again",
        "engine.book",
        "total += abs(book.quantity[s]) * book.mark[s]",
        "total += book.quantity[s] * book.mark[s]",
        "short proceeds are not reused",
    ),
    Mutant(
        "a trailing stop loosens",
        "engine.trailing",
        "level > book.stop[s]",
        "level != book.stop[s]",
        "a trailing stop never moves against the position",
    ),
    Mutant(
        "R follows the moved stop",
        "engine.trailing",
        "risk = abs(entry - book.initial_stop[s])",
        "risk = abs(entry - book.stop[s])",
        "R is of the initial stop, not of the moved one",
    ),
    Mutant(
        "a trailing level rounds towards the price",
        "engine.trailing",
        "level = round_down(entry + beyond, rules.tick_units)",
        "level = -round_down(-entry - beyond, rules.tick_units)",
        "a trailing level is rounded to the tick as a stop",
    ),
    Mutant(
        "the break-even trigger is passed, not reached",
        "engine.trailing",
        "if move >= rules.trail_trigger_r * risk:",
        "if move > rules.trail_trigger_r * risk:",
        "a trailing stop moves by the entry bar's extreme and works from the next bar on",
    ),
    Mutant(
        "the ATR is seeded with 13 true ranges",
        "engine.indicators",
        "ATR_BARS = 14",
        "ATR_BARS = 13",
        "13 true ranges are warming up",
    ),
    Mutant(
        "the true range forgets the gap",
        "engine.indicators",
        "max(high - low, abs(high - previous), abs(low - previous))",
        "high - low",
        "the ATR includes the decision bar and its gap from the previous close",
    ),
    Mutant(
        "the mean volume is of 19 bars",
        "engine.indicators",
        "VOLUME_BARS = 20",
        "VOLUME_BARS = 19",
        "19 previous bars are warming up, 20 are not",
    ),
    Mutant(
        "a touch of the range is a break",
        "strategies.orb",
        "(high if numbers.wick else close) >",
        "(high if numbers.wick else close) >=",
        "a close at the range high is no break",
    ),
    Mutant(
        "wicks equally far are short",
        "strategies.orb",
        "whole_units(high - opened) >= whole_units(opened - low)",
        "whole_units(high - opened) > whole_units(opened - low)",
        "wicks on both sides, equally far from the open, are long",
    ),
    Mutant(
        "wicks are compared with their float noise",
        "strategies.orb",
        "whole_units(high - opened) >= whole_units(opened - low)",
        "high - opened >= opened - low",
        "the wick distances are compared after r4",
    ),
    Mutant(
        "the level with its buffer is rounded",
        "strategies.orb",
        "> memory[RANGE_HIGH] + numbers.breakout_buffer",
        "> whole_units(memory[RANGE_HIGH] + numbers.breakout_buffer) / 10000",
        "range high plus buffer is not passed through r4",
    ),
    Mutant(
        "the body has no sign",
        "strategies.orb",
        "if body < numbers.min_body else",
        "if abs(body) < numbers.min_body else",
        "the body is signed: a falling bar is a weak long",
    ),
    Mutant(
        "a body equal to min_body is weak",
        "strategies.orb",
        "if body < numbers.min_body else",
        "if body <= numbers.min_body else",
        "half a body is not weak at 0.5",
    ),
    Mutant(
        "the buffer is part of the extension",
        "strategies.orb",
        "extension = close - range_high if is_long",
        "extension = close - range_high - numbers.breakout_buffer if is_long",
        "the buffer is no part of the extension",
    ),
    Mutant(
        "shorts are disabled before the side is chosen",
        "strategies.orb",
        "    # If wicks break both sides, the one further from the open wins.\n",
        "    down = down & numbers.allow_short\n",
        "short_disabled applies to the side so chosen",
    ),
    Mutant(
        "some range bars are enough",
        "strategies.orb",
        "if memory[RANGE_BARS] < numbers.range_bars else",
        "if memory[RANGE_BARS] == 0 else",
        "any missing bar of a longer range is range_incomplete",
    ),
    Mutant(
        "a long's stop rounds up",
        "strategies.orb",
        "round_down(memory[RANGE_LOW], numbers.tick_units)",
        "round_up(memory[RANGE_LOW], numbers.tick_units)",
        "a long's stop rounds down and stays away",
    ),
    Mutant(
        "a stop at the reference price protects",
        "strategies.orb",
        "side if risk > 0 else",
        "side if risk >= 0 else",
        "a stop at the reference price is not protective",
    ),
    Mutant(
        "low volume includes the threshold",
        "strategies.orb",
        "if not volume >= numbers.volume_threshold * mean_volume:",
        "if not volume > numbers.volume_threshold * mean_volume:",
        "a volume at the threshold passes",
    ),
    Mutant(
        "r4 cuts off",
        "prices",
        "return price_units(price) / 10000\n",
        "return math.floor(price * 10000) / 10000\n",
        "stop and target are not tested while an exit waits",
    ),
    Mutant(
        "the tick is divided by in floats",
        "prices",
        "return price_units(price) // units * units / 10000",
        "return math.floor(price / (units / 10000)) * units / 10000",
        "the tick is never divided by in floats: 0.29 is 29 ticks",
    ),
    Mutant(
        "the first of the same stamp is kept",
        "market.panel_loading",
        "last[:-1] = (symbol[1:]",
        "last[1:] = (symbol[1:]",
        REFERENCE,
    ),
    Mutant(
        "duplicates are told after aggregation",
        "market.panel_loading",
        "| (start[1:] != start[:-1])",
        "| (start[1:] // 300000000 != start[:-1] // 300000000)",
        REFERENCE,
    ),
    Mutant(
        "rows of one stamp change places",
        "market.panel_loading",
        "order = np.lexsort((rows.start_us, rows.symbol))",
        "order = np.lexsort((-np.arange(len(rows)), rows.start_us, rows.symbol))",
        REFERENCE,
    ),
    Mutant(
        "a bar that is there twice is not noticed",
        "market.panel_loading",
        "taken[cell] = True",
        "taken[: len(cell)] = True",
        "a last duplicate that is invalid does not bring the earlier row back",
    ),
    Mutant(
        "the bar at the close is kept",
        "market.grid_lookup",
        "unit += 1",
        'unit += self._rows.take(unit + 1, mode="clip") >= 0',
        REFERENCE,
    ),
    Mutant(
        "a negative volume is valid",
        "market.grid_cells",
        " & (volume >= 0)",
        "",
        REFERENCE,
    ),
    Mutant(
        "invalid bars stay where they were placed",
        "market.grid_cells",
        "    if invalid:",
        "    if invalid < 0:",
        REFERENCE,
    ),
    Mutant(
        "bars are judged before their prices are rounded",
        "market.grid_cells",
        'if name != "volume":',
        'if name not in ("low", "volume"):',
        REFERENCE,
    ),
    Mutant(
        "the open of a bar is its last row's",
        "market.grid_cells",
        '"open": lambda values, begin: values[begin],',
        '"open": lambda values, begin: _last(values, begin),',
        REFERENCE,
    ),
    Mutant(
        "cut-off and flatten time are exchanged",
        "backtest.stage_arguments",
        "_bars_by(panel, plan.strategy.flatten_minutes)",
        "_bars_by(panel, plan.strategy.entry_cutoff_minutes)",
        "an order waits for the next bar's open",
    ),
)

MUTANTS: tuple[Mutant, ...] = (*MATCHING, *ENGINE, *PORTFOLIO, *REST)
