"""What a run may ask of a broker, told before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading.errors import BadInput

if TYPE_CHECKING:
    from flows.session.request import SessionRequest

# Whose sessions Alpaca keeps.
ALPACA_EXCHANGES = frozenset({"NYSE", "NASDAQ"})


def refuse_unfit_broker(request: SessionRequest) -> None:
    """Raise BadInput where a run and its broker do not go together."""
    broker = request.parts.broker.required()
    if broker.is_mock:
        if request.shadow:
            raise BadInput(
                "--shadow looks over a broker's shoulder, and BROKER_TYPE is mock",
                "Set BROKER_TYPE=alpaca, or use --dry-run",
            )
        return
    if request.dry_run:
        raise BadInput(
            f"--dry-run is of the simulated venue, and BROKER_TYPE is {broker.broker_type}",
            "Use --shadow, which sends the broker nothing",
        )
    if request.exchange not in ALPACA_EXCHANGES:
        raise BadInput(
            f"EXCHANGE is {request.exchange}, and {broker.broker_type} trades US stocks",
            "Set EXCHANGE=NYSE or NASDAQ, or BROKER_TYPE=mock",
        )
    if broker.is_of_this_machine:
        if request.replay is not None and request.speed is None:
            raise BadInput(
                "a replay at once leaves a broker no time to fill its orders",
                "Add --speed, such as --speed 60 for a minute a second",
            )
        return
    if request.replay is not None:
        raise BadInput(
            f"a replay would send orders of {request.replay} to {broker.base_url} now",
            "Set ALPACA_BASE_URL=http://127.0.0.1:PORT of a test double, or BROKER_TYPE=mock",
        )
    if request.parts.has_simulated_bars:
        raise BadInput(
            f"bars of no real market would send orders to {broker.base_url}",
            "Set PRIMARY_PROVIDER=live (or --live), or BROKER_TYPE=mock",
        )
