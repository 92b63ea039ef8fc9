"""What an account is called: by its broker, whether it is replayed, and whose bars it has."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from blocks.account_files import LEDGER_FILE
from blocks.process.apart import NoAnswer, answer_of, tell

PAPER, SIMULATED, REPLAY = "paper", "simulated", "replay"
ALPACA_PAPER, ALPACA_LIVE = "alpaca-paper", "alpaca-live"
# The word for a run that is at no broker, whatever the settings say.
MOCK = "mock"
DRY_RUN = "-dry-run"
SHADOW = "-shadow"
# At the live page's address each account has a page of its own below this path.
PAGES = "/accounts"
# Which account is meant where none is named: what is at a broker before what is only here.
MEANT = (ALPACA_LIVE, ALPACA_PAPER, PAPER, SIMULATED)


def account_name(
    data_dir: Path,
    *,
    is_replay: bool,
    has_simulated_bars: bool,
    is_dry_run: bool = False,
    broker: str = "",
    is_shadow: bool = False,
) -> str:
    """Return the account of a run: paper money on real bars is never mixed with simulated ones.

    `broker` is what the broker's account is called, empty for the simulated venue: it is its own
    account, whatever its bars are, and one of a shadow is never that of orders.

    An account of paper money that an earlier version began on simulated bars goes on with them
    under its name. Raises StoreUnavailable when such an account cannot be read.
    """
    if broker:
        return broker + (SHADOW if is_shadow else "")
    ending = DRY_RUN if is_dry_run else ""
    if is_replay:
        return REPLAY + ending
    if not has_simulated_bars:
        return PAPER + ending
    # First what a look at the folder tells: the other may have to open a ledger.
    if is_there(data_dir, SIMULATED + ending) or not begun_on_simulated_bars(
        data_dir, PAPER + ending
    ):
        return SIMULATED + ending
    return PAPER + ending


def may_be_called(account: str) -> bool:
    """Return whether a run may give an account this name."""
    begun = account.removesuffix(DRY_RUN).removesuffix(SHADOW)
    return begun in (*MEANT, REPLAY)


def account_words(account: str, *, has_simulated_bars: bool) -> str:
    """Return an account's name, and whether its bars are of no market or its money is real.

    Wherever an account's money is shown it is called so: play is never to be taken for real.
    """
    kinds = ["SIMULATED bars"] if has_simulated_bars else []
    if account == ALPACA_LIVE:
        kinds.append("REAL MONEY")
    return f"{account} ({', '.join(kinds)})" if kinds else account


def place_of(account: str) -> str:
    """Return the path at the live page's address below which an account is shown.

    Whichever is meant at `/` by then, it is shown there.
    """
    return f"{PAGES}/{quote(account, safe='')}"


def is_there(data_dir: Path, account: str) -> bool:
    """Return whether an account has a ledger in this folder."""
    return (data_dir / account / LEDGER_FILE).exists()


def begun_on_simulated_bars(data_dir: Path, account: str) -> bool:
    """Return whether an account is there and trades on bars of no real market."""
    if not is_there(data_dir, account):
        return False
    if "duckdb" in sys.modules:
        return _has_simulated_bars(str(data_dir), account)
    status = (data_dir / account / LEDGER_FILE).stat()
    return _asked(str(data_dir), account, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _asked(data_dir: str, account: str, stamp: tuple[int, int]) -> bool:
    """Return it of a ledger as it lay there: a supervisor asks every 5 s, and has no DuckDB."""
    try:
        return bool(answer_of(__name__, data_dir, account))
    except NoAnswer:
        return _has_simulated_bars(data_dir, account)


def _has_simulated_bars(data_dir: str, account: str) -> bool:
    from blocks.ledger.ledger import DuckDBLedger

    return DuckDBLedger(Path(data_dir), account).has_simulated_bars()


if __name__ == "__main__":
    tell(_has_simulated_bars)
