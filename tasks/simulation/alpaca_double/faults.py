"""What the line to a broker does to a request now and then, drawn with a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault happens, as parts of 1.

    `lost` never arrives, `unanswered` takes effect without an answer, `busy` is 429, `gateway` is
    504 after it took effect, `page` is a page of HTML in the place of JSON. Of the stream:
    `repeated` updates come twice, `muted` ones never.
    """

    lost: float = 0.0
    unanswered: float = 0.0
    busy: float = 0.0
    gateway: float = 0.0
    page: float = 0.0
    repeated: float = 0.0
    muted: float = 0.0


OF_REQUESTS = ("lost", "unanswered", "busy", "gateway", "page")
NAMES = tuple(field.name for field in fields(FaultRates))


def read_rates(text: str) -> FaultRates:
    """Return the rates of a text such as `lost=0.05,busy=0.01`; raises BadInput."""
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = -1.0
        if name not in NAMES or not 0 <= rate <= 1:
            raise BadInput(
                f"--faults {part!r} is no fault with its rate",
                f"Write NAME=RATE with a rate from 0 to 1 and one of {', '.join(NAMES)}",
            )
        found[name] = rate
    return FaultRates(**found)


class Faults:
    """Draws, request by request, what goes wrong with it."""

    def __init__(self, rates: FaultRates, seed: int) -> None:
        self._rates = rates
        self._random = random.Random(seed)

    def of_request(self) -> str:
        """Return the name of the fault of a request, empty where there is none."""
        drawn = self._random.random()
        for name in OF_REQUESTS:
            drawn -= getattr(self._rates, name)
            if drawn < 0:
                return name
        return ""

    def copies_of_update(self) -> int:
        """Return how often an update of the stream is sent."""
        if self._random.random() < self._rates.muted:
            return 0
        return 2 if self._random.random() < self._rates.repeated else 1
