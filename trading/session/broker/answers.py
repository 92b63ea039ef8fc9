"""What a broker answers to a request, as values: nothing is raised for what it or the line does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trading.errors import OpenbellError


class Refusal(StrEnum):
    """Why a request was refused, as far as it decides what to do next.

    Of these only `retry` may pass by itself within a bar.
    """

    RETRY = "retry"
    PERMANENT = "permanent"
    WASH_TRADE = "wash_trade"
    BUYING_POWER = "buying_power"
    NOT_SHORTABLE = "not_shortable"
    HALTED = "halted"


_WORDS = {
    Refusal.RETRY: "for the moment",
    Refusal.PERMANENT: "",
    Refusal.WASH_TRADE: "an opposite order is open",
    Refusal.BUYING_POWER: "buying power is too small",
    Refusal.NOT_SHORTABLE: "it cannot be sold short",
    Refusal.HALTED: "trading is halted",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request has arrived and is carried out; `their_id` is the broker's id of the order."""

    their_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request had no effect and will have none; `words` are the broker's."""

    refusal: Refusal
    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer came: a request may or may not have taken effect; `words` say what came instead."""

    words: str


Answer = Accepted | Refused | Unknown


class ExchangeUnavailable(OpenbellError):
    """An exchange did not answer what it was asked: it may do so again by itself."""


class NotOffered(ExchangeUnavailable):
    """An exchange answers, and knows nothing of what it was asked."""


class KeysRefused(ExchangeUnavailable):
    """An exchange does not take the keys, which a person has to mend."""


def reason_of(refused: Refused) -> str:
    """Return a refusal as an order's reason in the journal: its class, then the broker's words."""
    return f"{refused.refusal}: {refused.words}"


def refusal_in(reason: str) -> Refusal:
    """Return the class that an order's reason names; one that names none is permanent."""
    word = reason.partition(": ")[0]
    return Refusal(word) if word in set(Refusal) else Refusal.PERMANENT


def is_refused_as(reason: str, refusal: Refusal) -> bool:
    """Return whether an order's reason names a class of refusals."""
    return reason.partition(": ")[0] == refusal


def in_words(reason: str) -> str:
    """Return an order's reason as people read it: without the code of a class, other texts as is.

    >>> in_words("buying_power: insufficient buying power")
    'buying power is too small: insufficient buying power'
    """
    word, colon, words = reason.partition(": ")
    if not colon or word not in set(Refusal):
        return reason
    said = _WORDS[Refusal(word)]
    return f"{said}: {words}" if said and words else said or words
