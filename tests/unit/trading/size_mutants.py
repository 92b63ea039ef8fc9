"""Mutants of sizes, leverage, fees and the drawdown halt (rules, section 14)."""

from __future__ import annotations

from tests.unit.trading.mutants import Mutant

SIZES: tuple[Mutant, ...] = (
    Mutant(
        "a fixed number of shares heeds no limit",
        "engine.risk",
        "entry_quantity",
        "wanted_shares(rules, risk_per_share, worth)",
        "wanted_shares(rules, risk_per_share, worth) if rules.sizing != FIXED_SHARES else math.inf",
        "a fixed number of shares is bought whatever the risk",
    ),
    Mutant(
        "leverage multiplies what is held",
        "engine.risk",
        "entry_quantity",
        "rules.leverage * worth - gross_exposure(book) - reserved_cost(book)",
        "rules.leverage * (worth - gross_exposure(book) - reserved_cost(book))",
        "what is held is subtracted from the buying power, and what is reserved",
    ),
    Mutant(
        "at the fill leverage multiplies what is held",
        "engine.matching",
        "fill_entry",
        "rules.leverage * equity(book) - gross_exposure(book)",
        "rules.leverage * (equity(book) - gross_exposure(book))",
        "at the fill what is held is subtracted",
    ),
    Mutant(
        "a short's entry pays no fees",
        "engine.matching",
        "fill_entry",
        "charges_of(rules, side * quantity, price)",
        "charges_of(rules, quantity, price)",
        "a short pays the fees of a sale when it enters",
    ),
    Mutant(
        "the fee of a million is one of a share",
        "engine.matching",
        "fees_of",
        "rules.sec_fee_per_million * (quantity * price) / 1_000_000",
        "rules.sec_fee_per_million * quantity / 1_000_000",
        "a long pays the fees of a sale when it leaves",
    ),
    Mutant(
        "fees take the place of the commission",
        "engine.matching",
        "charges_of",
        "charges += fees_of(rules, -quantity, price)",
        "charges = fees_of(rules, -quantity, price)",
        "fees come on top of the commission",
    ),
    Mutant(
        "a drawdown halts nobody",
        "engine.settle",
        "settle_bar",
        "rules.max_drawdown_pct > 0 and falls_too_far(book, rules, worth)",
        "False",
        "a drawdown from the capital halts the account and leaves every position",
    ),
    Mutant(
        "a drawdown of its limit is none",
        "engine.risk",
        "falls_too_far",
        "not worth > limit",
        "worth < limit",
        "a drawdown from the capital halts the account and leaves every position",
    ),
    Mutant(
        "a halt is called a latch",
        "engine.decide",
        "decide",
        "book.flags[DRAWDOWN] != 0",
        "False",
        "when latch and halt meet at one bar both hold, and the reason is halted",
    ),
    Mutant(
        "where the latch holds nothing halts",
        "engine.settle",
        "settle_bar",
        "rules.max_drawdown_pct > 0 and falls_too_far(book, rules, worth)",
        "rules.max_drawdown_pct > 0 and book.flags[LATCHED] == 0 and "
        "falls_too_far(book, rules, worth)",
        "when latch and halt meet at one bar both hold, and the reason is halted",
    ),
)
