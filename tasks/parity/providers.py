"""Who is asked for a session's bars once more, when it is over."""

from __future__ import annotations

from pathlib import Path

from blocks.providers.access import ProviderAccess
from blocks.providers.chain import ProviderChain
from blocks.providers.choose import CHAIN, make_provider
from tasks.parity.check import Providers
from trading.session.ports import Clock


def final_providers(data_dir: Path, access: ProviderAccess, clock: Clock) -> Providers:
    """Return what makes the chain of providers for an exchange's bars of so many minutes."""

    def opened(exchange: str, interval_minutes: int) -> ProviderChain:
        return make_provider(CHAIN, exchange, interval_minutes, clock, data_dir, access)

    return opened
