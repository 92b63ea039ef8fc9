"""What is said of an account at one moment, a sentence for each thing that matters."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from blocks.live.answers import Age, LiveAnswer, Problem
from blocks.live.held import PositionAnswer
from blocks.records.order import Order
from flows.pages.cells import cell
from trading.counted import counted
from trading.elapsed import elapsed

# Nobody buys for less than a cent, and few prices below a dollar have two digits.
FINE_BELOW_USD = 1
AGE_MARKS = {Age.LATE: "LATE: ", Age.STALE: "STALE: "}


def problem(found: Problem) -> str:
    """Return why nothing can be read, and what to do."""
    return f"{found.what}. {found.hint}".rstrip(". ") + "."


def is_unknown(answer: LiveAnswer) -> bool:
    """Return whether there is an account of which nothing could be read: it may hold anything."""
    return answer.problem is not None and answer.account is not None


def title(answer: LiveAnswer) -> str:
    """Return whose account it is, and of what bars and money."""
    plan, whose = answer.session.plan, answer.account_words or "no account"
    if plan is None:
        return whose
    return f"{whose}, {plan.strategy} on {counted(plan.symbols, 'symbol')}"


def clock(answer: LiveAnswer) -> str:
    """Return what time it is for the account: by the exchange's clock, and in UTC."""
    told = answer.session.clock
    local = told.now.astimezone(ZoneInfo(told.zone))
    replayed = ", the clock of a replay" if told.is_replayed else ""
    there = f"{local:%Y-%m-%d %H:%M:%S} ({told.zone})"
    return f"{there}, {told.now.astimezone(UTC):%H:%M:%S} UTC{replayed}"


def session(answer: LiveAnswer) -> str:
    """Return where in its day the session is, and when its next bar ends."""
    told = answer.session
    if told.next_bar is None:
        return told.sentence
    ends = told.next_bar.astimezone(ZoneInfo(told.clock.zone))
    left = elapsed((told.next_bar - told.clock.now).total_seconds())
    return f"{told.sentence} The next bar ends at {ends:%H:%M}, in {left}."


def last_bar(answer: LiveAnswer) -> str:
    """Return how old the last bar is; what is too old is marked by a word."""
    told = answer.last_bar
    return f"{AGE_MARKS.get(told.age, '')}{told.sentence}"


def equity(answer: LiveAnswer) -> str:
    """Return what the account is worth, and what the session earned."""
    told = answer.equity
    if told.equity is None:
        return "There is no equity yet: the account's first bar brings it."
    said = f"Equity {told.equity:,.2f} USD"
    if told.day_pnl is not None and told.shown is not None:
        part = "" if told.day_pnl_pct is None else f" ({100 * told.day_pnl_pct:+.2f} %)"
        said += f", {cell('pnl', told.day_pnl)} USD{part} in session {told.shown}"
    return f"{said}."


def halt(answer: LiveAnswer) -> str:
    """Return that entries are forbidden, nothing without a halt; health says how they come back."""
    found = answer.halt
    if found is None:
        return ""
    why = f": {found.reason}" if found.reason else ""
    since = f"{found.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"HALTED since {since} by {found.command}{why}."


def health(answer: LiveAnswer) -> list[str]:
    """Return how the account is, and a sentence for each thing that is not well."""
    bad = [each for each in answer.health.components if each.status != "healthy"]
    lines = [f"Health: {answer.health.status}"]
    for each in bad:
        said = f"{each.name}: {each.reason}"
        lines.append(f"{said}. {each.hint}" if each.hint else said)
    return lines


def position(held: PositionAnswer) -> str:
    """Return a position in one line."""
    exits = "".join(
        f", {name} {price(float(level))}"
        for name, level in (("stop", held.stop), ("target", held.target))
        if level is not None
    )
    risk = "" if held.open_r is None else f" ({held.open_r:+.2f} R)"
    return (
        f"{held.symbol}: holds {held.quantity:+,d} from {price(float(held.entry_price))}{exits};"
        f" open {cell('pnl', float(held.unrealized_pnl))} USD{risk}"
    )


def order(sent: Order) -> str:
    """Return an order in one line."""
    verb = "buy" if sent.quantity > 0 else "sell"
    where = "at market" if sent.price is None else f"at {price(float(sent.price))}"
    filled = f", {sent.filled:,} filled" if sent.filled else ""
    shares = f"{abs(sent.quantity):,}"
    return f"{sent.symbol}: {sent.leg} to {verb} {shares} {where} is {sent.status}{filled}"


def price(value: float) -> str:
    """Return a price, USD."""
    return f"{value:,.4f}" if abs(value) < FINE_BELOW_USD else f"{value:,.2f}"


def bar_time(start: datetime, answer: LiveAnswer) -> str:
    """Return a bar's START by the exchange's clock."""
    return f"{start.astimezone(ZoneInfo(answer.session.clock.zone)):%H:%M}"
