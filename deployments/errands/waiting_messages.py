"""What a session left in its outbox is sent when it has ended, not by tomorrow's session."""

from __future__ import annotations

from blocks.account_files import LEDGERS
from blocks.ledger.lease import is_held
from deployments.errands.errand import Errand
from deployments.processes.home import Home
from trading.errors import OpenbellError

LOOK_EVERY_S = 5.0
# The server and the worker have the machine first.
FIRST_LOOK_S = 30.0
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 600.0
_Stamp = tuple[int, int]


class WaitingMessages:
    """Starts `deliver` for accounts that nobody trades and whose ledger changed since.

    No ledger is opened here: DuckDB takes more memory than all else of a supervisor. Whether
    anything waits the child finds out; where it does still, it is started again ever later.
    """

    def __init__(self, home: Home, errand: Errand, now: float) -> None:
        self._home = home
        self._errand = errand
        self._next_look = now + FIRST_LOOK_S
        self._failures = 0
        # By account: the ledger as it was when nothing waited in it any more.
        self._settled: dict[str, _Stamp] = {}

    def tend(self, now: float) -> None:
        """Look at the accounts, and at the child; `now` is monotonic."""
        if self._errand.is_running:
            code = self._errand.take_exit_code()
            if code is None:
                return
            if code == 0:
                self._failures = 0
                # What was written meanwhile changes the ledger again, or is of a session.
                self._settled |= self._free_ledgers()
                return
            wait_s: float = min(FIRST_WAIT_S * 2.0**self._failures, LONGEST_WAIT_S)
            self._failures += 1
            self._next_look = now + wait_s
            return
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_S
        free = self._free_ledgers()
        # Who trades an account now leaves something else behind.
        self._settled = {name: stamp for name, stamp in self._settled.items() if name in free}
        if any(self._settled.get(name) != stamp for name, stamp in free.items()):
            self._errand.start()

    def _free_ledgers(self) -> dict[str, _Stamp]:
        found = {}
        for ledger in self._home.data_dir.glob(LEDGERS):
            try:
                if is_held(ledger.parent):
                    continue
                status = ledger.stat()
            except (OpenbellError, OSError):
                # It is looked at again; whoever looks after the account says what is wrong.
                continue
            found[ledger.parent.name] = status.st_mtime_ns, status.st_size
        return found
