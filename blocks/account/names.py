"""What an account is called: by whether its sessions are replayed, and whose bars they have."""

from __future__ import annotations

from pathlib import Path

PAPER, SIMULATED, REPLAY = "paper", "simulated", "replay"
DRY_RUN = "-dry-run"


def account_name(
    data_dir: Path, *, is_replay: bool, has_simulated_bars: bool, is_dry_run: bool = False
) -> str:
    """Return the account of a run: paper money on real bars is never mixed with simulated ones.

    An account of paper money that an earlier version began on simulated bars goes on with them
    under its name. Raises StoreUnavailable when such an account cannot be read.
    """
    ending = DRY_RUN if is_dry_run else ""
    if is_replay:
        return REPLAY + ending
    if not has_simulated_bars:
        return PAPER + ending
    if begun_on_simulated_bars(data_dir, PAPER + ending) and not is_there(
        data_dir, SIMULATED + ending
    ):
        return PAPER + ending
    return SIMULATED + ending


def is_there(data_dir: Path, account: str) -> bool:
    """Return whether an account has a ledger in this folder."""
    return (data_dir / account / "ledger.duckdb").exists()


def begun_on_simulated_bars(data_dir: Path, account: str) -> bool:
    """Return whether an account is there and trades on bars of no real market."""
    if not is_there(data_dir, account):
        return False
    # Imported here: a supervisor that has nothing to look at does without DuckDB.
    from blocks.ledger.ledger import DuckDBLedger

    return DuckDBLedger(data_dir, account).has_simulated_bars()
