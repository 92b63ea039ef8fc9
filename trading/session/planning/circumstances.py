"""By what else than book and orders a symbol's orders are planned."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trading.session.broker.facts import SIMULATED, Abilities, abilities_named
from trading.session.orders import Leg
from trading.session.protection.record import END, MOVE
from trading.session.state import SessionState


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the exchange can do, what it holds, and what is not to be asked now.

    `elsewhere` is by symbol what the exchange holds, signed, where the book has another quantity.
    With `newest`, prices by symbol in USD, everything that is to be left is left now, at these
    prices or at the last mark. `cut` are entries whose rest is not waited for. The others are
    symbols: `left_alone` are asked for nothing, of `unmoved` the orders stay where they are, the
    exits of `washed` are forbidden by an entry of ours, `kept` are not left before their next bar
    and are protected until then, and of two more target or stop is not placed again. No more
    than `most_positions` are to be held, worth no more than `leverage` times the equity.
    """

    abilities: Abilities = SIMULATED
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    newest: Mapping[str, float] | None = None
    left_alone: Collection[str] = ()
    cut: Collection[str] = ()
    unmoved: Collection[str] = ()
    washed: Collection[str] = ()
    kept: Collection[str] = ()
    without_target: Collection[str] = ()
    without_stop: Collection[str] = ()
    most_positions: int = sys.maxsize
    leverage: float = math.inf


def circumstances_of(
    state: SessionState, newest: Mapping[str, float] | None = None
) -> Circumstances:
    """Return by what a session's orders are planned as it stands: all of it is in the journal."""
    view, protection = state.view, state.protection
    abilities = abilities_named(view.abilities)
    left_alone = {*view.refused, *view.paused, *protection.unsettled.values()}
    left_alone |= protection.given_up(END)
    if abilities.rests_protection:
        left_alone |= protection.given_up(Leg.EXIT)
    return Circumstances(
        abilities,
        view.elsewhere,
        newest,
        left_alone,
        view.cut,
        unmoved=protection.given_up(MOVE),
        washed=protection.washed,
        kept=protection.kept(),
        without_target=protection.given_up(Leg.TARGET),
        without_stop=protection.given_up(Leg.STOP),
        most_positions=state.plan.risk.max_positions,
        leverage=state.plan.risk.leverage,
    )
