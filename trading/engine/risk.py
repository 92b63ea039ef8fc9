"""How many shares, and when the day is over or more (rules, sections 5, 6 and 14)."""

from __future__ import annotations

import math

from trading.engine.book import BASELINE, PEAK, Book, gross_exposure, reserved_cost
from trading.rules import Rules

FIXED_RISK = 1
FIXED_SHARES = 2
# Above this a count of shares is no longer exact as a float, and compiled code would wrap.
MOST_SHARES = 9e15


def entry_quantity(
    book: Book, rules: Rules, price: float, risk_per_share: float, worth: float
) -> int:
    """Return whole shares for an entry at a reference price, 0 or less when below one.

    `worth` is the account's equity, `risk_per_share` the positive distance to the stop, USD.
    """
    # The level of a resting entry may be anywhere.
    if not price > 0:
        return 0
    buying_power = rules.leverage * worth - gross_exposure(book) - reserved_cost(book)
    if buying_power < 0:
        buying_power = 0.0
    shares = min(
        wanted_shares(rules, risk_per_share, worth),
        rules.max_position_pct * worth / price,
        buying_power / price,
    )
    if rules.max_shares > 0:
        shares = min(shares, float(rules.max_shares))
    return math.floor(min(shares, MOST_SHARES))


def wanted_shares(rules: Rules, risk_per_share: float, worth: float) -> float:
    """Return how many shares `sizing` asks for, before any limit."""
    if rules.sizing == FIXED_SHARES:
        return float(rules.shares)
    risk = rules.risk_usd if rules.sizing == FIXED_RISK else rules.risk_per_trade * worth
    return risk / risk_per_share


def loses_too_much(book: Book, rules: Rules, worth: float) -> bool:
    """Return whether equity fell to the day's limit; an equity that is not finite trips it."""
    limit = book.money[BASELINE] * (1 - rules.max_daily_loss_pct)
    # Written so that a NaN trips: a limit that NaN switches off is no limit.
    return not (worth > limit and math.isfinite(worth))


def falls_too_far(book: Book, rules: Rules, worth: float) -> bool:
    """Return whether equity fell so far from its peak that the account halts, where it may."""
    limit = (1 - rules.max_drawdown_pct) * book.money[PEAK]
    # Written so that a NaN trips.
    return not worth > limit
