"""What a broker says of an account, of instruments and of itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """An account as its broker sees it; amounts in `currency`.

    `blocked` says in words why nothing may be traded, and is empty where it may be. `number` is
    masked to its last four characters.
    """

    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    may_short: bool
    blocked: str = ""
    currency: str = "USD"
    number: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a broker allows of a symbol."""

    symbol: str
    is_tradable: bool
    is_shortable: bool
    is_easy_to_borrow: bool
    is_fractionable: bool
    is_halted: bool = False


@dataclass(frozen=True, slots=True)
class BrokerClock:
    """The broker's time, aware UTC, and whether its market is open."""

    now: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a broker can do: planner and desk read this, and never a broker's name.

    `rests_protection`: it rests an entry's stop and target by itself under OUR ids the moment
    that the entry begins to fill, in the quantity that is filled.
    `bracket`, `oto`, `oco`: it takes as one request an entry with stop and target, an entry with
    one of them, and a stop with a target of which one ends the other.
    `stop_entry`: an entry may rest at a level beyond price; where it may not, it is sent at market
    once a bar has closed beyond it.
    `leg_ids_settable`: legs of one request have client order ids of ours.
    `replaces_in_place`: a replaced order goes on under the broker's id that it had. Where it does
    not, the exchange's adapter hides that behind our id. With both, all orders of ours are known
    there by our ids; else the desk tells the exchange which of its own are whose.
    `counts_open_exits`: exits that together exceed the position are refused.
    `at_once`: requests that may be under way side by side.
    `exit_ends_protection`: an exit ends stop and target of its position as it is accepted.
    """

    rests_protection: bool
    bracket: bool
    oto: bool
    oco: bool
    stop_entry: bool
    leg_ids_settable: bool
    replaces_in_place: bool
    counts_open_exits: bool
    at_once: int
    exit_ends_protection: bool = False


# Of a venue that is a part of this program.
SIMULATED = Abilities(
    rests_protection=True,
    bracket=False,
    oto=False,
    oco=False,
    stop_entry=True,
    leg_ids_settable=True,
    replaces_in_place=True,
    counts_open_exits=False,
    at_once=1,
    exit_ends_protection=True,
)
# Of rows of the journal that say nothing of it.
EARLIER = ("leg_ids_settable", "replaces_in_place", "rests_protection", "stop_entry")


def names_of(abilities: Abilities) -> list[str]:
    """Return what a broker can do as the journal keeps it: `at_once` decides nothing."""
    names = (field.name for field in fields(abilities) if field.name != "at_once")
    return sorted(name for name in names if getattr(abilities, name))


def abilities_named(names: Collection[str]) -> Abilities:
    """Return what a broker can do whose journal keeps these names."""
    return Abilities(
        rests_protection="rests_protection" in names,
        bracket="bracket" in names,
        oto="oto" in names,
        oco="oco" in names,
        stop_entry="stop_entry" in names,
        leg_ids_settable="leg_ids_settable" in names,
        replaces_in_place="replaces_in_place" in names,
        counts_open_exits="counts_open_exits" in names,
        at_once=1,
        exit_ends_protection="exit_ends_protection" in names,
    )
