"""How many shares, and when the day is over (rules, sections 5 and 6)."""

from __future__ import annotations

import math

from trading.engine.book import BASELINE, Book, gross_exposure, reserved_cost
from trading.parameters import Rules

# Above this a count of shares is no longer exact as a float, and compiled code would wrap.
MOST_SHARES = 9e15


def entry_quantity(
    book: Book, rules: Rules, price: float, risk_per_share: float, worth: float
) -> int:
    """Return whole shares for an entry at a reference price, 0 or less when below one.

    `worth` is the account's equity, `risk_per_share` the positive distance to the stop, USD.
    """
    buying_power = worth - gross_exposure(book) - reserved_cost(book)
    if buying_power < 0:
        buying_power = 0.0
    shares = min(
        rules.risk_per_trade * worth / risk_per_share,
        rules.max_position_pct * worth / price,
        buying_power / price,
    )
    return math.floor(min(shares, MOST_SHARES))


def loses_too_much(book: Book, rules: Rules, worth: float) -> bool:
    """Return whether equity fell to the day's limit; an equity that is not finite trips it."""
    limit = book.money[BASELINE] * (1 - rules.max_daily_loss_pct)
    # Written so that a NaN trips: a limit that NaN switches off is no limit.
    return not (worth > limit and math.isfinite(worth))
