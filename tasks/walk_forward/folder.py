"""The folder of one walk-forward test: the names of its files, and that it holds nothing else."""

from __future__ import annotations

from pathlib import Path

from blocks.results.folder import check_folder
from tasks.walk_forward.choices import FOLDER
from trading.errors import BadInput

RECORD = "walk_forward.json"
WINDOWS = "windows.parquet"
TRADES = "trades.parquet"
EQUITY = "equity.parquet"
PAGE = "walk_forward.html"
_MOST_NAMED = 5


def check_walk_folder(out: Path) -> None:
    """Raise BadInput for a folder that cannot be written to or holds results of something else.

    An earlier walk gives way, and one that was broken off is gone on with.
    """
    check_folder(out)
    if not out.exists() or (out / RECORD).exists() or (out / FOLDER).is_dir():
        return
    others = sorted(each.name for each in out.iterdir())
    if others:
        raise BadInput(
            f"{out} holds something else: {', '.join(others[:_MOST_NAMED])}",
            "Give another folder to --out",
        )
