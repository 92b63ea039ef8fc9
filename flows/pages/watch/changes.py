"""What changed of an account, a line for each thing: for logs and pipes, which have no screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from blocks.live.answers import Age, LiveAnswer
from flows.pages.text_table import plain
from flows.pages.watch import sentences
from flows.pages.watch.screen import Moment
from trading.counted import counted

Facts = Mapping[str, str]


def facts_of(moment: Moment) -> Facts:
    """Return what may change, each in a sentence of which nothing changes by itself."""
    answer = moment.answer
    facts = {
        "account": sentences.title(answer),
        "session": answer.session.sentence,
        "age": "" if sentences.is_unknown(answer) else _age(answer),
        "equity": "" if sentences.is_unknown(answer) else _bar(answer),
        "health": " ".join(sentences.health(answer)[:1]),
        "halt": _halt(answer),
        "clock": answer.session.clock.warning,
    }
    if moment.problem is not None:
        facts["problem"] = sentences.problem(moment.problem)
    for each in answer.health.components:
        if each.status != "healthy":
            # A reason may count seconds: that something is not well is told once.
            facts[f"health of {each.name}"] = f"{each.name} is {each.status}"
    facts |= {
        f"position {each.symbol}": _position(each.quantity, each.symbol)
        for each in answer.positions
    }
    facts |= {f"order {each.client_order_id}": sentences.order(each) for each in answer.orders}
    return {name: plain(text) for name, text in facts.items() if text}


def changed_lines(before: Facts, now: Facts, moment: Moment) -> list[str]:
    """Return a line for what is new or other than before, and for what is over."""
    stamp = f"{moment.answer.session.clock.machine.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    lines = [f"{stamp} {text}" for name, text in now.items() if before.get(name) != text]
    gone = [name for name in before if name not in now and not name.startswith("order ")]
    return lines + [f"{stamp} {_over(name)}" for name in gone]


def _over(name: str) -> str:
    if name == "problem":
        return "can be read again"
    if name == "halt":
        return "resumed: entries are allowed again"
    if name.startswith("position "):
        return f"{name.removeprefix('position ')}: holds nothing any more"
    return f"{name} is well again" if name.startswith("health") else f"{name}: no more to say"


def _halt(answer: LiveAnswer) -> str:
    said = sentences.halt(answer)
    hints = [each.hint for each in answer.health.components if each.name == "trading"]
    return " ".join([said, *hints]) if said else ""


def _age(answer: LiveAnswer) -> str:
    if answer.last_bar.age is Age.LATE:
        return "LATE: the next bar is overdue"
    if answer.last_bar.age is Age.STALE:
        return "STALE: no bar has come for long; what is shown is not what the market does now"
    return "the bars come as they are due" if answer.last_bar.age is Age.FRESH else ""


def _bar(answer: LiveAnswer) -> str:
    newest = answer.newest_bar
    begun = "" if newest is None else f"bar {sentences.bar_time(newest.start, answer)}: "
    positions = counted(len(answer.positions), "position", none="no")
    return f"{begun}{sentences.equity(answer)} It holds {positions}."


def _position(quantity: int, symbol: str) -> str:
    return f"{symbol}: holds {quantity:+,d}"
