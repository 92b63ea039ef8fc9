"""What holds of the account whatever a strategy says and whatever the bars do."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.unit.trading.engine.hand_played import (
    BAR_US,
    FIRST_US,
    Bar,
    Play,
    Played,
    play,
    play_live,
)
from trading.engine import settle as engine
from trading.engine.book import (
    ENTRY_ORDERS,
    OPEN_POSITIONS,
    PENDING_ENTRIES,
    Book,
    equity,
    gross_exposure,
    reserved_cost,
)
from trading.engine.compile import link_compiled
from trading.engine.tapes.trade_tape import FILLS, FillRow
from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Entry, R
from trading.reasons import (
    DATA_GATE_GAP,
    DATA_GATE_STALE,
    ENTER_LONG,
    ENTER_SHORT,
    LEG_ASSUMED_CLOSE,
    LEG_ENTRY,
)
from trading.rules import Rules
from trading.strategies import orb

SEEDS = range(150)
BARS, SYMBOLS = 12, 3
CUTOFF = 4


def random_bars(dice: random.Random) -> list[Bar | None]:
    """Return a walk in steps of a cent, with missing bars and little volume."""
    bars: list[Bar | None] = []
    price = 100.0
    for _ in range(BARS):
        opened = round(price + dice.choice([0, 0, 0, -0.5, 0.5, -2, 2]), 2)
        close = round(opened + dice.uniform(-1.5, 1.5), 2)
        high = round(max(opened, close) + dice.choice([0, dice.uniform(0, 1)]), 2)
        low = round(min(opened, close) - dice.choice([0, dice.uniform(0, 1)]), 2)
        volume = dice.choice([1e6, 1e6, 200.0, 50.0, 0.0])
        bars.append(None if dice.random() < 0.08 else (opened, high, low, close, volume))
        price = close
    return bars


def random_entry(dice: random.Random, price: float) -> Entry:
    """Return an entry of any kind that protects itself."""
    is_long = dice.random() < 0.5
    side = 1 if is_long else -1
    order = dice.choice([MARKET, STOP, STOP, LIMIT])
    ahead = {MARKET: 0.0, STOP: 1.0, LIMIT: -1.0}[order] * side
    level = round(price + ahead * dice.choice([-0.2, 0.0, 0.3, 0.8]), 2)
    reference = price if order == MARKET else level
    kind = dice.choice([USD, FRACTION, R])
    target = dice.choice([math.nan, {USD: 1.5, FRACTION: 0.01, R: 1.5}[kind]])
    return Entry(
        ENTER_LONG if is_long else ENTER_SHORT,
        round(reference - side * dice.choice([0.05, 0.5, 1.0, 2.0]), 2),
        target,
        kind,
        order,
        math.nan if order == MARKET else level,
        dice.choice([0, 0, 1, 3]),
    )


@lru_cache(maxsize=len(SEEDS))
def random_play(seed: int) -> Play:
    """Return two days of bars and of a strategy that says all that it may."""
    dice = random.Random(seed)
    days = [[random_bars(dice) for _ in range(SYMBOLS)] for _ in range(2)]
    says, leaves, gates = {}, {}, {}
    for number, day in enumerate(days):
        for s, bars in enumerate(day):
            for k, bar in enumerate(bars[: BARS - CUTOFF]):
                at = (number * BARS + k, s)
                if bar is not None and dice.random() < 0.5:
                    says[at] = random_entry(dice, bar[3])
                if bar is not None and dice.random() < 0.1:
                    leaves[at] = dice.choice([1, 2, 3])
                if dice.random() < 0.06:
                    gates[at] = dice.choice([DATA_GATE_GAP, DATA_GATE_STALE])
    leverage = dice.choice([1.0, 1.0, 2.5, 4.0])
    settings: dict[str, Any] = {
        "leverage": leverage,
        "max_position_pct": dice.choice([0.2, 0.8, leverage]),
        "risk_per_trade": dice.choice([0.01, 0.5]),
        "sizing": dice.choice(["risk", "fixed_risk", "fixed_shares"]),
        "max_shares": dice.choice([0, 0, 60]),
        "max_positions": dice.choice([1, 2, 5]),
        "max_entries": dice.choice([1, 4]),
        "max_daily_loss_pct": dice.choice([0.01, 1.0]),
        "max_drawdown_pct": dice.choice([0.0, 0.0, 0.02]),
        "max_participation": dice.choice([0.0, 0.1, 0.5]),
        "slippage_bps": dice.choice([0.0, 0.0, 20.0]),
        "volatility_factor": dice.choice([0.0, 0.1]),
        "sec_fee_per_million": dice.choice([0.0, 27.8]),
        "taf_per_share": dice.choice([0.0, 0.000166]),
        "trailing": dice.choice(["none", "breakeven", "stepped", "atr", "dollars", "percent"]),
        "trail_steps": [[0.5, 0.0], [1.0, 0.5]],
        "trail_dollars": 0.8,
    }
    return Play(days, says, leaves, gates, 0.4, CUTOFF, settings)


def watched(look: Callable[[Book, Rules, int], None]) -> None:
    """Let every play go bar by bar, and look at the book after each of its closes."""
    for seed in SEEDS:
        closes = 0

        def at_close(book: Book, rules: Rules) -> None:
            nonlocal closes
            look(book, rules, closes)
            closes += 1

        play_live(random_play(seed), at_close)


def fills_of(played: Played) -> list[FillRow[float]]:
    """Return the fills as rows."""
    return [FillRow(*row) for row in played.tape.fills[: played.tape.counts[FILLS]].tolist()]


def test_the_plays_come_to_everything_that_they_are_to_test() -> None:
    left, orders, inside = Counter[str](), Counter[str](), 0
    for seed in SEEDS:
        made, played = random_play(seed), play(random_play(seed))
        left.update(played.left_by)
        orders.update(word for s in range(SYMBOLS) for word in played.reasons(s))
        prices = made.prices()
        for fill in fills_of(played):
            row = int(fill.us - FIRST_US) // BAR_US
            if fill.leg == LEG_ENTRY and fill.price != prices.open[row, int(fill.symbol)]:
                inside += made.rules.slippage == made.rules.volatility_factor == 0
    assert min(left[word] for word in ("stop", "target", "signal", "flatten", "latch")) >= 20
    words = ("order_pending", "max_positions", "size_below_one", "halted", "data_gate:stale")
    assert min(orders[word] for word in words) >= 20
    assert inside >= 20


def test_a_stop_rests_while_a_position_is_open_and_never_moves_against_it() -> None:
    stops: dict[int, tuple[int, float]] = {}
    seen = 0

    def look(book: Book, rules: Rules, close: int) -> None:
        nonlocal seen
        for s in range(SYMBOLS):
            side = 1 if book.quantity[s] > 0 else -1
            if book.quantity[s] == 0 or book.exit_waiting[s]:
                stops.pop(s, None)
                continue
            seen += 1
            entered, stop = int(book.entry_us[s]), float(book.stop[s])
            assert math.isfinite(stop)
            if stops.get(s, (0, 0.0))[0] == entered:
                assert (stop - stops[s][1]) * side >= 0
            stops[s] = entered, stop

    watched(look)
    assert seen > 500


def test_an_order_never_takes_buying_power_below_zero_nor_a_place_that_is_not_there() -> None:
    created = placed = 0

    def look(book: Book, rules: Rules, close: int) -> None:
        nonlocal created, placed
        held, pending = int(book.flags[OPEN_POSITIONS]), int(book.flags[PENDING_ENTRIES])
        assert held == (book.quantity != 0).sum()
        assert pending == (book.pending != 0).sum()
        assert held + pending <= rules.max_positions
        if book.flags[ENTRY_ORDERS] > created and close % BARS:
            placed += 1
            left = rules.leverage * equity(book) - gross_exposure(book) - reserved_cost(book)
            assert left >= -1e-6 * rules.leverage * equity(book)
        created = int(book.flags[ENTRY_ORDERS])

    watched(look)
    assert placed > 300


def test_nothing_rests_from_the_cut_off_on() -> None:
    rested = 0

    def look(book: Book, rules: Rules, close: int) -> None:
        nonlocal rested
        resting = (book.pending != 0) & (book.pending_order != MARKET)
        rested += int(resting.sum())
        if close % BARS >= BARS - CUTOFF:
            assert not resting.any()

    watched(look)
    assert rested > 300


def test_fills_lie_in_their_bar_and_keep_to_their_share_of_its_volume() -> None:
    checked = 0
    for seed in SEEDS:
        made, played = random_play(seed), play(random_play(seed))
        prices, rules = made.prices(), made.rules
        taken: Counter[tuple[int, int, bool]] = Counter()
        for fill in fills_of(played):
            row, s = int(fill.us - FIRST_US) // BAR_US, int(fill.symbol)
            if fill.leg != LEG_ASSUMED_CLOSE:
                taken[row, s, fill.leg == LEG_ENTRY] += abs(int(fill.quantity))
            if rules.slippage == rules.volatility_factor == 0:
                checked += 1
                assert prices.low[row, s] <= fill.price <= prices.high[row, s], seed
        for (row, s, _), quantity in taken.items():
            if rules.max_participation > 0:
                assert quantity <= rules.max_participation * prices.volume[row, s]
    assert checked > 300


def test_a_session_played_bar_by_bar_is_the_backtest_to_the_last_bit() -> None:
    for seed in SEEDS:
        made = random_play(seed)
        # Of a bar before, each keeps what it needs in its own way; this is of what was filled.
        assert play_live(made).as_bytes() == play(made).as_bytes(), seed


def test_compiled_and_interpreted_accounts_are_the_same_to_the_last_bit(engine_cache: Path) -> None:
    compiled = link_compiled(orb, engine.settle_sessions, engine_cache)
    for seed in SEEDS:
        made = random_play(seed)
        assert play(made, compiled).as_bytes() == play(made).as_bytes(), seed
