"""Where the live page shows an account, for what Prefect's page shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from blocks.account.status import live_account
from blocks.settings.app_settings import ApiSettings

# Who listens at all addresses is reached at this one.
ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class LivePage:
    """The page that `openbell api` serves of a data folder, by its address with a slash."""

    address: str
    data_dir: Path

    @classmethod
    def of(cls, settings: ApiSettings, data_dir: Path) -> LivePage:
        """Return the page where the settings have it."""
        host = ALL_ADDRESSES.get(settings.api_host, settings.api_host)
        name = f"[{host}]" if ":" in host else host
        return cls(f"http://{name}:{settings.health_check_port}/", data_dir)

    def links(self, account: str, session: date) -> str:
        """Return links to an account and its session, nothing where the page shows another."""
        if live_account(self.data_dir) != account:
            return ""
        day = f"{self.address}sessions/{session}"
        return f"[Live page]({self.address}), [session {session}]({day})"
