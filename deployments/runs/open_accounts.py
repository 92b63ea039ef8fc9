"""Which accounts have a session open that nobody trades: by their files, whatever Prefect says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from blocks.account_files import LEDGER_FILE, LEDGERS
from blocks.ledger.lease import is_held
from blocks.ledger.open_session import OpenSession, find_open_session_apart
from trading.errors import OpenbellError

_Stamp = tuple[int, int] | None


class Standing(Enum):
    """How an account is: HELD by a process, RESTING as an operator wants, LOST, or none of it."""

    HELD = auto()
    RESTING = auto()
    LOST = auto()
    IDLE = auto()


class OpenAccounts:
    """Looks at the accounts of a data folder that trade in real time.

    A ledger is opened only while nobody holds its account, and only when it has changed.
    """

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._say = say
        self._known: dict[str, tuple[tuple[_Stamp, _Stamp], OpenSession | None]] = {}
        self._said: dict[str, type[OpenbellError]] = {}
        # As it was at the last look.
        self._held: list[Path] = []

    def look(self, now: datetime) -> dict[str, Standing]:
        """Return how each account is at an aware UTC time; one that cannot be read is left out."""
        found = {}
        self._held = []
        for folder in self._folders():
            try:
                found[folder.name] = self._standing(folder, now)
            except OpenbellError as error:
                # Locked, damaged or of a newer version: the other accounts are looked at all the
                # same.
                if self._said.get(folder.name) is not type(error):
                    self._said[folder.name] = type(error)
                    self._say(f"Account {folder.name} is not looked after: {error}")
            else:
                self._said.pop(folder.name, None)
            if found.get(folder.name) is Standing.HELD:
                self._held.append(folder)
        return found

    def have_lost_a_holder(self) -> bool:
        """Return whether an account is held no more that was held at the last look."""
        try:
            return not all(is_held(folder) for folder in self._held)
        except OpenbellError:
            # The next look says why it cannot be asked.
            return False

    def _folders(self) -> Iterator[Path]:
        for ledger in sorted(self._data_dir.glob(LEDGERS)):
            if not ledger.parent.name.startswith("replay"):
                yield ledger.parent

    def _standing(self, folder: Path, now: datetime) -> Standing:
        if is_held(folder):
            return Standing.HELD
        session = self._open_session(folder / LEDGER_FILE)
        if session is None or session.closes <= now:
            return Standing.IDLE
        return Standing.RESTING if session.is_stopped else Standing.LOST

    def _open_session(self, ledger: Path) -> OpenSession | None:
        stamps = _stamp(ledger), _stamp(ledger.with_name(f"{LEDGER_FILE}.wal"))
        known = self._known.get(ledger.parent.name)
        if known is None or known[0] != stamps:
            # Apart: DuckDB takes more memory than all else of a supervisor.
            known = stamps, find_open_session_apart(ledger)
            self._known[ledger.parent.name] = known
        return known[1]


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
