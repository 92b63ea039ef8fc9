"""The accounts of a data folder: what each is called, and where its own page is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from blocks.account.absence import gone_accounts
from blocks.account.names import MEANT, account_words, is_there, place_of
from blocks.account.status import accounts_in
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.answers import OtherAccount
from trading.errors import OpenbellError

# A ledger that is traded changes with each bar: whose bars it has is asked once in a while.
FRESH_SECONDS = 30.0
# It is another account's page that asks: its session is not kept waiting for the answer.
WAIT_SECONDS = 0.1


@dataclass
class AccountList:
    """Knows the accounts of a folder; `clock` counts seconds."""

    data_dir: Path
    clock: Callable[[], float] = time.monotonic
    _words: dict[str, tuple[float, str]] = field(default_factory=dict)

    def others(self, account: str | None) -> list[OtherAccount]:
        """Return all accounts but one: what is at a broker first, then by name.

        One whose ledger is gone is among them: its own page tells of the loss.
        """
        names = {*accounts_in(self.data_dir), *gone_accounts(self.data_dir)}
        return [
            OtherAccount(name=name, words=self._words_of(name), address=f"{place_of(name)}/")
            for name in sorted(names, key=_rank)
            if name != account
        ]

    def _words_of(self, name: str) -> str:
        read_at, words = self._words.get(
            name, (float("-inf"), account_words(name, has_simulated_bars=False))
        )
        now = self.clock()
        if now - read_at < FRESH_SECONDS or not is_there(self.data_dir, name):
            return words
        try:
            ledger = DuckDBLedger(self.data_dir, name, wait_seconds=WAIT_SECONDS)
            words = account_words(name, has_simulated_bars=ledger.has_simulated_bars())
        except OpenbellError:
            # Its own page says why it cannot be read. Until then it is called as it was.
            pass
        self._words[name] = (now, words)
        return words


def _rank(name: str) -> tuple[int, str]:
    return (MEANT.index(name) if name in MEANT else len(MEANT), name)
