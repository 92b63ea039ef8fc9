"""Where the live page shows an account, for what Prefect's page shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

from blocks.account.names import place_of
from blocks.results.served import BACKTESTS, KINDS
from blocks.settings.api import ApiSettings

# A result lies in the folder of its kind, under its name.
MOST_GENERAL = 2
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

    @property
    def all_results(self) -> str:
        """Return the address of the page that lists what was kept."""
        return f"{self.address}{BACKTESTS}/"

    def of_results(self, folder: Path, page: str | None = None) -> str:
        """Return the address of a result's folder, or of a page in it, for a browser.

        What does not lie among the results of the data folder is a file of this machine.
        """
        path = folder if page is None else folder / page
        try:
            kept = path.resolve().relative_to(self.data_dir.resolve())
        except ValueError:
            kept = Path()
        if len(kept.parts) < MOST_GENERAL or kept.parts[0] not in KINDS:
            return path.resolve().as_uri()
        return f"{self.address}{quote(kept.as_posix())}{'/' if page is None else ''}"

    def openings(self, folder: Path, page: str | None = None) -> list[str]:
        """Return in words where a result is opened: where the API serves it, and as a file."""
        served = self.of_results(folder, page)
        file = (folder if page is None else folder / page).resolve().as_uri()
        if served == file:
            return [f"open {file}"]
        return [f"open {served} while openbell up or openbell api runs", f"or open {file}"]

    def links(self, account: str, session: date) -> str:
        """Return links to an account and its session, whichever account is meant by then."""
        page = f"{self.address.rstrip('/')}{place_of(account)}/"
        return f"[Live page]({page}), [session {session}]({page}sessions/{session})"
