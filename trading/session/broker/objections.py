"""What a broker's words forbid: which symbols are not entered, and which are not sold short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trading.session.broker.facts import BrokerAccount, Instrument
from trading.session.events import EVERY_SYMBOL

# How far our clock may be from the broker's: beyond the first it is told, beyond the second
# nothing is entered, for bars and orders of different times would be taken for one.
TOLD_SECONDS, WRONG_SECONDS = 2.0, 30.0


@dataclass(frozen=True, slots=True)
class BrokerObjections:
    """By symbol why it is not entered, and why not sold short; what else is to be told.

    `every symbol` stands for all. Exits go on whatever is said.
    """

    forbidden: dict[str, str] = field(default_factory=dict)
    unshortable: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def not_entered(symbol: str, why: str) -> str:
    """Return in words that a symbol is not entered, or none is."""
    return f"{'nothing is' if symbol == EVERY_SYMBOL else f'{symbol} is not'} entered: {why}"


def objections_of(
    broker: str,
    account: BrokerAccount,
    instruments: Sequence[Instrument],
    ahead_seconds: float | None,
) -> BrokerObjections:
    """Return what a broker's words forbid.

    `ahead_seconds` is by how much our clock is ahead of the broker's, None where the session's
    time is another, as in a replay.
    """
    forbidden, unshortable = dict[str, str](), dict[str, str]()
    warnings: list[str] = []
    clock = "" if ahead_seconds is None else _clock_words(broker, ahead_seconds)
    if account.blocked:
        forbidden[EVERY_SYMBOL] = account.blocked
    elif ahead_seconds is not None and abs(ahead_seconds) > WRONG_SECONDS:
        forbidden[EVERY_SYMBOL] = clock
    elif ahead_seconds is not None and abs(ahead_seconds) > TOLD_SECONDS:
        warnings.append(clock)
    if not account.may_short:
        unshortable[EVERY_SYMBOL] = f"{broker} lends this account nothing to sell short"
    for said in instruments:
        if said.is_halted:
            forbidden[said.symbol] = f"trading in {said.symbol} is halted"
        elif not said.is_tradable:
            words = f"{broker} does not trade {said.symbol}, or does not know it"
            forbidden[said.symbol] = words
        elif account.may_short and not said.is_shortable:
            unshortable[said.symbol] = f"{broker} lends no {said.symbol} to sell short"
    return BrokerObjections(forbidden, unshortable, tuple(warnings))


def _clock_words(broker: str, ahead: float) -> str:
    where = "ahead of" if ahead > 0 else "behind"
    return (
        f"this machine's clock is {abs(ahead):.0f} s {where} that of {broker}; set it: sudo"
        " timedatectl set-ntp true"
    )
