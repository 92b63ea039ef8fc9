"""How many shares, with how much borrowed, at which charges, and when the account halts."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.trading.engine.hand_played import Bar, Play, play, play_live
from trading.engine.book import BASELINE, CASH, DRAWDOWN, LATCHED, PEAK, new_book
from trading.engine.book_changes import begin_session
from trading.engine.matching import charges_of
from trading.engine.risk import falls_too_far
from trading.entries import STOP, USD, Entry, enter, enter_at
from trading.plan import make_plan

CALM: Bar = (100, 100.5, 99.5, 100)
BUY = enter(is_long=True, stop=98, target=math.nan, target_kind=USD)
SELL = enter(is_long=False, stop=102, target=math.nan, target_kind=USD)
REST = enter_at(STOP, 101, is_long=True, stop=98, target=math.nan, target_kind=USD, lifetime_bars=0)
# Nothing else is in the way of a size.
FREE = {"max_position_pct": 1.0, "risk_per_trade": 0.1}

FIXED_RISK = {"sizing": "fixed_risk", "risk_usd": 100}
FIXED_SHARES = {"sizing": "fixed_shares", "shares": 900}
BORROWED = {"leverage": 4.0, "max_position_pct": 4.0, "risk_per_trade": 1.0}

SIZES: tuple[tuple[str, Entry, dict[str, Any], int], ...] = (
    ("a fraction of equity over the distance", BUY, {"risk_per_trade": 0.01}, 50),
    ("dollars over the distance", BUY, {**FIXED_RISK, "risk_usd": 61}, 30),
    ("dollars whatever risk_per_trade is", BUY, {**FIXED_RISK, "risk_per_trade": 1e-6}, 50),
    ("dollars within the buying power", BUY, {**FIXED_RISK, "risk_usd": 1e6}, 100),
    ("dollars within max_shares", BUY, {**FIXED_RISK, "max_shares": 13}, 13),
    ("fixed shares", BUY, {**FIXED_SHARES, "shares": 7}, 7),
    ("fixed shares whatever risk_per_trade is", BUY, {**FIXED_SHARES, "risk_per_trade": 1e-6}, 100),
    ("fixed shares within a position's limit", BUY, {**FIXED_SHARES, "max_position_pct": 0.2}, 20),
    ("fixed shares within the buying power", BUY, FIXED_SHARES, 100),
    ("fixed shares within max_shares", BUY, {**FIXED_SHARES, "max_shares": 13}, 13),
    ("max_shares", BUY, {"max_shares": 13}, 13),
    ("max_shares above what is wanted", BUY, {"max_shares": 101}, 100),
    ("the distance from a resting entry's level", REST, {"risk_per_trade": 0.01}, 33),
    ("leverage gives buying power", BUY, BORROWED, 400),
    ("leverage does not raise the risk", BUY, {**BORROWED, "risk_per_trade": 0.01}, 50),
    ("leverage does not raise a position's limit", BUY, {**BORROWED, "max_position_pct": 1.5}, 150),
    ("leverage is for shorts too", SELL, BORROWED, 400),
)


@pytest.mark.parametrize(
    ("entry", "settings", "shares"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES]
)
def test_a_size(entry: Entry, settings: dict[str, Any], shares: int) -> None:
    made = play(Play([[[CALM] * 5]], {(0, 0): entry}, settings={**FREE, **settings}))
    assert made.signals.shares[0, 0] == shares


def test_buying_power_is_what_leverage_leaves_beside_positions_and_what_waits() -> None:
    # 2 x 10,000 less 99 x 101 that rests leaves 10,001 USD.
    chosen = {**FREE, "risk_per_trade": 1.0, "leverage": 2.0}
    made = play(Play([[[CALM] * 5] * 2], {(0, 0): REST, (0, 1): BUY}, settings=chosen))
    assert made.signals.shares[0].tolist() == [99, 100]
    third = play(
        Play([[[CALM] * 5] * 3], {(0, 0): REST, (0, 1): BUY, (1, 2): BUY}, settings=chosen)
    )
    assert third.reasons(2)[1] == "size_below_one"


def test_buying_power_that_is_overdrawn_is_none() -> None:
    # A short of 10,000 USD that rose by a tenth is more than the account has.
    says = {(0, 0): SELL, (2, 1): BUY}
    day: list[Bar | None] = [CALM, CALM, *[(101.5, 101.5, 101.5, 101.5)] * 3]
    chosen = {**FREE, "max_daily_loss_pct": 1.0, "risk_per_trade": 1.0}
    made = play(Play([[day, [CALM] * 5]], says, settings=chosen))
    assert made.equity[2] == 10_000 - 150
    assert made.reasons(1)[2] == "size_below_one"
    assert made.signals.shares[2, 1] == 0


def test_at_the_fill_leverage_counts_too() -> None:
    # 400 shares were ordered at 100; 40,000 USD are 266 shares at 150.
    made = play(Play([[[CALM, *[(150, 150, 150, 150)] * 4]]], {(0, 0): BUY}, settings=BORROWED))
    assert made.fills[0] == "1 entry +266 150"


def test_losses_on_borrowed_money_can_exceed_the_account_and_nothing_more_is_bought() -> None:
    chosen = {**BORROWED, "max_daily_loss_pct": 1.0, "max_entries": 9}
    day = [CALM, CALM, (60, 60, 60, 60), *[(60, 60, 60, 60)] * 3]
    says = {(0, 0): BUY, (2, 0): enter(is_long=True, stop=50, target=math.nan, target_kind=USD)}
    made = play(Play([[day], [day]], says, settings=chosen))
    assert made.equity[2] == 10_000 - 40 * 400
    assert len(made.trades) == 1
    assert made.reasons()[2] == "latched"


FEES = {"sec_fee_per_million": 20.6, "taf_per_share": 0.000166}


@pytest.mark.parametrize(
    ("quantity", "price", "settings", "charges"),
    [
        (-1000, 50.0, FEES, 20.6 * 50_000 / 1e6 + 0.166),
        (1000, 50.0, FEES, 0.0),
        (-100_000, 50.0, FEES, 20.6 * 5_000_000 / 1e6 + 8.30),
        (-100_000, 50.0, {**FEES, "taf_maximum": 1.5}, 20.6 * 5_000_000 / 1e6 + 1.5),
        (-100, 50.0, {**FEES, "commission_minimum": 1.0}, 1.0 + 20.6 * 5_000 / 1e6 + 0.0166),
        (100, 50.0, {**FEES, "commission_per_share": 0.005}, 0.5),
        (-100, 50.0, {"sec_fee_per_million": 20.6}, 20.6 * 5_000 / 1e6),
        (-100, 50.0, {}, 0.0),
    ],
)
def test_what_sells_pays_fees_beside_the_commission(
    quantity: int, price: float, settings: dict[str, Any], charges: float
) -> None:
    rules = make_plan(["AAA"], settings).rules()
    assert charges_of(rules, quantity, price) == pytest.approx(charges, abs=1e-12)


@pytest.mark.parametrize(("entry", "paid_at"), [(BUY, 4), (SELL, 1)])
def test_the_side_of_a_trade_that_sells_pays(entry: Entry, paid_at: int) -> None:
    made = play(Play([[[CALM] * 5]], {(0, 0): entry}, settings={"taf_per_share": 0.1}))
    assert [
        (int(us) // 300_000_000 - 1000, fee) for us, *_, fee in made.tape.fills[:2].tolist()
    ] == [(bar, pytest.approx(2.0 if bar == paid_at else 0.0)) for bar in (1, 4)]
    assert made.trades[0].pnl == pytest.approx(-2.0)
    assert made.book.money[CASH] == pytest.approx(9_998.0)


# Twenty shares at 100: 40 USD lost are 0.4 % of the capital.
FALL: list[Bar | None] = [CALM, CALM, (98.5, 98.5, 98.1, 98.1), *[(98.5, 98.5, 98.5, 98.5)] * 3]
HALTS = {"max_drawdown_pct": 0.0038, "max_entries": 9}


def test_a_fall_from_the_peak_halts_for_good() -> None:
    says = {(0, 0): BUY, (8, 0): BUY}
    made = Play([[FALL], [[CALM] * 6]], says, settings=HALTS)
    assert play(made).fills == ["1 entry +20 100", "3 exit -20 98.5"]
    assert play(made).left_by == ["latch"]
    assert play(made).reasons()[:4] == ["enter_long", "position_open", "halted", "halted"]
    assert set(play(made).reasons()[6:]) == {"halted"}
    assert play_live(made).as_bytes() == play(made).as_bytes()


def test_equity_at_the_limit_halts_and_above_it_does_not() -> None:
    # 38 USD of 10,000 are lost at the third close.
    exactly = play(Play([[FALL]], {(0, 0): BUY}, settings=HALTS))
    assert exactly.equity[2] == 9_962
    assert exactly.book.flags[DRAWDOWN] == 1
    wider = play(Play([[FALL]], {(0, 0): BUY}, settings={"max_drawdown_pct": 0.00381}))
    assert (wider.book.flags[DRAWDOWN], wider.left_by) == (0, ["flatten"])


def test_no_fall_halts_when_it_is_off() -> None:
    bare = {(0, 0): enter(is_long=True, stop=1, target=math.nan, target_kind=USD)}
    day = [CALM, CALM, (5, 5, 5, 5), *[(5, 5, 5, 5)] * 3]
    chosen = {**FREE, "max_daily_loss_pct": 1.0, "risk_per_trade": 1.0}
    made = play(Play([[day]], bare, settings=chosen))
    assert made.equity[2] == 500
    assert (made.book.flags[DRAWDOWN], made.left_by) == (0, ["flatten"])


def test_a_halt_cancels_what_rests_and_a_symbol_says_halted() -> None:
    says = {(0, 0): BUY, (0, 1): REST}
    there: list[Bar | None] = [CALM] * 3 + [(100, 102, 100, 101)] * 3
    made = play(Play([[FALL, there]], says, settings=HALTS))
    assert made.reasons(1)[1:3] == ["order_pending", "halted"]
    assert not any(fill.startswith("S1") for fill in made.fills)


def test_when_latch_and_halt_meet_both_hold_and_the_reason_is_halted() -> None:
    chosen = {**HALTS, "max_daily_loss_pct": 0.0038}
    made = play(Play([[FALL]], {(0, 0): BUY}, settings=chosen))
    assert made.book.flags[[LATCHED, DRAWDOWN]].tolist() == [1, 1]
    assert made.reasons()[2:] == ["halted"] * 4


def test_the_peak_is_of_session_ends_and_never_of_a_bar() -> None:
    # The first session is up by 200 USD in its middle and ends where it began.
    up = [CALM, CALM, (110, 110, 110, 110), CALM, CALM, CALM]
    made = play(Play([[up]], {(0, 0): BUY}, settings={"max_drawdown_pct": 0.005}))
    assert made.equity[2] == 10_200
    assert made.book.flags[DRAWDOWN] == 0


def test_the_peak_of_an_earlier_session_counts_and_the_capital_before_there_is_one() -> None:
    up: list[Bar | None] = [CALM, CALM, *[(110, 110, 110, 110)] * 3]
    says = {(0, 0): BUY, (5, 0): BUY}
    # After 10,200 a loss of 56 USD is 0.55 % of the peak, and 0.56 % less than 10,000 is far.
    down: list[Bar | None] = [CALM, CALM, (98.5, 98.5, 98.1, 98.1), *[(98.1, 98.1, 98.1, 98.1)] * 3]
    chosen = {"max_drawdown_pct": 0.0037, "risk_per_trade": 0.01}
    made = play(Play([[up], [down]], says, settings=chosen))
    assert made.equity[4] == 10_200
    assert made.equity[7] == 10_200 - 38
    assert made.book.money[[BASELINE, PEAK]].tolist() == [10_200, 10_200]
    assert made.book.flags[DRAWDOWN] == 1


def test_a_session_that_ends_lower_leaves_the_peak() -> None:
    book = new_book(1, 10_000.0)
    for cash, peak in ((10_000, 10_000), (9_000, 10_000), (11_000, 11_000), (10_500, 11_000)):
        book.money[CASH] = cash
        begin_session(book)
        assert (book.money[BASELINE], book.money[PEAK]) == (cash, peak)


def test_an_equity_that_is_no_number_halts() -> None:
    rules = make_plan(["AAA"], {"max_drawdown_pct": 0.1}).rules()
    assert falls_too_far(new_book(1, 10_000.0), rules, math.nan)
