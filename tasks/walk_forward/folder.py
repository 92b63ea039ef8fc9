"""The files of a walk-forward test in its folder."""

from __future__ import annotations

from tasks.sweep.folder import FolderKind
from tasks.walk_forward.choices import FOLDER, SUFFIX

RECORD = "walk_forward.json"
WINDOWS = "windows.parquet"
TRADES = "trades.parquet"
EQUITY = "equity.parquet"
PAGE = "walk_forward.html"
OF_WALK = FolderKind("walk-forward test", FOLDER, SUFFIX, RECORD)
